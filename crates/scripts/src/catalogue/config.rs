//! The rules of `config.yml`, each broken one with its line and what to write instead.

use engine::port::Bounds;
use model::OnError;

use super::problem::Report;
use super::settings::{self, Settings, Whole};
use super::value::{self, Misfit};
use super::yaml::{self, Node, Yaml};

/// A configuration as far as it could be read.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    /// Only an explicit `false` sets a backend aside.
    pub(crate) inactive: bool,
    /// `path`: another place for `bin`.
    pub(crate) path: Option<String>,
    pub(crate) concurrency: Option<usize>,
    /// `None` = the map cannot be read, and what is wrong is in the report.
    pub(crate) actions: Option<Vec<ActionConfig>>,
    /// What bounds all of its work.
    pub(crate) bounds: Bounds,
    /// It can be asked for a dry run.
    pub(crate) dry_run: bool,
    /// What keeps the whole backend from being used.
    pub(crate) trouble: Option<String>,
    /// The key without which the original takes a file for no configuration of a backend.
    pub(crate) lacks: Option<&'static str>,
}

/// One entry of `actions`.
#[derive(Debug)]
pub(crate) struct ActionConfig {
    pub(crate) name: String,
    /// The command line; empty when there is none, and then there is trouble.
    pub(crate) script: String,
    pub(crate) on_error: OnError,
    pub(crate) settings: Settings,
    /// What keeps this action from being run.
    pub(crate) trouble: Option<String>,
}

const TOP_KEYS: [&str; 7] = ["_version", "name", "description", "active", "actions", "path", "concurrency"];
const ACTION_KEYS: [&str; 2] = ["script", "onError"];

/// Jobs of these never reach a script: the hub answers them itself.
const BUILT_IN: [&str; 2] = ["LIST_BACKENDS", "DUMP_PACKAGE_CONFIG"];

impl Config {
    /// Reads a configuration. Every problem goes into the report, also names like those of `known` actions.
    pub(crate) fn read(text: &str, known: &[String], report: &mut Report) -> Config {
        let mut config = Config::default();
        let start = report.mark();
        if let Some(document) = document(text, report) {
            let is_there = |key: &&str| document.get(key).is_some_and(|node| is_truthy(&node.value));
            config.lacks = ["_version", "name"].into_iter().find(|key| !is_there(key));
            config.take_head(&document, report);
            let settings = Settings::read(&document, &Settings::default(), report);
            config.take_whole(&document, &settings.whole, report);
            near_misses(&document, &[&TOP_KEYS[..], &settings::KEYS, &settings::WHOLE].concat(), report);
            config.trouble = report.trouble_since(start);
            config.actions = read_actions(&document, &settings, known, report);
        }
        config
    }

    fn take_whole(&mut self, document: &Node, whole: &Whole, report: &mut Report) {
        self.dry_run = whole.dry_run;
        match whole.bounds() {
            Ok(bounds) => self.bounds = bounds,
            Err(why) => {
                let line = document.get("windows").or(document.get("time_zone")).map(|node| node.line);
                report.error(
                    line,
                    format!("`windows`: {why}"),
                    "write the minutes in which it may work, or remove the key",
                );
            }
        }
    }

    fn take_head(&mut self, document: &Node, report: &mut Report) {
        let version = document.get("_version");
        if !version.is_some_and(|node| is_truthy(&node.value)) {
            report.error(version.map(|v| v.line), "`_version` is missing", "write `_version: 1` at the top");
        }
        self.name = required(document, "name", report);
        self.description = description(document, report);
        match document.get("active") {
            Some(Node { value: Yaml::Bool(active), .. }) => self.inactive = !active,
            Some(node) => {
                let what = format!("`active` is {}, neither true nor false", node.value);
                report.error(node.line, what, "write `active: true` or `active: false`");
            }
            None => report.error(None, "`active` is missing", "write `active: true`"),
        }
        if let Some(node) = document.get("path") {
            self.path = accept(value::text("path", node), node, report).map(str::to_owned);
        }
        if let Some(node) = document.get("concurrency") {
            self.concurrency = accept(value::count("concurrency", node, &1), node, report);
        }
    }
}

/// What counts for the backend as a whole is said at the top.
fn refuse_whole(action: &Node, report: &mut Report) {
    for (key, _) in action.entries() {
        if settings::WHOLE.contains(&key.name.as_str()) {
            let what = format!("`{}` counts for the whole backend, and is ignored here", key.name);
            report.warning(key.line, what, "move it to the top of the file");
        }
    }
}

fn document(text: &str, report: &mut Report) -> Option<Node> {
    match yaml::parse(text) {
        Ok(document) if matches!(document.value, Yaml::Map(_)) => return Some(document),
        Ok(Node { value: Yaml::Null, .. }) => {
            report.error(None, "it is empty", "write it as `intendant backends new` would");
        }
        Ok(Node { line, value }) => {
            report.error(line, format!("it is {value}, not a map"), "begin it with `_version: 1`");
        }
        Err(unreadable) => {
            let what = format!("it is not valid YAML: {}", unreadable.why);
            report.error(unreadable.line, what, "correct the line or the one above it");
        }
    }
    None
}

