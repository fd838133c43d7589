//! What a module is, whatever is configured.

use anyhow::Result;
use engine::Clock;
use http::DeclaredScope;
use model::ActionSpec;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use crate::command::Command;
use crate::config::{Environment, SectionKind, Sections};
use crate::declaration::Declaration;

/// One crate that says all of itself in one place.
pub trait Module: Send + Sync {
    /// What it is, whatever is configured.
    fn about(&self) -> About;

    /// Says what the configuration makes of it. Nothing is opened and nothing is changed: it is also asked by a reload
    /// and by `doctor`. An error is one of the configuration ([`crate::exit::misuse`]), and nothing starts.
    fn declare(&self, told: &Told<'_>, say: &mut Declaration) -> Result<()>;
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
    /// Its subcommands.
    pub commands: Vec<Command>,
    /// Names of sources under which it hands requests in itself: no configured source can have them.
    pub sources: Vec<&'static str>,
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

/// What a module is told when it is to declare itself.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    /// The sections of all modules, each asks for its own.
    pub sections: &'a Sections,
    /// The environment of the process: secrets may be there.
    pub environment: &'a Environment,
    /// The time.
    pub clock: &'a Clock,
    /// The program.
    pub program: Program,
    /// The backends that lie in folders: each one's configuration as its file says it, with its `name` and `path`.
    pub backends: &'a [Value],
}
