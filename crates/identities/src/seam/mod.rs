//! What the hub sees of this module.

mod command;
mod config;
mod running;
mod typed;

use std::sync::Arc;

use anyhow::Result;
use module::config::SectionKind;
use module::exit::misuse;
use module::{About, Command, Declaration, Module, Told};

use crate::schedule::Schedule;
use crate::{Follow, RETRY, SCOPE, SOURCE};
use running::Open;
use typed::Identities as Typed;

use config::Identities as Section;

/// The register of identities.
#[derive(Clone, Copy, Debug)]
pub struct Identities;

impl Module for Identities {
    fn about(&self) -> About {
        let work = "Import, see, synchronise and end the identities of the register";
        About {
            sections: vec![
                SectionKind::of::<Section>(config::COLD).with_elsewhere(&[("failsafe.sources", SOURCE)]),
            ],
            actions: crate::actions(),
            scopes: vec![SCOPE],
            openapi: Some(crate::api::document()),
            pages: crate::pages::routes().table(),
            commands: vec![Command::new("identities", work, |typed: Typed, desk| {
                Box::pin(command::run(typed, desk))
            })],
            sources: vec![SOURCE],
            french: include_str!("../../texts/fr.po"),
            ..About::default()
        }
    }

    fn declare(&self, told: &Told, say: &mut Declaration) -> Result<()> {
        let schedule = schedule(&told.sections.get())?;
        say.chores.extend(schedule.chore());
        say.if_lost.push("the register of identities goes with the journal".to_owned());
        say.on_start(move |_, setup| {
            setup.reactors.push(Arc::new(Follow));
            setup.retry.insert(SOURCE.to_owned(), RETRY);
            Ok(Open(schedule))
        });
        Ok(())
    }
}

/// When identities are synchronised by themselves.
fn schedule(section: &Section) -> Result<Schedule> {
    let Some(pattern) = &section.schedule else { return Ok(Schedule::never()) };
    Schedule::parse(pattern, section.time_zone.as_deref())
        .map_err(|error| misuse(format!("identities.schedule: {error}")))
}
