//! The checks, each a look at one thing.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use api::Client;
use api::dto::{NodeRole, Nodes, Severity};
use http::listen::tcp::Tcp;
use journal::{Address, Keys, Look, Renewal};
use model::JobState;
use rustix::process::geteuid;

use super::super::nodes::names;
use super::dependencies;
use crate::config::{Listen, Loaded, Origin, Value as _};
use crate::context::Context;
use crate::exit::sentence;
use crate::plan;
use crate::render::{text, time};
use module::{Declaration, Finding, Offer};

/// Below this many bytes the journal is about to stop.
const FULL: u64 = 100 * 1024 * 1024;
/// Below this many bytes somebody should look.
const TIGHT: u64 = 1024 * 1024 * 1024;

/// What an error means that has to be put right before.
const STOPPED: &str = "the hub does not start like this";

/// So many findings in the journal are shown beside the first one.
const SHOWN: usize = 9;

/// All of them, from the configuration outwards. Without a configuration nothing else can be looked at.
pub(super) async fn all(context: &Context) -> Vec<Finding> {
    let loaded = match context.configuration_of_hub().await {
        Ok(loaded) => loaded,
        Err(error) => {
            return vec![Finding::error(
                "configuration",
                sentence(&error),
                "correct it; until then nothing runs",
            )];
        }
    };
    let mut findings = vec![configuration(&loaded), data(&loaded), disk(&loaded), key(&loaded, context)];
    findings.push(journal(&loaded, context));
    findings.extend(server(&loaded, context));
    findings.extend(modules(&loaded, context).await);
    findings.extend(hub(&loaded, context).await);
    findings
}

fn configuration(loaded: &Loaded) -> Finding {
    let given = loaded.view().into_iter().filter(|shown| matches!(shown.origin, Origin::Variable(_)));
    let variables: Vec<String> = given.map(|shown| shown.origin.to_string()).collect();
    let file = loaded
        .file
        .as_ref()
        .map_or("no file: the defaults hold".to_owned(), |file| file.display().to_string());
    let and = if variables.is_empty() { String::new() } else { format!(", and {}", variables.join(", ")) };
    Finding::ok("configuration", format!("{file}{and}"))
}

fn data(loaded: &Loaded) -> Finding {
    const NAME: &str = "data folder";
    let folder = &loaded.config.data.folder;
    let shown = folder.display();
    let found = match fs::metadata(folder) {
        Ok(found) if !found.is_dir() => {
            return Finding::error(
                NAME,
                format!("{shown} is not a folder"),
                "move it away, or set data.folder",
            );
        }
        Ok(found) => found,
        Err(_) => return Finding::ok(NAME, format!("{shown}, made when the hub first starts")),
    };
    if found.uid() != geteuid().as_raw() && !geteuid().is_root() {
        let what = format!("{shown} belongs to user {}", found.uid());
        return Finding::error(NAME, what, "run this as that user, or as root");
    }
    if found.mode() & 0o077 != 0 {
        let what = format!("{shown} is open to others (mode {:04o})", found.mode() & 0o7777);
        return Finding::warning(NAME, what, format!("run `chmod 0700 {shown}`"));
    }
    Finding::ok(NAME, shown.to_string())
}

fn disk(loaded: &Loaded) -> Finding {
    const NAME: &str = "disk";
    let folder = &loaded.config.data.folder;
    let existing = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let free = match rustix::fs::statvfs(existing) {
        Ok(found) => found.f_bavail.saturating_mul(found.f_frsize),
        Err(error) => {
            let what = format!("the free space of {} is unknown: {error}", existing.display());
            return Finding::warning(NAME, what, "look with `df`");
        }
    };
    let what = format!("{} free on {}", text::size(free), existing.display());
    match free {
        0..FULL => Finding::error(NAME, what, "make room: on a full disk nothing more is accepted"),
        FULL..TIGHT => Finding::warning(NAME, what, "make room, or keep less (retention)"),
        _ => Finding::ok(NAME, what),
    }
}

