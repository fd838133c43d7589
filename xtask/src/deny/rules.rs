//! The parts of `deny.toml` that can be looked at without cargo-deny.

use anyhow::{Result, bail};
use serde_json::Value;

use super::expression;

/// The only place from which crates come: the default registry, as lock files name it.
const REGISTRY: &str = "registry+https://github.com/rust-lang/";

/// What may come in.
pub(super) struct Rules {
    /// The systems that the program is built for.
    pub(super) targets: Vec<String>,
    licences: Vec<String>,
    /// Crates that may not.
    pub(super) banned: Vec<String>,
}

impl Rules {
    /// Reads the file. One that says nothing of licences, bans or systems is not the one that is meant.
    pub(super) fn read(text: &str) -> Result<Self> {
        let banned = list(text, "bans", "deny").into_iter().filter_map(|line| line.split('"').nth(1));
        let rules = Rules {
            targets: quoted(&list(text, "graph", "targets")),
            licences: quoted(&list(text, "licenses", "allow")),
            banned: banned.map(str::to_owned).collect(),
        };
        if rules.targets.is_empty() || rules.licences.is_empty() || rules.banned.is_empty() {
            bail!("deny.toml must list graph.targets, licenses.allow and bans.deny");
        }
        Ok(rules)
    }

    /// Whether this licence is.
    pub(super) fn allows(&self, expression: &str) -> bool {
        expression::holds(expression, &|licence| self.licences.iter().any(|allowed| allowed == licence))
    }

    /// What is wrong with a package, as `cargo metadata` describes it.
    pub(super) fn judge(&self, package: &Value) -> Vec<String> {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let name = text(package, "name").unwrap_or_default();
        let source = text(package, "source");
        let mut wrong = Vec::new();
        match text(package, "license") {
            None => wrong.push("it names no licence".to_owned()),
            Some(licence) if !self.allows(&licence) => {
                wrong.push(format!("its licence, {licence}, is not allowed"));
            }
            Some(_) => {}
        }
        if self.banned.contains(&name) {
            wrong.push("it is banned".to_owned());
        }
        if let Some(source) = source.filter(|source| !source.starts_with(REGISTRY)) {
            wrong.push(format!("it comes from {source}, and not from the default registry"));
        }
        for dependency in package.get("dependencies").and_then(Value::as_array).into_iter().flatten() {
            // Crates of this workspace are named by their paths.
            if text(dependency, "req").as_deref() == Some("*") && text(dependency, "source").is_some() {
                let name = text(dependency, "name").unwrap_or_default();
                wrong.push(format!("it takes any version of {name}"));
            }
        }
        let version = text(package, "version").unwrap_or_default();
        wrong.into_iter().map(|what| format!("{name} {version}: {what}")).collect()
    }
}

/// The lines of a list in a section.
fn list<'t>(text: &'t str, section: &str, key: &str) -> Vec<&'t str> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let mut lines = lines.skip_while(|line| *line != format!("[{section}]")).skip(1);
    let of_key = |line: &&str| line.split_once('=').is_some_and(|(name, _)| name.trim() == key);
    let Some(first) = lines.by_ref().take_while(|line| !line.starts_with('[')).find(of_key) else {
        return Vec::new();
    };
    let first = first.split_once('=').map_or(first, |(_, rest)| rest.trim());
    if first.ends_with(']') {
        return vec![first];
    }
    lines.take_while(|line| !line.starts_with(']')).collect()
}

/// What stands between quotation marks.
fn quoted(lines: &[&str]) -> Vec<String> {
    lines.iter().flat_map(|line| line.split('"').skip(1).step_by(2)).map(str::to_owned).collect()
}
