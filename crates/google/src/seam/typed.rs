//! `intendant google`: what is typed.

use std::io::{self, BufRead as _, Write as _};

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use module::exit::{Exit, misuse};
use module::terminal::text;
use module::{Desk, Ended};
use tokio::net::TcpListener;

use super::config::Google;
use super::settings::{client, client_secret, subject};
use crate::token::{Flow, TokenFile};
use crate::trouble::Trouble;

/// What can be typed after `intendant google`.
#[derive(Debug, Subcommand)]
pub(super) enum Line {
    /// Let an administrator grant access to the installed application
    Login(Login),
}

/// Where the browser is.
#[derive(Args, Debug)]
pub(super) struct Login {
    /// The browser is on another machine: paste the address at which it ends
    #[arg(long)]
    paste: bool,
    /// The port at which this machine waits for the browser; any free one without it
    #[arg(long, default_value_t = 0)]
    port: u16,
}

pub(super) fn run(line: Line, desk: &dyn Desk) -> Ended<'_> {
    Box::pin(async move {
        match line {
            Line::Login(login) => sign_in(login, desk).await,
        }
    })
}

async fn sign_in(login: Login, desk: &dyn Desk) -> Result<Exit> {
    let own: Google = desk.sections()?.get();
    let secret = client_secret(&own, desk.environment())?.ok_or_else(|| {
        misuse(anyhow!(
            "google.client_secret is missing: a service account (google.service_account) needs no sign-in"
        ))
    })?;
    let (subject, client, screen) = (subject(&own)?, client(&own)?, desk.screen());
    let listener = TcpListener::bind(("127.0.0.1", login.port)).await?;
    let port = listener.local_addr()?.port();
    let flow = Flow::begin(secret, port).map_err(|error| anyhow!("there is no randomness: {error}"))?;
    screen.line(format!("Open this address in a browser, signed in as {subject}:"))?;
    screen.line("")?;
    screen.line(flow.url(&subject))?;
    screen.line("")?;
    let pasted = if login.paste {
        drop(listener);
        screen.line(
            "The browser ends at a page of 127.0.0.1 that cannot be shown. Paste that page's address here:",
        )?;
        io::stdout().flush()?;
        let mut address = String::new();
        io::stdin().lock().read_line(&mut address)?;
        flow.read(&address)
    } else {
        flow.wait(&listener).await
    };
    let pasted = pasted.map_err(|why| anyhow!(why))?;
    let stored = flow.finish(pasted, &client, desk.clock()).await.map_err(|trouble| match trouble {
        Trouble::Credentials(credentials) => anyhow!(credentials.why),
        Trouble::Unsent(why) | Trouble::Lost(why) => anyhow!(why),
        other => anyhow!("{other:?}"),
    })?;
    if !stored.covers(crate::token::SCOPE) {
        return Err(anyhow!(
            "the scope {} was not granted: sign in once more, and leave it ticked",
            crate::token::SCOPE
        ));
    }
    let file = TokenFile::new(own.tokens.clone());
    file.put(&subject, &stored).map_err(|why| anyhow!(why))?;
    screen.line(text::one_line(&format!("Access is granted, and kept in {}", file.path().display())))?;
    Ok(Exit::Done)
}
