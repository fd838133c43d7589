//! `intendant identities password`.

use anyhow::Result;
use model::JobState;
use module::exit::{Exit, misuse};
use module::terminal::{Mark, ask_secret};
use module::{Desk, document};

use super::super::typed::Password;
use crate::api::NewPassword;
use crate::client;

/// Resets or changes a password, and says how that went.
pub(super) async fn run(args: &Password, desk: &dyn Desk) -> Result<Exit> {
    let new = match asked(args, desk)? {
        Some(new) => new,
        None => read(args)?,
    };
    let set = client::password(&desk.client()?, &args.id, &new).await?;
    let screen = desk.screen();
    if args.json {
        screen.json(&set)?;
    } else if set.state == JobState::Succeeded {
        screen.marked(Mark::Good, "the password is set")?;
    } else {
        screen.fail(format!(
            "job {} is {}{}",
            set.job,
            set.state.as_str(),
            set.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default()
        ));
    }
    Ok(Exit::of(set.state == JobState::Succeeded))
}

/// Asks a person, twice for what nobody sees; `None` = there is no terminal.
fn asked(args: &Password, desk: &dyn Desk) -> Result<Option<NewPassword>> {
    let ask = |words: &str| -> Result<Option<String>> {
        match ask_secret(desk.screen(), words)? {
            Some(typed) if typed.is_empty() => Err(misuse("nothing was typed: nothing was changed")),
            typed => Ok(typed),
        }
    };
    let old_password = if args.change { ask("old password (not shown):")? } else { None };
    let Some(new_password) = ask("new password (not shown):")? else { return Ok(None) };
    if ask("the new password once more:")?.as_ref() != Some(&new_password) {
        return Err(misuse("the two passwords are not the same: nothing was changed"));
    }
    Ok(Some(NewPassword { new_password, old_password }))
}

/// Reads them from standard input, one on each line.
fn read(args: &Password) -> Result<NewPassword> {
    let mut lines = document::lines();
    let mut line = |what: &str| -> Result<String> {
        let line = lines.next().transpose()?.filter(|line| !line.is_empty());
        line.ok_or_else(|| {
            misuse(format!("standard input has no {what} password: write it on a line of its own"))
        })
    };
    let old_password = if args.change { Some(line("old")?) } else { None };
    Ok(NewPassword { new_password: line("new")?, old_password })
}
