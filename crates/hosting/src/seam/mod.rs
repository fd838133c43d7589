//! What the hub sees of this module.

mod command;
mod config;
mod running;
mod tracking;
mod typed;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, Result};
use jiff::SignedDuration;
use model::Times;
use module::config::{Named, SectionKind};
use module::exit::misuse;
use module::{About, Chore, Command, Declaration, Module, Told};

use crate::host::{Doors, Host, Looked};
use crate::reactor::Follow;
use crate::request::{RETRY, SOURCE};
use crate::right::SCOPE;
use crate::settings::{ClientProgram, Settings};
use crate::tracker::config::RemoteHost;
use crate::upload::Uploads;
use crate::values::Version;
use config::{Hosting as Section, ReadyCode};
use running::Open;
use tracking::Tracking;
use typed::Hosting as Typed;
use utoipa::openapi::OpenApi;

/// How often lost work is looked for, and what was kept for long enough.
const LOOK: std::time::Duration = std::time::Duration::from_mins(5);
const SWEEP: std::time::Duration = std::time::Duration::from_hours(1);

/// Hosted library servers.
#[derive(Clone, Copy, Debug)]
pub struct Hosting;

impl Module for Hosting {
    fn about(&self) -> About {
        About {
            sections: vec![
                SectionKind::of::<Section>(config::COLD),
                SectionKind::of::<Named<RemoteHost>>(crate::tracker::config::COLD),
            ],
            actions: crate::request::actions(),
            scopes: vec![SCOPE],
            openapi: Some(document()),
            commands: vec![Command::new(
                "hosting",
                "Host library servers: create, change, delete, upload, export",
                |typed: Typed, desk| Box::pin(command::run(typed, desk)),
            )],
            pages: crate::upload::table().into_iter().chain(crate::pages::table()).collect(),
            sources: vec![SOURCE],
            french: include_str!("../../texts/fr.po"),
            ..About::default()
        }
    }

    fn declare(&self, told: &Told, say: &mut Declaration) -> Result<()> {
        let section: Section = told.sections.get();
        let settings = Arc::new(settings(&section, &told.data)?);
        let limits = section.uploads.limits();
        let sweeping = Arc::<OnceLock<Uploads>>::default();
        say.chores.extend(chores(&settings));
        say.chores.push(sweep(&sweeping));
        let following = tracking::following(&section.follow, told)?;
        say.depends_on.extend(tracking::needed(&following.hosts));
        let finding = tracking::check(&following);
        say.checks.push(Box::pin(async move { finding.into_iter().collect() }));
        let tracking = Tracking::default();
        say.chores.push(tracking::chore(&tracking));
        if !section.sites.is_empty() {
            say.alone.push("hosting: uploads lie on the disk of the hub that took them".to_owned());
        }
        say.if_lost.push("hosting: what is known of hosted libraries goes with the journal".to_owned());
        say.on_start(move |ground, setup| {
            let exports = settings.exports().to_string_lossy().into_owned();
            setup.reactors.push(Arc::new(Follow { exports }));
            setup.retry.insert(SOURCE.to_owned(), RETRY.into());
            let (folder, doors) = (settings.uploads(), Doors::default());
            let uploads = Uploads::open(&folder, limits, Arc::new(doors.clone()), ground.clock.clone())
                .with_context(|| format!("opening the uploads in {}", folder.display()))?;
            // It starts once.
            let _ = sweeping.set(uploads.clone());
            Ok(Open::new(settings, uploads, doors, following, tracking))
        });
        Ok(())
    }
}

/// The description of all its routes.
fn document() -> OpenApi {
    let mut document = crate::api::document();
    document.merge(crate::tracker::api::document());
    document
}

/// What the configuration says, as the parts of the module see it.
fn settings(section: &Section, data: &Path) -> Result<Settings> {
    let site = |site: &String| {
        let sound = site.strip_prefix("https://").or(site.strip_prefix("http://"));
        let sound =
            sound.is_some_and(|host| !host.is_empty() && !host.contains(['/', ' ', ';', ',', '\'', '"']));
        if sound {
            Ok(site.clone())
        } else {
            Err(misuse(format!("hosting.sites: {site:?} is no site such as https://shop.example")))
        }
    };
    Ok(Settings {
        folder: std::path::absolute(data.join("hosting"))?,
        strict_404: section.strict_404,
        ready_code: match section.ready_code {
            ReadyCode::Ready => "BCDIREADY",
            ReadyCode::Redady => "BCDIREDADY",
        },
        retention: SignedDuration::try_from(section.retention)?,
        estimate: section.estimate.as_secs_f64(),
        sites: section.sites.iter().map(site).collect::<Result<_>>()?,
        clients: section.clients.iter().map(|text| client(text)).collect::<Result<_>>()?,
        url: String::new(),
    })
}

fn client(text: &str) -> Result<ClientProgram> {
    let read = || {
        let (name, place) = text.split_once('=')?;
        let (version, system) = name.trim().split_once('/')?;
        let version = Version::ALL.into_iter().find(|known| known.as_str() == version)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let sound = !system.is_empty() && system.chars().all(plain) && !place.trim().is_empty();
        sound.then(|| ClientProgram { version, system: system.to_owned(), place: place.trim().to_owned() })
    };
    read().ok_or_else(|| {
        misuse(format!(
            "hosting.clients: {text:?} is not understood here: write CL/windows=/srv/bcdi/setup.exe, or a URL"
        ))
    })
}

/// Removes uploads that nobody goes on with.
fn sweep(uploads: &Arc<OnceLock<Uploads>>) -> Chore {
    let uploads = Arc::clone(uploads);
    Chore {
        name: "removal of uploads that were left",
        kept: None,
        times: Times::Every(SWEEP),
        act: Arc::new(move |_| {
            let uploads = uploads.get().cloned();
            Box::pin(async move {
                if let Some(uploads) = uploads {
                    uploads.sweep().await?;
                }
                Ok(())
            })
        }),
    }
}

/// What is looked after by itself.
fn chores(settings: &Arc<Settings>) -> [Chore; 4] {
    let (looked, kept) = (Arc::<Looked>::default(), Arc::clone(settings));
    let chore = |name, every, act: fn(Host) -> engine::port::BoxFuture<'static, Result<(), crate::Error>>| {
        let settings = Arc::clone(settings);
        Chore {
            name,
            kept: None,
            times: Times::Every(every),
            act: Arc::new(move |hub| {
                let host = Host::new(hub, Arc::clone(&settings));
                Box::pin(async move { Ok(act(host).await?) })
            }),
        }
    };
    [
        chore("search for lost work of establishments", LOOK, |host| {
            Box::pin(async move { host.find_lost().await.map(drop) })
        }),
        chore("look at the servers of schools", LOOK, |host| Box::pin(async move { host.wake().await })),
        chore("sums of what establishments left", LOOK, |host| {
            Box::pin(async move { host.measure_all().await })
        }),
        Chore {
            name: "removal of what establishments kept",
            kept: None,
            times: Times::Every(SWEEP),
            act: Arc::new(move |hub| {
                let (host, looked) = (Host::new(hub, Arc::clone(&kept)), Arc::clone(&looked));
                Box::pin(async move { Ok(host.expire(&looked).await?) })
            }),
        },
    ]
}
