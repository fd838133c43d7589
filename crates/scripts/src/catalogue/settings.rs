//! The keys that Intendant adds to `config.yml`, inside an action or at the top for all.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use engine::port::Bounds;
use model::{BreakerRule, Dependency, Rate, RetryPolicy, Windows};

use super::dependency;
use super::problem::Report;
use super::value::{self, Misfit};
use super::yaml::{Node, Yaml};
use crate::run::Leavings;
use crate::worker::Rules;

/// What a script is given beside what the original format says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Settings {
    /// `timeout`: limit of the whole exchange.
    pub(crate) timeout: Option<Duration>,
    /// `retries`: when a soft failure is tried again.
    pub(crate) retry: Option<RetryPolicy>,
    /// `retries.on_exit`: exit codes that count as soft failures.
    pub(crate) soft_exits: Vec<i32>,
    /// `background`: what becomes of what it leaves running.
    pub(crate) leavings: Option<Leavings>,
    /// `env`: variables of its own.
    pub(crate) env: BTreeMap<String, String>,
    /// `limits.output`: how many bytes of its output are kept.
    pub(crate) output: Option<usize>,
    /// `mode: worker`: a process stays and is asked again and again.
    pub(crate) stays: bool,
    /// `worker`: how long it is kept.
    pub(crate) worker: Rules,
    /// `depends_on`: what it asks over HTTP; that of an action and that of all.
    pub(crate) depends_on: Vec<Dependency>,
    /// What counts for the whole backend.
    pub(crate) whole: Whole,
}

/// What `config.yml` says of a backend as a whole, at the top only.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Whole {
    /// `rate`: how many attempts may begin in a span of time.
    pub(crate) rate: Option<Rate>,
    /// `windows`: the minutes in which they may.
    pub(crate) windows: Vec<String>,
    /// `time_zone`: by whose clocks.
    pub(crate) time_zone: Option<String>,
    /// `breaker`: when it is left alone because it keeps failing.
    pub(crate) breaker: Option<BreakerRule>,
    /// `dry_run`: it can be asked what it would do.
    pub(crate) dry_run: bool,
}

/// The keys that are read here, at both levels.
pub(crate) const KEYS: [&str; 9] =
    ["timeout", "retries", "background", "env", "limits", "run_as", "mode", "worker", "depends_on"];

/// The keys of the backend as a whole, at the top only.
pub(crate) const WHOLE: [&str; 5] = ["rate", "windows", "time_zone", "breaker", "dry_run"];

/// What `retries` means where it does not say: three more tries within a few minutes.
const RETRY: RetryPolicy = RetryPolicy {
    max: 3,
    initial: Duration::from_secs(10),
    max_delay: Duration::from_mins(10),
    max_age: None,
    jitter: 0.2,
};

impl Settings {
    /// Reads the keys of one map; what it does not say comes from `base`.
    pub(crate) fn read(map: &Node, base: &Settings, report: &mut Report) -> Settings {
        let mut settings = base.clone();
        for (key, node) in map.entries() {
            if let Err(misfit) = settings.take(&key.name, node, report) {
                report.error(key.line, misfit.what, misfit.remedy);
            }
        }
        settings.look_at_worker(map, report);
        settings
    }

    fn take(&mut self, key: &str, node: &Node, report: &mut Report) -> Result<(), Misfit> {
        match key {
            "timeout" => self.timeout = Some(value::duration(key, node)?),
            "retries" => self.take_retries(node, report)?,
            "background" => self.leavings = Some(background(node)?),
            "env" => self.take_env(node, report)?,
            "limits" => self.take_limits(node, report)?,
            "depends_on" => self.take_dependencies(node, report),
            "run_as" => return Err(unsupported_user(node)),
            "mode" => self.stays = is_worker(node)?,
            "worker" => self.take_worker(node, report)?,
            "rate" => self.whole.rate = Some(rate(node)?),
            "windows" => self.whole.windows = patterns(node)?,
            "time_zone" => self.whole.time_zone = Some(value::text(key, node)?.to_owned()),
            "breaker" => self.whole.breaker = Some(breaker(node)?),
            "dry_run" => self.whole.dry_run = yes_or_no(key, node)?,
            _ => {}
        }
        Ok(())
    }

