//! `intendant google`: what is typed.

use std::io::{self, BufRead as _, Write as _};

use anyhow::{Result, anyhow};
use api::client::Submission;
use clap::{Args, Subcommand};
use model::JobState;
use module::exit::{Exit, misuse};
use module::terminal::text;
use module::{Desk, Ended};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::compare::{self, Diff};
use super::config::Google;
use super::settings::{client, client_secret, store, subject};
use crate::request::{ALIASES, LINK, UNLINK};
use crate::token::Flow;
use crate::trouble::Trouble;

/// What can be typed after `intendant google`.
#[derive(Debug, Subcommand)]
pub(super) enum Line {
    /// Let an administrator grant access to the installed application
    Login(Login),
    /// Give an account exactly these aliases
    Aliases(Aliases),
    /// Have GrAM forget the Google account of somebody; the account itself stays
    Unlink(Unlink),
    /// Tell GrAM which Google account somebody has
    Link(Link),
    /// Compare GrAM with Google; nothing is changed
    Diff(Diff),
}

/// `intendant google aliases`.
#[derive(Args, Debug)]
pub(super) struct Aliases {
    /// The account in GrAM
    #[arg(value_name = "UUID")]
    uuid: String,
    /// The aliases, with commas between or one by one; an empty text takes all away
    #[arg(long, value_name = "ADDRESSES", required = true, value_delimiter = ',')]
    set: Vec<String>,
    #[command(flatten)]
    agreed: Agreed,
}

/// `intendant google unlink`.
#[derive(Args, Debug)]
pub(super) struct Unlink {
    /// The account in GrAM
    #[arg(value_name = "UUID")]
    uuid: String,
    #[command(flatten)]
    agreed: Agreed,
}

/// `intendant google link`.
#[derive(Args, Debug)]
pub(super) struct Link {
    /// The account in GrAM
    #[arg(value_name = "UUID")]
    uuid: String,
    /// The number of the account at Google
    #[arg(value_name = "GOOGLE_ID")]
    google_id: String,
    #[command(flatten)]
    agreed: Agreed,
}

/// What all that changes accounts by hand have in common.
#[derive(Args, Debug)]
struct Agreed {
    /// Do it without asking
    #[arg(long)]
    yes: bool,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// Show the result as JSON
    #[arg(long)]
    json: bool,
}

/// How long the command waits for the job that it hands in, in seconds.
const WAIT: u32 = 600;

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
            Line::Aliases(Aliases { uuid, set, agreed }) => {
                let set: Vec<String> = set.into_iter().filter(|alias| !alias.trim().is_empty()).collect();
                let payload = json!({ "gram_account_uuid": uuid, "aliases": set });
                by_hand(ALIASES, &uuid, payload, agreed, desk).await
            }
            Line::Diff(diff) => compare::run(diff, desk).await,
            Line::Unlink(Unlink { uuid, agreed }) => {
                by_hand(UNLINK, &uuid, json!({ "gram_account_uuid": uuid }), agreed, desk).await
            }
            Line::Link(Link { uuid, google_id, agreed }) => {
                let payload = json!({ "gram_account_uuid": uuid, "google_id": google_id });
                by_hand(LINK, &uuid, payload, agreed, desk).await
            }
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
    let store = store(&own, desk.environment())?;
    store.put(&subject, &stored).await.map_err(|why| anyhow!(why))?;
    screen.line(text::one_line(&format!("Access is granted, and kept in {}", store.place())))?;
    Ok(Exit::Done)
}

/// Hands it in as a job of its own, in the account's order and with the rights of whoever asks, once somebody has typed whose
/// account it is.
async fn by_hand(action: &str, uuid: &str, payload: Value, agreed: Agreed, desk: &dyn Desk) -> Result<Exit> {
    let screen = desk.screen();
    if !agreed.yes && !agreed.dry_run {
        screen.line(format!("{action} {payload}"))?;
        screen.line("Type the UUID of the account to go on:")?;
        io::stdout().flush()?;
        let mut typed = String::new();
        io::stdin().lock().read_line(&mut typed)?;
        if !typed.trim().eq_ignore_ascii_case(uuid) {
            return Err(misuse(anyhow!("this is not the UUID: nothing was done")));
        }
    }
    let document = json!({ "action": action, "payload": payload, "dry_run": agreed.dry_run });
    let submission = Submission { wait: Some(WAIT), ..Submission::default() };
    let submitted = desk.client()?.submit(document.to_string(), &submission).await?;
    if agreed.json {
        screen.json(&submitted)?;
    } else {
        let job = submitted.job.map(|job| job.to_string()).unwrap_or_default();
        let state = submitted.state.map_or("accepted", |state| state.as_str());
        screen.line(text::one_line(&format!("job {job}: {state}")))?;
        if let Some(result) = &submitted.result {
            screen.pretty(result)?;
        }
    }
    Ok(Exit::of(submitted.state == Some(JobState::Succeeded)))
}
