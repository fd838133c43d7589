//! A hub with the module as the configuration says it, and both doubles.

use std::collections::HashMap;
use std::time::Duration;

use engine::{Accepted, ActionTable, Actor, Clock, Hub, Limits, Setup, Story};
use model::{JobId, JobState, Outcome, Request, RetryPolicy};
use module::config::{Environment, SectionKind, Sections};
use module::{Declaration, Ground, Module as _, Program, Running, Told};
use serde_json::{Value, json};
use tempfile::TempDir;
use testgoogle::{Google, Gram};

pub const UUID: &str = "36a7e016-a300-4f52-85f4-6804dede6c6b";
pub const ADA: &str = "ada.lovelace@gadz.org";
pub const CREATE: &str = "request.googleapps.user.create";
pub const UPDATE: &str = "request.googleapps.user.update";
pub const DELETE: &str = "request.googleapps.user.delete";
pub const NUMBER: u64 = 12453;

/// Both doubles, with Ada in the referential, and her password hash.
pub struct World {
    pub google: Google,
    pub gram: Gram,
    pub hash: String,
    folder: TempDir,
}

/// A hub of a world.
pub struct Bed {
    pub hub: Hub,
    pub clock: Clock,
    pub module: intendant_google::Google,
    running: Vec<Box<dyn Running>>,
}

