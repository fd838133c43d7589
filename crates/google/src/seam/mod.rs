//! What the hub sees of this module.

mod actions;
mod compare;
mod config;
mod role;
mod settings;
mod typed;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use engine::port::{BackendEntry, BoxFuture, Mapping};
use engine::{Clock, Hub, PING};
use http::page::Part;
use model::OnError;
use module::config::SectionKind;
use module::{
    About, Around, Command, Declaration, Finding, Module, Native as _, Offer, Running, Served, Swap, Told,
    native,
};
use tokio::task::JoinHandle;

use crate::account::Adopt;
use crate::backend::{Accounts, Over, Shared, Ties};
use crate::directory::Pace;
use crate::pages::{self, Pages};
use crate::request::{ACTIONS, DIFF};
use crate::told::GRAVE;

/// The name of the backend.
const BACKEND: &str = "google";
/// An attempt must be over after so long.
const LIMIT: Duration = Duration::from_mins(5);
/// All accounts are compared within this.
const LONG: Duration = Duration::from_hours(1);
/// How often somebody looks whether a door is open again that was shut.
const LOOK: Duration = Duration::from_secs(30);

/// Keys that are read at start only: none, a reload makes the backend anew.
const COLD: &[&str] = &[];

/// Accounts at Google Workspace.
#[derive(Clone, Default)]
pub struct Google {
    ties: Ties,
    shared: Shared,
    /// The backend of the configuration that holds.
    accounts: Arc<Mutex<Option<Accounts>>>,
    /// The one that was offered last: it holds once the hub has started with it, or a reload has swapped it in.
    offered: Arc<Mutex<Option<Accounts>>>,
}

impl Google {
    fn configured(&self, told: &Told) -> Result<Option<Accounts>> {
        let parts = settings::parts(told, &self.shared.pace)?;
        Ok(parts.map(|parts| Accounts::new(BACKEND, parts, self.ties.clone(), &self.shared)))
    }

    /// The calls to Google of the last minute.
    pub fn pace(&self) -> &Pace {
        &self.shared.pace
    }

    /// What was offered last holds from now on.
    fn take_up(&self) {
        let offered = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&offered);
    }

    pub(crate) fn current(&self) -> Option<Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Module for Google {
    fn about(&self) -> About {
        let about = "Grant access to Google, look after accounts there";
        About {
            sections: vec![SectionKind::of::<config::Google>(COLD)],
            actions: actions::actions(),
            pages: pages::routes().table(),
            sources: vec![pages::SOURCE],
            commands: vec![Command::new("google", about, typed::run)],
            roles: vec![role::ROLE],
            french: include_str!("../../texts/fr.po"),
            ..About::default()
        }
    }

    fn offer(&self, told: &Told) -> Result<Offer> {
        let configured = self.configured(told)?;
        self.offered.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&configured);
        let Some(accounts) = configured else { return Ok(Offer::default()) };
        let own: config::Google = told.sections.get();
        let mapping = Mapping { on_error: OnError::Stop, retry: None, limit: Some(LIMIT) };
        let mapped =
            accounts.0.mapping.as_ref().map(|mapping| mapping.actions().map(str::to_owned).collect());
        let mapped: Vec<String> = mapped.unwrap_or_default();
        let with_gram = accounts.0.gram.is_some();
        let actions = ACTIONS.iter().filter(|_| with_gram).map(|(name, _, _)| (*name).to_owned());
        let actions = actions.chain(mapped).chain([PING.to_owned()]).map(|action| (action, mapping));
        let long = Mapping { limit: Some(LONG), ..mapping };
        let actions = actions.chain(with_gram.then(|| (DIFF.to_owned(), long)));
        let entry = BackendEntry {
            concurrency: Some(own.concurrency.get()),
            dry_run: true,
            ..BackendEntry::new(BACKEND, native(accounts), actions)
        };
        let actions = actions::destroying(own.on_delete);
        Ok(Offer { backends: vec![entry], actions, ..Offer::default() })
    }

    fn declare(&self, told: &Told, say: &mut Declaration) -> Result<()> {
        // A reload may bring what is not configured now.
        let own = self.clone();
        say.on_start(move |_, setup| {
            setup.reactors.push(Arc::new(Over { backend: BACKEND }));
            own.take_up();
            Ok(Open { own, looking: Mutex::default() })
        });
        let Some(accounts) = self.configured(told)? else { return Ok(()) };
        if settings::adopt(told, &told.sections.get()) == Adopt::Uuid {
            say.if_lost.push(
                "google: an account that carries the person's UUID is taken as the one that was to be made (google.adopt: uuid)"
                    .to_owned(),
            );
        }
        say.checks.push(Box::pin(async move {
            let faults = accounts.check().await;
            if faults.is_empty() {
                return vec![Finding::ok("google", format!("Google lets us in as {}", accounts.0.subject))];
            }
            faults.into_iter().map(|fault| Finding::error("google", fault.what, fault.remedy)).collect()
        }));
        Ok(())
    }
}

/// While the hub runs.
struct Open {
    own: Google,
    looking: Mutex<Option<JoinHandle<()>>>,
}

impl Running for Open {
    fn start(&self, hub: &Hub) {
        self.own.ties.tie(hub);
        let own = self.own.clone();
        *self.looking.lock().unwrap_or_else(PoisonError::into_inner) = Some(tokio::spawn(look(own)));
    }

    fn pages(&self) -> Option<Part> {
        // Without accounts there is nowhere to go.
        let nav = if self.own.current().is_some() { pages::PART.nav } else { &[] };
        Some(Part { nav, ..pages::PART })
    }

    fn serve(&self, around: &Around<'_>) -> Served {
        let (hub, kit) = (around.hub.clone(), around.kit.clone());
        let pages = Pages { hub: hub.clone(), kit, own: self.own.clone() };
        Served {
            pages: pages::routes().with_state(pages),
            panels: vec![Box::new(pages::Accounts(hub))],
            grave: GRAVE.to_vec(),
            ..Served::default()
        }
    }

    fn reload(&self, _: &Told) -> Result<Swap<'_>> {
        Ok(Box::new(|| self.own.take_up()))
    }

    fn quiesce(&self) {
        if let Some(looking) = self.looking.lock().unwrap_or_else(PoisonError::into_inner).take() {
            looking.abort();
        }
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.own.ties.untie();
        Box::pin(std::future::ready(()))
    }
}

/// Says from the start whether Google and the referential let us in, and notices when they do again.
async fn look(own: Google) {
    let clock = Clock::system();
    loop {
        match own.current() {
            Some(accounts) => {
                accounts.0.look().await;
                accounts.0.sweep().await;
            }
            None => own.ties.unlink(),
        }
        clock.sleep(LOOK).await;
    }
}