    fn take_retries(&mut self, node: &Node, report: &mut Report) -> Result<(), Misfit> {
        let map = map_of("retries", node, "write a map such as {max: 5, initial: 30s, max_delay: 10m}")?;
        let mut policy = RETRY;
        for (key, node) in map {
            match key.name.as_str() {
                "max" => policy.max = value::count("retries.max", node, &0)?,
                "initial" => policy.initial = value::duration("retries.initial", node)?,
                "max_delay" => policy.max_delay = value::duration("retries.max_delay", node)?,
                "on_exit" => self.soft_exits = exit_codes(node)?,
                other => report.warning(
                    key.line,
                    format!("`retries.{other}` is no key that Intendant knows"),
                    "use max, initial, max_delay or on_exit, or remove it",
                ),
            }
        }
        self.retry = Some(policy);
        Ok(())
    }

    fn take_worker(&mut self, node: &Node, report: &mut Report) -> Result<(), Misfit> {
        let rules = &mut self.worker;
        for (key, node) in
            map_of("worker", node, "write a map such as {jobs: 10000, memory: 512MiB, age: 1h}")?
        {
            match key.name.as_str() {
                "ready" => rules.ready = value::duration("worker.ready", node)?,
                "grace" => rules.grace = value::duration("worker.grace", node)?,
                "jobs" => rules.jobs = value::count("worker.jobs", node, &1)?,
                "memory" => rules.memory = value::size("worker.memory", node)?,
                "age" => rules.age = value::duration("worker.age", node)?,
                other => report.warning(
                    key.line,
                    format!("`worker.{other}` is no key that Intendant knows"),
                    "use ready, grace, jobs, memory or age, or remove it",
                ),
            }
        }
        Ok(())
    }

    /// What is said here of workers, and cannot hold.
    fn look_at_worker(&self, map: &Node, report: &mut Report) {
        if !self.stays
            && let Some(node) = map.get("worker")
        {
            report.warning(
                node.line,
                "`worker` is said of what is no worker",
                "write `mode: worker` beside it",
            );
        }
        if self.stays
            && self.leavings == Some(Leavings::Kept)
            && let Some(node) = map.get("background").or_else(|| map.get("mode"))
        {
            let what = "`background: allowed` does not hold for a worker: what it starts ends with it";
            report.warning(node.line, what, "remove it, or let `mode: script` run the action");
        }
    }

    fn take_env(&mut self, node: &Node, report: &mut Report) -> Result<(), Misfit> {
        for (key, node) in map_of("env", node, "write a map of names and values")? {
            let name = &key.name;
            if !is_variable(name) {
                let remedy =
                    "use letters, digits and _, not a digit first, and no name that begins with INTENDANT_";
                report.error(key.line, format!("`env.{name}` cannot be a variable of a script"), remedy);
                continue;
            }
            let text = match &node.value {
                Yaml::Text(text) if !text.contains('\0') => text.clone(),
                Yaml::Int(number) => number.to_string(),
                Yaml::Bool(value) => value.to_string(),
                other => {
                    return Err(Misfit::new(&format!("env.{name}"), other, "write a text between quotes"));
                }
            };
            self.env.insert(name.clone(), text);
        }
        Ok(())
    }

    /// What is declared only informs: a slip in it keeps nothing from being run.
    fn take_dependencies(&mut self, node: &Node, report: &mut Report) {
        match dependency::read(node) {
            Ok(declared) => self.depends_on.extend(declared),
            Err(misfit) => report.warning(node.line, misfit.what, misfit.remedy),
        }
    }

    fn take_limits(&mut self, node: &Node, report: &mut Report) -> Result<(), Misfit> {
        for (key, node) in map_of("limits", node, "write a map such as {output: 2MiB}")? {
            match key.name.as_str() {
                "output" => self.output = Some(value::size("limits.output", node)?),
                other => report.warning(
                    key.line,
                    format!("`limits.{other}` is not supported yet"),
                    "nothing to do: it is ignored; limits.output is applied",
                ),
            }
        }
        Ok(())
    }
}

fn map_of<'n>(key: &str, node: &'n Node, remedy: &str) -> Result<&'n [(super::yaml::Key, Node)], Misfit> {
    match &node.value {
        Yaml::Map(entries) => Ok(entries),
        other => Err(Misfit::new(key, other, remedy)),
    }
}

/// `40/s`, or a map that says the burst as well.
fn rate(node: &Node) -> Result<Rate, Misfit> {
    let remedy = "write a rate such as 40/s, 600/m or 5000/h, or {limit: 40/s, burst: 80}";
    let refused = || Misfit::new("rate", &node.value, remedy);
    let (text, burst) = match &node.value {
        Yaml::Text(text) => (text.as_str(), None),
        Yaml::Map(entries) => {
            let known = |name: &str| ["limit", "burst"].contains(&name);
            let limit = node.get("limit").ok_or_else(refused)?;
            let burst = node.get("burst").map(|node| value::count("rate.burst", node, &1)).transpose()?;
            if entries.iter().any(|(key, _)| !known(&key.name)) {
                return Err(refused());
            }
            (value::text("rate.limit", limit)?, burst)
        }
        _ => return Err(refused()),
    };
    Rate::parse(text, burst).ok_or_else(refused)
}