fn key(loaded: &Loaded, context: &Context) -> Finding {
    const NAME: &str = "key";
    let shown = loaded.config.key.show();
    if let crate::config::SecretSource::File(path) = &loaded.config.key
        && !path.exists()
    {
        let there = context.address(&loaded.config).map(journal::identify);
        let made = there.is_ok_and(|there| there.is_ok_and(|id| id.is_some()));
        return if made {
            let remedy = "put back the copy that you kept: without it nothing in the journal can be read";
            Finding::error(NAME, format!("{shown} is missing, and there is a journal"), remedy)
        } else {
            Finding::ok(NAME, format!("{shown}, made when the hub first starts"))
        };
    }
    match context.keys(&loaded.config, false) {
        Ok(keys) => match renewal(loaded, &keys, context) {
            Some(percent) => Finding::warning(
                NAME,
                format!("{shown}; the journal is being sealed anew with it ({percent} %)"),
                "keep the key before until that has ended; the hub goes on with it whenever it runs",
            ),
            None => {
                Finding::ok(NAME, format!("{shown}; a backup does not contain it, keep a copy elsewhere"))
            }
        },
        Err(error) => {
            Finding::error(NAME, sentence(&error), "correct it: without the key the hub does not start")
        }
    }
}

/// How far the journal is sealed anew after a change of key.
fn renewal(loaded: &Loaded, keys: &Keys, context: &Context) -> Option<u8> {
    let look = Look::open(context.address(&loaded.config).ok()?, keys).ok()??;
    match look.renewal().ok()?? {
        Renewal::Under { percent, .. } => Some(percent),
        Renewal::Done => None,
    }
}

fn journal(loaded: &Loaded, context: &Context) -> Finding {
    const NAME: &str = "journal";
    let at = match context.address(&loaded.config) {
        Ok(at) => at,
        Err(error) => return Finding::error(NAME, sentence(&error), STOPPED),
    };
    let expected = context.marker(loaded).map_or(Ok(None), |marker| marker.expected(&at));
    if let Err(error) = expected {
        return match error.downcast_ref() {
            Some(error) => unopened(&at, error),
            None => Finding::error(NAME, sentence(&error), STOPPED),
        };
    }
    match journal::identify(at.clone()) {
        Ok(None) => return Finding::ok(NAME, "made when the hub first starts"),
        Ok(Some(_)) => {}
        Err(error) => return unopened(&at, &error),
    }
    let Ok(keys) = context.keys(&loaded.config, false) else {
        return Finding::warning(NAME, "not looked at, for want of the key", "see above");
    };
    let begun = context.clock.instant();
    let checked = Look::open(at.clone(), &keys).and_then(|look| match look {
        Some(look) => look.check(),
        None => Ok(Vec::new()),
    });
    let took = time::took(context.clock.instant().duration_since(begun));
    match checked {
        Ok(findings) => match findings.first() {
            None if at.folder().is_none() => Finding::ok(NAME, format!("in {at}, whole, read in {took}")),
            None => Finding::ok(NAME, format!("whole, read in {took}")),
            Some(first) => {
                let more = findings.iter().skip(1).take(SHOWN).map(|finding| format!("; {finding}"));
                let counted = text::count(findings.len(), "finding");
                let what = format!("damaged, {counted}: {first}{}", more.collect::<String>());
                let remedy = "what is named is left out, all the rest is served; if more than rows are damaged, stop the \
                              hub and restore a backup with `intendant restore`";
                Finding::error(NAME, what, remedy)
            }
        },
        Err(journal::Error::Busy) => {
            Finding::warning(NAME, "too busy to be read whole", "run this again when there is less to do")
        }
        Err(error) => unopened(&at, &error),
    }
}

