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
            sections: vec![SectionKind::of::<Section>(config::COLD)],
            actions: crate::actions(),
            scopes: vec![SCOPE],
            openapi: Some(crate::api::document()),
            commands: vec![Command::new("identities", work, |typed: Typed, desk| {
                Box::pin(command::run(typed, desk))
            })],
            sources: vec![SOURCE],
        }
    }

    fn declare(&self, told: &Told<'_>, say: &mut Declaration) -> Result<()> {
        let schedule = schedule(&told.sections.get())?;
        say.on_start(move |ground, setup| {
            setup.reactors.push(Arc::new(Follow));
            setup.retry.insert(SOURCE.to_owned(), RETRY);
            Ok(Open::new(schedule, ground.clock))
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
