//! What a module is, whatever is configured.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Result;
use engine::Clock;
use http::DeclaredScope;
use http::page::PageRoute;
use model::ActionSpec;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use crate::command::Command;
use crate::config::{Environment, SectionKind, Sections};
use crate::declaration::Declaration;
use crate::offer::Offer;
use crate::role::Role;

/// One crate that says all of itself in one place.
pub trait Module: Send + Sync {
    /// What the process does once and before anything else, whatever it is asked.
    fn launch(&self) {}

    /// What the process does once, when all else has ended.
    fn leave(&self) {}

    /// What it is, whatever is configured.
    fn about(&self) -> About;

    /// Reads what jobs run on: backends as they lie there, and what the configuration says of actions. Asked at the start,
    /// by a reload, and by commands that need no hub: neither doors nor their secrets are looked at. An error is one of
    /// the configuration ([`crate::exit::misuse`]); what is wrong with one backend is none.
    fn offer(&self, _told: &Told) -> Result<Offer> {
        Ok(Offer::default())
    }

    /// How backends are configured that lie in folders, as [`Offer::documents`]: only read, so that it can be asked at any time.
    fn documents(&self, _told: &Told) -> Vec<Value> {
        Vec::new()
    }

    /// Says what the configuration makes of it. Nothing is opened and nothing is changed: it is also asked by a reload
    /// and by `doctor`. An error is one of the configuration ([`crate::exit::misuse`]), and nothing starts.
    fn declare(&self, _told: &Told, _say: &mut Declaration) -> Result<()> {
        Ok(())
    }
}

/// What a module is, whatever is configured.
#[derive(Default)]
pub struct About {
    /// Its sections of the configuration: keys, defaults, meanings, and what needs a restart.
    pub sections: Vec<SectionKind>,
    /// What it knows of actions, by name or pattern.
    pub actions: Vec<(String, ActionSpec)>,
    /// Scopes that its routes ask for, and the roles that include them.
    pub scopes: Vec<DeclaredScope>,
    /// The description of its routes.
    pub openapi: Option<OpenApi>,
    /// The routes of its pages, each with who may use it.
    pub pages: Vec<PageRoute>,
    /// Its subcommands.
    pub commands: Vec<Command>,
    /// Names of sources under which it hands requests in itself: no configured source can have them.
    pub sources: Vec<&'static str>,
    /// What becomes of its messages in French: a file of gettext ([`http::phrases`]), empty where it has none.
    pub french: &'static str,
    /// Older programs whose place the hub can take.
    pub roles: Vec<Role>,
}

/// The program, as a module that introduces itself elsewhere tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its version.
    pub version: &'static str,
    /// What it is, in a sentence.
    pub description: &'static str,
    /// Its licence.
    pub license: &'static str,
}

/// What a module is told when it is to say what the configuration makes of it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The sections of all modules, each asks for its own.
    pub sections: Sections,
    /// The keys that somebody gave; all others have their defaults.
    pub given: BTreeSet<String>,
    /// The environment of the process: secrets may be there.
    pub environment: Environment,
    /// The time.
    pub clock: Clock,
    /// The program.
    pub program: Program,
    /// The names and patterns of the actions that modules know.
    pub actions: Vec<String>,
    /// The hub stands in the place of an older program, whose habits count where nobody says otherwise.
    pub stands_in: bool,
    /// What the journal holds now is there at the next start. Otherwise nobody may rely on it for what others wait for.
    pub durable: bool,
    /// The folder of backends that a command was told to look at, instead of the configured one.
    pub folder: Option<PathBuf>,
    /// Where the hub of this machine answers the commands.
    pub socket: PathBuf,
    /// The folder of the hub's data. A module has a folder of its own name in it.
    pub data: PathBuf,
    /// The backends that lie in folders, once they were read: [`Offer::documents`] of all modules.
    pub backends: Vec<Value>,
}