/// A cron pattern, or a list of some.
fn patterns(node: &Node) -> Result<Vec<String>, Misfit> {
    match &node.value {
        Yaml::List(items) if !items.is_empty() => {
            items.iter().map(|item| value::text("windows", item).map(str::to_owned)).collect()
        }
        Yaml::Text(text) => Ok(vec![text.clone()]),
        other => Err(Misfit::new(
            "windows",
            other,
            "write a list of cron patterns such as [\"* 20-23,0-5 * * *\"]",
        )),
    }
}

/// `off`, or a map of what differs from the hub's own.
fn breaker(node: &Node) -> Result<BreakerRule, Misfit> {
    if matches!(&node.value, Yaml::Text(text) if text == "off") || node.value == Yaml::Bool(false) {
        return Ok(BreakerRule::OFF);
    }
    let remedy = "write `off`, or a map such as {failures: 10, pause: 10s, longest: 5m}";
    let mut rule =
        BreakerRule { failures: 10, pause: Duration::from_secs(10), longest: Duration::from_mins(5) };
    for (key, node) in map_of("breaker", node, remedy)? {
        match key.name.as_str() {
            "failures" => rule.failures = value::count("breaker.failures", node, &0)?,
            "pause" => rule.pause = value::duration("breaker.pause", node)?,
            "longest" => rule.longest = value::duration("breaker.longest", node)?,
            _ => return Err(Misfit::new("breaker", &Yaml::Text(key.name.clone()), remedy)),
        }
    }
    rule.longest = rule.longest.max(rule.pause);
    Ok(rule)
}

fn yes_or_no(key: &str, node: &Node) -> Result<bool, Misfit> {
    match &node.value {
        Yaml::Bool(said) => Ok(*said),
        other => Err(Misfit::new(key, other, format!("write `{key}: true`, or remove the key"))),
    }
}

impl Whole {
    /// What bounds the backend; `Err` = its windows cannot be used, in a sentence.
    pub(crate) fn bounds(&self) -> Result<Bounds, String> {
        let windows = if self.windows.is_empty() {
            None
        } else {
            let zone = engine::clock::zone(self.time_zone.as_deref())?;
            Some(Arc::new(Windows::parse(&self.windows, zone).map_err(|bad| bad.to_string())?))
        };
        Ok(Bounds { rate: self.rate, windows, breaker: self.breaker })
    }
}

fn background(node: &Node) -> Result<Leavings, Misfit> {
    match &node.value {
        Yaml::Text(text) if text == "allowed" => Ok(Leavings::Kept),
        Yaml::Text(text) if text == "ended" => Ok(Leavings::Ended),
        other => Err(Misfit::new("background", other, "write `background: allowed`, or remove the key")),
    }
}

fn is_worker(node: &Node) -> Result<bool, Misfit> {
    match &node.value {
        Yaml::Text(text) if text == "script" => Ok(false),
        Yaml::Text(text) if text == "worker" => Ok(true),
        other => Err(Misfit::new("mode", other, "write `mode: worker` or `mode: script`")),
    }
}

fn unsupported_user(node: &Node) -> Misfit {
    let what = match &node.value {
        Yaml::Text(user) => {
            format!("`run_as: {user}` is not supported yet, and to run as another user would be wrong")
        }
        other => format!("`run_as` is {other}, and is not supported yet"),
    };
    Misfit { what, remedy: "remove it to run the scripts as the hub's own user".to_owned() }
}

fn exit_codes(node: &Node) -> Result<Vec<i32>, Misfit> {
    let misfit = |value: &Yaml| {
        Misfit::new("retries.on_exit", value, "write a list of exit codes from 1 to 255, such as [75, 111]")
    };
    let Yaml::List(items) = &node.value else { return Err(misfit(&node.value)) };
    items
        .iter()
        .map(|item| match item.value {
            Yaml::Int(code @ 1..=255) => i32::try_from(code).map_err(|_| misfit(&item.value)),
            _ => Err(misfit(&item.value)),
        })
        .collect()
}

fn is_variable(name: &str) -> bool {
    let mut letters = name.bytes();
    letters.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && letters.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !name.starts_with("INTENDANT_")
}
