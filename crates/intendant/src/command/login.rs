//! `intendant login`, `logout` and `openapi`.

use std::io::Write as _;

use anyhow::{Context as _, Result};
use api::Client;
use model::Secret;
use module::terminal::ask_secret;

use crate::cli::Login;
use crate::context::Context;
use crate::document;
use crate::exit::{Exit, misuse};
use crate::render::Mark;

/// Saves URL and token of a hub, once it has answered.
pub async fn login(args: &Login, context: &Context) -> Result<Exit> {
    let words =
        "Paste the token (made with `intendant token make` or in the console), then Enter (it is not shown):";
    let line = match ask_secret(&context.screen, words)? {
        Some(typed) => typed,
        None => document::lines().next().transpose().context("reading the token")?.unwrap_or_default(),
    };
    let token = Secret::new(line.trim().to_owned());
    if token.expose().is_empty() {
        return Err(misuse(anyhow::anyhow!("no token came on standard input")));
    }
    let me = Client::remote(&args.url, token.expose()).map_err(misuse)?.me().await?;
    context.profile().save(&args.url, token.expose())?;
    let said = format!("commands talk to {} now, as {} ({})", args.url, me.actor, me.scopes.join(", "));
    context.screen.marked(Mark::Good, said)?;
    Ok(Exit::Done)
}

/// Forgets what was saved.
pub fn logout(context: &Context) -> Result<Exit> {
    let said = if context.profile().forget()? {
        "commands talk to the hub of this machine again"
    } else {
        "nothing was saved"
    };
    context.screen.marked(Mark::Good, said)?;
    Ok(Exit::Done)
}

/// Prints the description of the API.
pub fn openapi(context: &Context) -> Result<Exit> {
    let mut out = context.screen.piped();
    out.write_all(context.modules.openapi().as_bytes())?;
    out.flush()?;
    Ok(Exit::Done)
}
