//! What the hub sees of this module.

mod command;
mod config;
mod running;
mod typed;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use anyhow::Result;
use module::config::SectionKind;
use module::exit::misuse;
use module::{About, Command, Declaration, Module, Told, document};

use crate::schedule::Schedule;
use crate::schema::Schema;
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
        let section = told.sections.get();
        let schedule = schedule(&section)?;
        let schemas = schemas(&section)?;
        say.chores.extend(schedule.chore());
        say.chores.extend(crate::schedule::history());
        say.if_lost.push("the register of identities goes with the journal".to_owned());
        say.on_start(move |_, setup| {
            setup.reactors.push(Arc::new(Follow));
            setup.retry.insert(SOURCE.to_owned(), RETRY);
            Ok(Open { schedule, schemas: Arc::clone(&schemas), tidying: Mutex::default() })
        });
        Ok(())
    }
}

/// The further classes of members, by their names.
fn schemas(section: &Section) -> Result<Arc<[Schema]>> {
    /// No file of a class is longer, in bytes.
    const LONGEST: u64 = 1 << 20;
    let Some(folder) = &section.schemas else { return Ok(Arc::default()) };
    let bad = |path: &Path, why: String| misuse(format!("identities.schemas: {}: {why}", path.display()));
    let entries = std::fs::read_dir(folder).map_err(|error| bad(folder, document::explain(&error)))?;
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(|error| bad(folder, document::explain(&error)))?;
    files.retain(|file| file.extension().is_some_and(|end| end == "yml" || end == "yaml"));
    files.sort();
    let read = |file: PathBuf| {
        let name = file.file_stem().and_then(OsStr::to_str).unwrap_or_default();
        let length = std::fs::metadata(&file).map_err(|error| bad(&file, document::explain(&error)))?.len();
        if length > LONGEST {
            return Err(bad(&file, format!("it is longer than {} MiB", LONGEST >> 20)));
        }
        let text = document::text(&file).map_err(|error| bad(&file, document::explain(&error)))?;
        Schema::parse(name, &text).map_err(|error| bad(&file, error.to_string()))
    };
    files.into_iter().map(read).collect()
}

/// When identities are synchronised by themselves.
fn schedule(section: &Section) -> Result<Schedule> {
    let Some(pattern) = &section.schedule else { return Ok(Schedule::never()) };
    Schedule::parse(pattern, section.time_zone.as_deref())
        .map_err(|error| misuse(format!("identities.schedule: {error}")))
}