/// Why it does not open. A hub waits for a server that is away.
fn unopened(at: &Address, error: &journal::Error) -> Finding {
    let remedy = match error {
        journal::Error::Unwritable(_) if at.folder().is_none() => {
            "start PostgreSQL, or correct journal.url; the hub accepts nothing until it answers, and then goes on"
        }
        _ => STOPPED,
    };
    Finding::error("journal", error.to_string(), remedy)
}

/// What the server promises that holds the journal, if one does.
#[cfg(feature = "postgres")]
fn server(loaded: &Loaded, context: &Context) -> Vec<Finding> {
    let Ok(Address::Postgres(database)) = context.address(&loaded.config) else { return Vec::new() };
    let clock = context.clock.clone();
    // That it cannot be asked was said.
    let asked = journal::promises(&database, move || clock.now());
    let Ok(promises) = asked else { return Vec::new() };
    let durable = crate::promises::durable(&promises, loaded.config.journal.require_synchronous);
    std::iter::once(durable).chain(crate::promises::beside(&promises)).collect()
}

#[cfg(not(feature = "postgres"))]
fn server(_: &Loaded, _: &Context) -> Vec<Finding> {
    Vec::new()
}

/// What `serve` would refuse; what modules say of what they stand on and of their neighbours; what they and backends depend
/// on.
async fn modules(loaded: &Loaded, context: &Context) -> Vec<Finding> {
    const NAME: &str = "start";
    let mut findings = Vec::new();
    let mut said = Declaration::new();
    let (plan, faults) = plan::faults(loaded, context, &mut said);
    for check in said.checks {
        findings.extend(check.await);
    }
    for fault in faults {
        findings.push(Finding::error(NAME, sentence(&fault), "correct the configuration"));
    }
    for verify in said.verify {
        if let Err(error) = verify.await {
            findings.push(Finding::error(NAME, sentence(&error), "until then the hub does not start"));
        }
    }
    let offer = plan.map(|plan| plan.parts.offer).unwrap_or_default();
    if offer.native() > 0 {
        findings.extend(native(&offer).await);
    }
    findings.extend(dependencies::all(said.depends_on.into_iter().chain(offer.depends_on)).await);
    findings
}

/// What the backends find that are a part of the program, asked from here.
async fn native(offer: &Offer) -> Vec<Finding> {
    const NAME: &str = "native";
    let faults = offer.faults().await;
    if faults.is_empty() {
        let counted = text::count(offer.native(), "backend");
        return vec![Finding::ok(NAME, format!("{counted} of the program itself, no problem"))];
    }
    let found = |fault: api::dto::Finding| {
        let what = format!("{}: {}", fault.file, fault.what);
        match fault.severity {
            Severity::Error => Finding::error(NAME, what, fault.remedy),
            Severity::Warning => Finding::warning(NAME, what, fault.remedy),
        }
    };
    faults.into_iter().map(found).collect()
}

/// Whether somebody else has the address that a hub would take.
async fn address(loaded: &Loaded) -> Option<Finding> {
    let Listen::On(address) = loaded.config.http.listen else { return None };
    let error = Tcp::bind(address, None).await.err()?;
    let remedy = "end what has it, or set http.listen";
    // There the hub works on without its console.
    Some(if loaded.stands_in {
        Finding::warning("address", error.to_string(), remedy)
    } else {
        Finding::error("address", error.to_string(), remedy)
    })
}