impl World {
    pub fn new() -> Self {
        let (google, gram) = (Google::start(), Gram::start());
        let hash = gram.add_person(UUID, NUMBER, "Ada", "Lovelace");
        World { google, gram, hash, folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The section, with more of it: lines of YAML, each indented by two.
    pub fn section(&self, more: &str) -> String {
        let key = self.google.key_file(self.folder.path());
        let (user, password) = self.gram.client();
        format!(
            "google:\n  service_account: file:{}\n  subject: {}\n  url: {}\n  patience: 0s\n  settle: 2s\n{more}  gram:\n    url: {}\n    user: {user:?}\n    password: {password:?}\n",
            key.display(),
            self.google.admin(),
            self.google.url(),
            self.gram.url(),
        )
    }

    pub async fn open(&self) -> Bed {
        self.open_with("").await
    }

    /// Opens the hub. It may have been open before.
    pub async fn open_with(&self, more: &str) -> Bed {
        self.open_as(&self.section(more), Clock::system()).await
    }

    pub async fn open_as(&self, section: &str, clock: Clock) -> Bed {
        self.open_within(section, clock, Limits::default()).await
    }

    /// Opens it with these sizes, times and caps.
    pub async fn open_within(&self, section: &str, clock: Clock, limits: Limits) -> Bed {
        let module = intendant_google::Google::default();
        let about = module.about();
        let told = self.told(section, clock.clone());
        let offer = module.offer(&told).unwrap();
        let mut said = Declaration::new();
        module.declare(&told, &mut said).unwrap();
        let (journal, wires) = testhub::open(&self.path("data"));
        let quick = RetryPolicy { max_age: None, ..testhub::QUICK };
        // What the configuration makes of an action stands in the place of what the module knows of it.
        let actions: HashMap<_, _> = about.actions.into_iter().chain(offer.actions.clone()).collect();
        let actions =
            actions.into_iter().map(|(name, spec)| (name, model::ActionSpec { retry: Some(quick), ..spec }));
        let mut setup = Setup {
            limits,
            retry: HashMap::from([("test".to_owned(), quick.into())]),
            ..Setup::new(offer.catalogue(), ActionTable::new(actions).unwrap())
        };
        let ground = Ground { journal: journal.id(), life: &journal.life().clone(), clock: &clock };
        let running = said.join(&ground, &mut setup).unwrap();
        let hub = Hub::start(journal, wires, clock.clone(), setup).await.unwrap();
        for part in &running {
            part.start(&hub);
        }
        Bed { hub, clock, module, running }
    }

    /// What modules are told by this section.
    pub fn told(&self, section: &str, clock: Clock) -> Told {
        let kinds: Vec<SectionKind> = intendant_google::Google::default().about().sections;
        Told {
            sections: Sections::read(&kinds, section).unwrap(),
            given: std::collections::BTreeSet::new(),
            environment: Environment::default(),
            clock,
            program: Program { version: "0", description: "", license: "" },
            actions: Vec::new(),
            stands_in: false,
            durable: true,
            folder: None,
            socket: self.path("hub.sock"),
            data: self.path("data"),
            backends: Vec::new(),
        }
    }

    /// Ada's account at Google.
    pub fn ada(&self) -> Option<Value> {
        self.google.user(ADA)
    }
}

impl Bed {
    pub async fn submit(&self, action: &str, payload: Value) -> JobId {
        self.submit_as(action, payload, false).await
    }

    pub async fn submit_as(&self, action: &str, payload: Value, dry_run: bool) -> JobId {
        let body = json!({ "concernedTo": null, "payload": payload, "options": {} });
        let request = Request { dry_run, ..Request::new("test", action, body) };
        match self.hub.accept(request, model::Effects::default()).await.unwrap() {
            Accepted::New(job) => job,
            other => panic!("not accepted: {other:?}"),
        }
    }

    /// Hands a request in and waits for its end.
    pub async fn done(&self, action: &str, payload: Value) -> Ended {
        let job = self.submit(action, payload).await;
        self.ended(job).await
    }

    pub async fn ended(&self, job: JobId) -> Ended {
        let found = self.hub.wait(job, testhub::LONG).await.unwrap();
        assert!(found.state.is_terminal(), "it did not end: {found:?}");
        let story = self.hub.story(job).await.unwrap();
        let outcome = story.answered().into_iter().next_back().and_then(|(_, outcome)| outcome).unwrap();
        Ended { state: found.state, outcome, story }
    }

    /// Waits until the job's last attempt has ended so that it waits.
    pub async fn waits(&self, job: JobId) -> Story {
        testhub::until("a wait", async || {
            let story = self.hub.story(job).await.unwrap();
            story.steps.first().is_some_and(|step| step.waits > 0)
        })
        .await;
        self.hub.story(job).await.unwrap()
    }

    pub async fn create(&self) -> Ended {
        self.done(CREATE, create()).await
    }

    pub async fn replay(&self, job: JobId) -> Ended {
        let actor = Actor("somebody".to_owned());
        let job = self.hub.retry(job, &engine::Replay::default(), &actor).await.unwrap();
        self.ended(job).await
    }

    pub async fn stop(self) {
        for part in &self.running {
            part.quiesce();
        }
        self.hub.stop(Duration::from_secs(10)).await;
        for part in &self.running {
            part.close().await;
        }
    }
}

/// How a job ended.
pub struct Ended {
    pub state: JobState,
    pub outcome: Outcome,
    pub story: Story,
}

impl Ended {
    /// It was done; what the reply says.
    #[track_caller]
    pub fn succeeded(self) -> Value {
        assert_eq!(self.state, JobState::Succeeded, "{:?}", self.outcome);
        self.outcome.data.unwrap()["data"].clone()
    }

    /// It has failed for good: status, name, data.
    #[track_caller]
    pub fn failed(self) -> (i32, String, Value) {
        assert_eq!(self.state, JobState::Failed, "{:?}", self.outcome);
        let data = self.outcome.data.unwrap_or_default();
        let name = data["error_name"].as_str().unwrap_or_default().to_owned();
        (self.outcome.status, name, data["data"].clone())
    }

    pub fn notices(&self) -> Vec<(String, Value)> {
        self.outcome.notices.iter().map(|notice| (notice.name.clone(), notice.data.clone())).collect()
    }
}

pub fn create() -> Value {
    json!({ "gram_account_uuid": UUID, "primary_email": ADA, "aliases": ["ada@gadz.org", "ada@gadzarts.org"] })
}

#[allow(clippy::needless_pass_by_value, reason = "it is written where it is used")]
pub fn update(more: Value) -> Value {
    let mut update = json!({ "gram_account_uuid": UUID });
    update.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    update
}

/// The aliases of an account, in order.
pub fn aliases(user: &Value) -> Vec<String> {
    let all = user["aliases"].as_array().cloned().unwrap_or_default();
    let mut all: Vec<_> = all.iter().map(|alias| alias.as_str().unwrap().to_owned()).collect();
    all.sort();
    all
}

/// Somebody else who is there already.
pub fn other(address: &str) -> Value {
    json!({ "primaryEmail": address, "name": { "givenName": "Grace", "familyName": "Hopper" } })
}
