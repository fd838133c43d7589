//! What the configuration makes of the tracker.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Result, anyhow};
use jiff::tz::TimeZone;
use model::{Dependency, Times};
use module::config::{Environment, Named};
use module::exit::misuse;
use module::{Chore, Finding, Needed, Told};

use crate::tracker::config::{Follow, RemoteHost};
use crate::tracker::{Following, Hosts, OWN, Remote, SPREAD, Schedule, Tracker};

/// How often it is looked which schools are due.
const LOOK: Duration = Duration::from_secs(15);

/// The tracker of a hub that serves, once it does.
pub(super) type Tracking = Arc<OnceLock<Tracker>>;

/// How schools are followed.
pub(super) fn following(own: &Follow, told: &Told) -> Result<Following> {
    let zone = engine::clock::zone(own.time_zone.as_deref())
        .map_err(|why| misuse(anyhow!("hosting.follow.time_zone: {why}")))?;
    Ok(Following {
        hosts: hosts(&told.sections.get(), &told.environment, own.timeout)?,
        schedule: Schedule {
            busy: times("busy", &own.busy, zone.clone())?,
            quiet: times("quiet", &own.quiet, zone)?,
            spread: SPREAD,
        },
        at_once: own.at_once.get(),
        relayed: told.given.contains("mail.relay"),
    })
}

fn times(key: &str, pattern: &str, zone: TimeZone) -> Result<Times> {
    Times::cron(pattern, zone).map_err(|why| misuse(anyhow!("hosting.follow.{key}: {why}")))
}

fn hosts(Named(named): &Named<RemoteHost>, environment: &Environment, patience: Duration) -> Result<Hosts> {
    let mut hosts = BTreeMap::new();
    for (name, section) in named {
        hosts.insert(name.clone(), remote(name, section, environment, patience)?);
    }
    Ok(Hosts::new(hosts))
}

fn remote(name: &str, section: &RemoteHost, environment: &Environment, patience: Duration) -> Result<Remote> {
    if name == OWN {
        return Err(misuse(anyhow!(
            "hosts.{OWN}: this is the host in this hub: give the other one another name"
        )));
    }
    let missing = |key: &str, what: &str| misuse(anyhow!("hosts.{name}.{key} is missing: say {what}"));
    let url = section.url.as_ref().ok_or_else(|| missing("url", "where the host is"))?;
    let key = section.key.as_ref().ok_or_else(|| missing("key", "where the client key is"))?;
    let key = key.fetch(environment).map_err(misuse)?;
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path)
            .map_err(|error| misuse(anyhow!("hosts.{name}.authorities: {}: {error}", path.display())))
    };
    let authorities = section.authorities.as_ref().map(read).transpose()?;
    Remote::new(url, key, authorities.as_deref(), patience)
        .map_err(|why| misuse(anyhow!("hosts.{name}.{why}")))
}

/// What is asked over HTTP: each host.
pub(super) fn needed(hosts: &Hosts) -> Vec<Needed> {
    let needed = |(name, url): (&str, &str)| Needed {
        dependency: Dependency {
            name: name.to_owned(),
            url: url.to_owned(),
            why: "the library servers of schools that are followed".to_owned(),
        },
        place: format!("hosts.{name}"),
    };
    hosts.remotes().map(needed).collect()
}

/// Whether schools elsewhere can be written to, for `doctor`.
pub(super) fn check(following: &Following) -> Option<Finding> {
    let mute = !following.relayed && following.hosts.remotes().next().is_some();
    mute.then(|| {
        let what = "schools of other hosts may be followed, and no relay takes the mails to them";
        Finding::warning("hosting", what, "give `mail.relay`, or follow them without a contact")
    })
}

/// Looks at the schools that are due.
pub(super) fn chore(tracking: &Tracking) -> Chore {
    let tracking = Arc::clone(tracking);
    Chore {
        name: "look at the schools that are followed",
        kept: None,
        times: Times::Every(LOOK),
        act: Arc::new(move |_| {
            let tracker = tracking.get().cloned();
            Box::pin(async move {
                if let Some(tracker) = tracker {
                    tracker.round().await?;
                }
                Ok(())
            })
        }),
    }
}
