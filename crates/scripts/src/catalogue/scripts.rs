//! From an entry of `actions` to a script that can be run, and what `check` says of its file.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use engine::port::Mapping;

use super::config::ActionConfig;
use super::files::{self, FirstLine};
use super::problem::{Problem, Report, Severity};
use super::{Defaults, Loader, Style};
use crate::backend::Script;
use crate::command::CommandLine;
use crate::environment::Variables;
use crate::verdict::Reading;
use crate::worker::Kind;

/// The script of an action, with everything that its attempts need.
pub(crate) fn script(action: &ActionConfig, bin: &Path, defaults: &Defaults, base: &Variables) -> Script {
    let settings = &action.settings;
    let own = settings.env.iter().map(|(name, value)| (name.into(), value.into()));
    let limit = settings.timeout.or(defaults.limit);
    let command = CommandLine::new(bin, &action.script, &defaults.shell);
    let keep = settings.output.unwrap_or(defaults.output);
    let variables: Variables = base.iter().cloned().chain(own).collect();
    let worker = settings.stays.then(|| {
        let (command, variables, rules) = (command.clone(), variables.clone(), settings.worker.clone());
        Arc::new(Kind { command, bin: bin.to_owned(), variables, keep, rules })
    });
    Script {
        command,
        mapping: Mapping { on_error: action.on_error, retry: settings.retry, limit },
        limit,
        reading: Reading {
            soft_exits: settings.soft_exits.clone(),
            wait_is_data: defaults.style == Style::Original,
        },
        keep,
        leavings: settings.leavings.unwrap_or(defaults.style.leavings()),
        variables,
        worker,
        trouble: action.trouble.clone(),
    }
}

/// Looks at a script's file as an attempt would, and closer.
pub(super) fn check(
    action: &ActionConfig,
    bin: &Path,
    script: &Script,
    loader: &Loader<'_>,
    report: &mut Report,
) {
    if action.trouble.is_some() {
        return;
    }
    let program = script.command.program();
    if let Err(fault) =
        files::inspect(bin, program, &loader.trust).and_then(|()| files::inspect_interpreter(program))
    {
        report.push(fault.into_problem());
        return;
    }
    let Some(program) = program else { return };
    let mut warn = |what: String, remedy: &str| {
        let remedy = remedy.to_owned();
        report.push(Problem {
            file: program.to_owned(),
            line: None,
            severity: Severity::Warning,
            what,
            remedy,
        });
    };
    if files::first_line(program) == FirstLine::None {
        warn(
            "it does not begin with `#!`".to_owned(),
            "name its interpreter there; without it, /bin/sh reads it",
        );
    }
    let original = loader.defaults.style == Style::Original;
    // Its installers make such links.
    if let Some(target) = leads_out(program, loader.root).filter(|_| !original) {
        warn(format!("it leads out of the backends folder, to {target}"), "nothing to do if that is meant");
    }
    if fs::metadata(program).is_ok_and(|metadata| !loader.trust.owns(&metadata)) {
        warn(
            "it belongs to another user, who may change what the hub runs".to_owned(),
            "give it to root with chown",
        );
    }
}

fn leads_out(program: &Path, root: &Path) -> Option<String> {
    let target = fs::canonicalize(program).ok()?;
    let root = fs::canonicalize(root).ok()?;
    (!target.starts_with(root)).then(|| target.display().to_string())
}