async fn hub(loaded: &Loaded, context: &Context) -> Vec<Finding> {
    const NAME: &str = "hub";
    let socket = &loaded.config.socket;
    let client = Client::new(socket);
    let status = match client.status().await {
        Ok(status) => status,
        Err(api::Error::NoHub { .. }) => {
            let stopped = Finding::warning(
                NAME,
                format!("not running ({})", socket.display()),
                "start it with `intendant serve`",
            );
            return [stopped].into_iter().chain(address(loaded).await).collect();
        }
        Err(error) => {
            let stands_by = client.nodes().await.ok().and_then(|nodes| standing_by(&nodes));
            let as_whom = || Finding::error(NAME, error.to_string(), "run this as root or as the hub's user");
            return vec![stands_by.unwrap_or_else(as_whom)];
        }
    };
    let up = time::took(time::between(status.started_at.0, context.clock.now()));
    let mut findings = Vec::new();
    if status.version == crate::cli::VERSION {
        findings.push(Finding::ok(
            NAME,
            format!("version {}, up for {up}, {} running", status.version, status.running),
        ));
    } else {
        let what = format!("version {} is running, this command is {}", status.version, crate::cli::VERSION);
        findings.push(Finding::warning(NAME, what, "restart the hub to run the newer one"));
    }
    if let Ok(readiness) = client.ready().await {
        let not_ready = readiness.parts.into_iter().filter(|part| !part.ready);
        findings.extend(not_ready.map(|part| {
            let why = part.why.unwrap_or_default();
            if part.optional {
                return Finding::warning(NAME, format!("{}: {why}", part.name), "see its log");
            }
            Finding::error(NAME, format!("{} is not ready: {why}", part.name), "see its log")
        }));
    }
    findings.extend(client.nodes().await.ok().map(|nodes| others(&nodes)).unwrap_or_default());
    let dead = status
        .jobs
        .iter()
        .filter(|tally| tally.state == JobState::Failed)
        .map(|tally| tally.jobs)
        .sum::<u64>();
    if dead > 0 {
        let jobs = text::count(usize::try_from(dead).unwrap_or(usize::MAX), "dead letter");
        findings.push(Finding::warning("jobs", jobs, "see `intendant jobs list --state failed`"));
    }
    findings
}

/// What is said of a hub that stands by.
fn standing_by(nodes: &Nodes) -> Option<Finding> {
    let own = nodes.nodes.iter().find(|node| node.own && node.role == NodeRole::StandsBy)?;
    let at_work = nodes.nodes.iter().find(|node| node.role == NodeRole::AtWork);
    let works =
        |other: &api::dto::Node| format!("the hub in process {} of {} works", other.process, other.host);
    let what = match (at_work, own.drained) {
        (Some(other), false) => format!("stands by: {}", works(other)),
        (None, false) => format!("stands by since {}, and nobody works yet", own.since.0),
        (Some(other), true) => {
            return Some(Finding::warning("hub", format!("drained: {}", works(other)), RESUME));
        }
        (None, true) => return Some(Finding::error("hub", "drained, and nobody works", RESUME)),
    };
    Some(match &nodes.trouble {
        None => Finding::ok("hub", what),
        Some(trouble) => {
            Finding::warning("hub", format!("{what}, as it was seen last: {trouble}"), "see its log")
        }
    })
}

/// What is to be done about a hub that is drained.
const RESUME: &str = "`intendant nodes resume` lets it take work";

/// Who stands by behind the hub that works, and who is drained.
fn others(nodes: &Nodes) -> Vec<Finding> {
    let hosts = |drained| {
        let those =
            nodes.nodes.iter().filter(|node| node.role == NodeRole::StandsBy && node.drained == drained);
        those.map(|node| node.host.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (ready, drained) = (hosts(false), hosts(true));
    let ready = (!ready.is_empty()).then(|| Finding::ok("nodes", format!("stands by: {ready}")));
    let drained =
        (!drained.is_empty()).then(|| Finding::warning("nodes", format!("drained: {drained}"), RESUME));
    let others = nodes.nodes.iter().filter_map(|node| {
        let names = names(node);
        let what =
            || format!("{} has not the backends and settings of the hub that leads: {names}", node.host);
        (!names.is_empty()).then(|| Finding::warning("nodes", what(), "give both machines the same files"))
    });
    ready.into_iter().chain(drained).chain(others).collect()
}