fn read_actions(
    document: &Node,
    settings: &Settings,
    known: &[String],
    report: &mut Report,
) -> Option<Vec<ActionConfig>> {
    let remedy = "write under `actions` a map of action names, each with its `script`";
    match document.get("actions") {
        None | Some(Node { value: Yaml::Null, .. }) => {
            report.warning(None, "it maps no action, so the backend is never run", remedy);
            Some(Vec::new())
        }
        Some(Node { value: Yaml::Map(entries), .. }) => Some(
            entries
                .iter()
                .filter_map(|(key, node)| {
                    let built_in = is_built_in(&key.name, key.line, report);
                    if !built_in {
                        look_for_slip(&key.name, key.line, known, report);
                    }
                    (!built_in).then(|| read_action(&key.name, key.line, node, settings, report))
                })
                .collect(),
        ),
        Some(node) => {
            report.error(node.line, format!("`actions` is {}, not a map", node.value), remedy);
            None
        }
    }
}

fn is_built_in(name: &str, line: u64, report: &mut Report) -> bool {
    let built_in = BUILT_IN.contains(&name);
    if built_in {
        report.warning(
            line,
            format!("{name} is answered by the hub itself"),
            "remove it: its script is never run",
        );
    }
    built_in
}

/// A name that is like one that everybody knows is probably a slip.
fn look_for_slip(name: &str, line: u64, known: &[String], report: &mut Report) {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    if let Some(meant) = nearest(name, &known) {
        let what = format!("{name} is no action of the orchestrator");
        report.warning(line, what, format!("write {meant} if that is meant"));
    }
}

fn read_action(name: &str, line: u64, node: &Node, base: &Settings, report: &mut Report) -> ActionConfig {
    let start = report.mark();
    let mut action = ActionConfig {
        name: name.to_owned(),
        script: String::new(),
        on_error: OnError::default(),
        settings: Settings::read(node, base, report),
        trouble: None,
    };
    if !matches!(node.value, Yaml::Map(_)) {
        let what = format!("`{name}` is {}, not a map", node.value);
        report.error(line, what, format!("write under `{name}:` an indented line `script: 'myscript'`"));
    } else if let Some(script) = node.get("script") {
        if let Some(script) = accept(value::text("script", script), script, report) {
            script.trim().clone_into(&mut action.script);
        }
    } else {
        report.error(line, format!("`{name}` names no script"), "write `script: 'myscript'` under it");
    }
    if let Some(node) = node.get("onError") {
        match &node.value {
            Yaml::Text(text) if text == "stop" => action.on_error = OnError::Stop,
            Yaml::Text(text) if text == "continue" => action.on_error = OnError::Continue,
            other => {
                let what = format!("`onError` is {other}");
                report.error(node.line, what, "write `stop` or `continue`, or remove it to continue");
            }
        }
    }
    refuse_whole(node, report);
    near_misses(node, &[&ACTION_KEYS[..], &settings::KEYS].concat(), report);
    action.trouble = report.trouble_since(start);
    action
}

fn required(document: &Node, key: &str, report: &mut Report) -> Option<String> {
    let Some(node) = document.get(key) else {
        report.error(None, format!("`{key}` is missing"), format!("write `{key}: 'some text'`"));
        return None;
    };
    accept(value::text(key, node), node, report).map(str::to_owned)
}

/// It may be empty, as there.
fn description(document: &Node, report: &mut Report) -> Option<String> {
    match document.get("description") {
        Some(Node { value: Yaml::Text(text), .. }) => Some(text.clone()),
        _ => required(document, "description", report),
    }
}

fn accept<T>(read: Result<T, Misfit>, node: &Node, report: &mut Report) -> Option<T> {
    read.map_err(|misfit| report.error(node.line, misfit.what, misfit.remedy)).ok()
}

/// Unknown keys are the format's own freedom; one that looks like a known one is probably a slip.
fn near_misses(map: &Node, known: &[&str], report: &mut Report) {
    for (key, _) in map.entries() {
        if let Some(meant) = nearest(&key.name, known) {
            let remedy = format!("write `{meant}` if that is meant");
            report.warning(
                key.line,
                format!("`{}` is no key that Intendant knows, and is ignored", key.name),
                remedy,
            );
        }
    }
}

/// The known word that another one is probably meant to be; none when it is known itself.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    if known.contains(&word) {
        return None;
    }
    let word = word.to_lowercase();
    let distance = |other: &str| strsim::osa_distance(&word, &other.to_lowercase());
    let alike = |other: &&str| {
        other.to_lowercase().chars().next() == word.chars().next()
            && distance(other) <= (other.chars().count() / 4).max(1)
    };
    known.iter().copied().filter(alike).min_by_key(|other| distance(other))
}

/// What the original takes for a value (JavaScript's idea of truth).
fn is_truthy(value: &Yaml) -> bool {
    match value {
        Yaml::Null => false,
        Yaml::Bool(value) => *value,
        Yaml::Int(number) => *number != 0,
        Yaml::Float(number) => *number != 0.0,
        Yaml::Text(text) => !text.is_empty(),
        Yaml::List(_) | Yaml::Map(_) => true,
    }
}
