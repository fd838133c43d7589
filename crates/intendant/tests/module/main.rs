//! A module that registers one of everything, in this one file, and is seen in all places.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "the hub is a program of its own here")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use anyhow::Result;
use api::Client;
use api::client::Submission;
use axum::body::Body;
use axum::http::Method;
use axum::response::Html;
use clap::Subcommand;
use engine::port::{
    Backend, BackendEntry, BoxFuture, Call, Control, Courier, Decoder, Delivered, Mapping, Moment, Reactor,
    Reclaim, View,
};
use engine::{Accepted, Actor, Hub, Why};
use http::page::{Group, NavItem, PageRoutes, Part, Visit, Who};
use http::{DeclaredScope, May, Needs, Role, Scope};
use intendant::assembly::Modules;
use intendant::cli::{self, Common, Doctor, Serve, Typed};
use intendant::command;
use intendant::compose::Parts;
use intendant::context::Context;
use intendant::role;
use model::word::code;
use model::{
    ActionSpec, Delivery, DeliveryTo, Dependency, Effects, Entity, EntityKey, Job, JobId, JobState,
    NewDelivery, OnError, Outcome, Refusal, Request, RetryPolicy, RunMark,
};
use module::config::{Root, SectionKind};
use module::exit::Exit;
use module::terminal::Colour;
use module::{
    About, Around, Chore, Command, Declaration, Finding, Module, Needed, Offer, Panel, Running, Said, Served,
    Settings, SourceName, Swap, Told,
};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

// === the module ===

module::section! {
    /// Rooms to let.
    Rooms {
        /// The town in which the rooms are.
        town: String = "Paris".to_owned(),
        /// How many there are.
        number: u32 = 3,
    }
}

impl Root for Rooms {
    const NAME: &'static str = "rooms";
}

const RENT: Scope = Scope::named("rooms:rent");
const ACTION: &str = "ROOM_LET";

/// What has happened to it.
static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
static HUB: OnceLock<Hub> = OnceLock::new();
static COUNTED: AtomicUsize = AtomicUsize::new(0);

fn note(what: impl Into<String>) {
    SEEN.lock().unwrap().push(what.into());
}

fn seen(what: &str) -> bool {
    SEEN.lock().unwrap().iter().any(|seen| seen == what)
}

struct Letting;

/// An older program that let rooms.
const ROLE: module::Role = module::Role {
    name: "innkeeper",
    about: "Let rooms as the innkeeper did",
    defaults: &[("rooms.town", "Lyon")],
    read: |_| {
        let rooms =
            Said { key: "rooms.number".to_owned(), variable: "INN_ROOMS", text: Some("9".to_owned()) };
        Ok(Settings { said: vec![rooms], put: None })
    },
};

impl Module for Letting {
    fn launch(&self) {
        note("launched");
    }

    fn about(&self) -> About {
        let work = "Let rooms";
        About {
            sections: vec![SectionKind::of::<Rooms>(&["town"])],
            actions: vec![(ACTION.to_owned(), ActionSpec { optional: false, ..ActionSpec::default() })],
            scopes: vec![DeclaredScope { scope: RENT, roles: &[Role::Operator] }],
            openapi: Some(described().into_openapi()),
            commands: vec![Command::new("rooms", work, |typed: Line, desk| {
                Box::pin(async move {
                    let Line::Count = typed;
                    let rooms: Rooms = desk.sections()?.get();
                    COUNTED.store(rooms.number as usize, Ordering::SeqCst);
                    Ok(Exit::Done)
                })
            })],
            pages: pages().table(),
            sources: vec!["rooms"],
            roles: vec![ROLE],
        }
    }

    fn offer(&self, _: &Told) -> Result<Offer> {
        let mapping = Mapping { on_error: OnError::Stop, retry: None, limit: None };
        let porter = BackendEntry::new("rooms", Arc::new(Porter), [(ACTION.to_owned(), mapping)]);
        let told = ActionSpec { optional: true, ..ActionSpec::default() };
        Ok(Offer {
            backends: vec![porter],
            actions: vec![("ROOM_SEEN".to_owned(), told)],
            reclaim: vec![Arc::new(Porter)],
            ..Offer::default()
        })
    }

    fn declare(&self, told: &Told, say: &mut Declaration) -> Result<()> {
        let rooms: Rooms = told.sections.get();
        say.sources.push(SourceName { section: "rooms", name: "agency".to_owned() });
        say.max_sizes.push(("agency".to_owned(), 1000));
        say.introduces.push(("agency".to_owned(), format!("{} rooms in {}", rooms.number, rooms.town)));
        say.depends_on.push(Needed { dependency: registry(), place: "rooms".to_owned() });
        say.checks.push(Box::pin(async {
            note("examined");
            vec![Finding::ok("rooms", "all are clean")]
        }));
        say.chores.push(Chore {
            name: "cleaning of rooms",
            kept: EntityKey { kind: "rooms_chore".to_owned(), key: "clean".to_owned() },
            after: Arc::new(|last| last.checked_add(jiff::SignedDuration::from_secs(1)).ok()),
            tell: Arc::new(|_| {}),
            act: Arc::new(|_| {
                note("cleaned");
                Box::pin(async { Ok(()) })
            }),
        });
        say.verify.push(Box::pin(async {
            note("verified");
            Ok(())
        }));
        say.on_start(|_, setup| {
            setup.reactors.push(Arc::new(Porter));
            setup.couriers.insert("rooms".to_owned(), Arc::new(Porter));
            setup.decoders.insert("agency".to_owned(), Arc::new(Porter));
            setup.retry.insert("agency".to_owned(), RetryPolicy::NONE.into());
            Ok(Open)
        });
        Ok(())
    }
}

/// Nobody answers there.
fn registry() -> Dependency {
    Dependency {
        name: "land-registry".to_owned(),
        url: "http://127.0.0.1:9".to_owned(),
        why: "to know whose it is".to_owned(),
    }
}

#[derive(Debug, Subcommand)]
enum Line {
    /// Count the rooms
    Count,
}

/// Does all that a port asks for.
struct Porter;

impl Backend for Porter {
    fn run(&self, call: Call, _: Control) -> BoxFuture<'_, Outcome> {
        let full = call.body["payload"]["full"] == true;
        let outcome = if full { Outcome::soft(75, code::RETRY, "all are taken") } else { Outcome::done() };
        Box::pin(std::future::ready(outcome))
    }
}

impl Reactor for Porter {
    fn react(&self, view: &View<'_>, moment: Moment, _: &[Entity]) -> Effects {
        if view.job.action != ACTION || moment != Moment::Settled {
            return Effects::default();
        }
        let to = DeliveryTo { courier: "rooms".to_owned(), address: "guest".to_owned() };
        let deliveries = vec![NewDelivery { to, body: json!("the key"), due_at: None }];
        Effects { deliveries, ..Effects::default() }
    }
}

impl Courier for Porter {
    fn deliver(&self, delivery: Delivery) -> BoxFuture<'_, Delivered> {
        note(format!("delivered {}", delivery.body));
        Box::pin(async { Delivered::Done })
    }
}

impl Decoder for Porter {
    fn decode(&self, raw: &[u8]) -> Result<Request, Why> {
        let payload: Value = serde_json::from_slice(raw)
            .map_err(|why| Why { code: code::UNREADABLE, message: why.to_string() })?;
        Ok(agency(&payload))
    }
}

impl Reclaim for Porter {
    fn reclaim(&self, _: Uuid, _: Vec<RunMark>) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }

    fn lost<'a>(&'a self, _: &'a dyn journal::Read) -> BoxFuture<'a, Vec<JobId>> {
        note("asked for what was lost");
        Box::pin(async { Vec::new() })
    }
}

impl Panel for Porter {
    fn show(&self, _: &Visit, job: &Job) -> Option<String> {
        (job.action == ACTION).then(|| "<p>a room was let</p>".to_owned())
    }
}

/// A request that the agency hands in.
fn agency(payload: &Value) -> Request {
    Request::new("agency", ACTION, json!({ "payload": payload }))
}

fn pages() -> PageRoutes<()> {
    PageRoutes::default().get("/rooms", Who::May(RENT), async |_: May<Rent>| Html("rooms to let"))
}

/// While the hub runs.
struct Open;

impl Running for Open {
    fn start(&self, hub: &Hub) {
        assert!(HUB.set(hub.clone()).is_ok());
        note("started");
    }

    fn pages(&self) -> Option<Part> {
        Some(Part {
            nav: &[NavItem {
                path: "/rooms",
                name: "nav-work",
                group: Group::Work,
                needs: RENT,
                icon: "M5 12h14",
            }],
            texts: &[],
            programs: &["/rooms/v1/"],
        })
    }

    fn serve(&self, _: &Around<'_>) -> Served {
        Served { api: vec![described()], pages: pages().with_state(()), panels: vec![Box::new(Porter)] }
    }

    fn reload(&self, told: &Told) -> Result<Swap<'_>> {
        let rooms: Rooms = told.sections.get();
        Ok(Box::new(move || note(format!("reloaded {}", rooms.number))))
    }

    fn depends_on(&self) -> Vec<Dependency> {
        vec![registry()]
    }

    fn quiesce(&self) {
        note("quiesced");
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async { note("closed") })
    }
}

/// Renting.
struct Rent;

impl Needs for Rent {
    const ANY_OF: &'static [Scope] = &[RENT];
}

/// `GET /rooms/v1/list`.
#[utoipa::path(
    get,
    path = "/rooms/v1/list",
    operation_id = "rooms",
    responses((status = 200, description = "Done", body = Vec<String>)),
    security(("token" = ["rooms:rent"])),
)]
async fn list(_: May<Rent>) -> axum::Json<Vec<&'static str>> {
    axum::Json(vec!["attic"])
}

fn described() -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(list))
}

// === where it is seen ===

fn modules() -> Modules {
    let mut list = intendant::modules::all();
    list.push(Box::new(Letting));
    Modules::new(list)
}

/// A folder with a configuration, and the context of a command in it.
fn site() -> (tempfile::TempDir, Context) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("backends")).unwrap();
    write(&folder, 5);
    let common = Common {
        config: Some(folder.path().join("intendant.yml")),
        server: None,
        verbose: 0,
        quiet: true,
        color: Colour::Never,
    };
    let context = Context::new(common, modules());
    (folder, context)
}

fn write(folder: &tempfile::TempDir, rooms: u32) {
    let at = |name: &str| folder.path().join(name).display().to_string();
    let text = format!(
        "data: {{folder: {}}}\nbackends: {{folder: {}}}\nsocket: {}\nhttp: {{listen: 'off'}}\nrooms: {{number: {rooms}}}\n",
        at("data"),
        at("backends"),
        at("hub.sock")
    );
    std::fs::write(folder.path().join("intendant.yml"), text).unwrap();
}

/// Waits for something, however long the machine takes.
async fn until(what: &str, happened: impl AsyncFn() -> bool) {
    let waited = tokio::time::timeout(Duration::from_mins(2), async {
        while !happened().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("{what} did not happen"));
}

#[test]
fn its_scope_and_routes_are_described() {
    let document: Value = serde_json::from_str(&modules().openapi()).unwrap();
    assert!(document["paths"]["/rooms/v1/list"]["get"].is_object());
    let scopes = document["components"]["schemas"]["Scope"]["enum"].as_array().unwrap();
    assert!(scopes.contains(&json!("rooms:rent")));
}

#[test]
fn its_role_is_taken_by_the_old_name_and_brings_its_settings() {
    let (_folder, context) = site();
    let roles = context.modules.roles();
    let line = role::by_name(["/usr/bin/innkeeper".into()], &roles);
    let (_, Typed::InRole(role, _)) = cli::read(line, &[], &roles) else { panic!("it is no role") };
    assert_eq!(role.name, "innkeeper");
    let taken = role::Taken::read(role, context.environment()).unwrap();
    let loaded = context.in_the_place_of(taken).configuration().unwrap();
    let rooms: Rooms = loaded.sections.get();
    assert_eq!((rooms.town.as_str(), rooms.number), ("Lyon", 9));
    assert_eq!(loaded.origin("rooms.number").to_string(), "$INN_ROOMS");
    assert!(context.told(&loaded).stands_in);
}

#[test]
fn its_backend_and_the_actions_of_its_configuration_are_there_without_a_hub() {
    let (_folder, context) = site();
    let loaded = context.configuration().unwrap();
    let parts = Parts::read(&loaded.config, &context.told(&loaded), &context.modules).unwrap();
    assert!(parts.offer.backends.iter().any(|entry| &*entry.name == "rooms"));
    assert!(parts.actions.get("ROOM_SEEN").spec.optional && !parts.actions.get(ACTION).spec.optional);
}

#[test]
fn its_page_and_what_the_process_does_first_are_known() {
    let modules = modules();
    assert!(modules.pages().iter().any(|page| page.path == "/rooms" && page.who == Who::May(RENT)));
    modules.launch();
    assert!(seen("launched"));
}

#[tokio::test(flavor = "multi_thread")]
async fn its_subcommand_reads_its_section() {
    let (_folder, context) = site();
    let commands = context.modules.commands();
    let line = ["intendant", "rooms", "count"].map(Into::into).to_vec();
    let (_, Typed::OfModule(place, given)) = cli::read(line, &commands, &[]) else {
        panic!("it is no command")
    };
    assert_eq!(commands[place].run(&given, &context).await.unwrap(), Exit::Done);
    assert_eq!(COUNTED.load(Ordering::SeqCst), 5);
    assert!(command::doctor::run(Doctor { json: true }, &context).await.is_ok());
    assert!(seen("examined"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_serves_has_all_of_it() {
    let (folder, context) = site();
    let serving = {
        let context = context.clone();
        tokio::spawn(async move {
            command::serve::run(Serve { new_journal: false, noop: Vec::new() }, &context).await
        })
    };
    let hub = Client::new(folder.path().join("hub.sock"));
    until("the start", async || hub.ready().await.is_ok_and(|readiness| readiness.ready)).await;
    assert!(seen("verified") && seen("started"));

    // Its section of the configuration, with what needs a restart.
    let settings = hub.settings().await.unwrap();
    let setting = |key: &str| settings.iter().find(|setting| setting.key == key).unwrap();
    assert_eq!((setting("rooms.number").value.as_str(), setting("rooms.number").needs_restart), ("5", false));
    assert!(setting("rooms.town").needs_restart && setting("rooms.town").meaning.contains("town"));

    // Its backend does its action, its reactor makes a delivery, its courier takes it.
    let document = json!({ "action": ACTION, "payload": {} }).to_string();
    let asked = Submission { wait: Some(60), ..Submission::default() };
    let done = serde_json::to_value(hub.submit(document, &asked).await.unwrap()).unwrap();
    assert!(done.to_string().contains("succeeded"), "{done}");
    until("the delivery", async || seen("delivered \"the key\"")).await;

    // Its route, its page, its panel on the page of the job.
    let rooms: Vec<String> = hub.get("/rooms/v1/list").await.unwrap();
    assert_eq!(rooms, ["attic"]);
    let jobs = hub.jobs(&api::dto::JobQuery::default()).await.unwrap();
    assert!(text(&hub, "/rooms").await.contains("rooms to let"));
    assert!(text(&hub, &format!("/jobs/{}", jobs.jobs[0].id)).await.contains("<p>a room was let</p>"));

    // It is asked for what was lost, its chore is done, and its source has what it wants for it.
    assert!(seen("asked for what was lost"));
    until("the chore", async || seen("cleaned")).await;
    its_source_is_as_it_says(HUB.get().unwrap()).await;

    // What it depends on is looked at.
    let looked = async || {
        let status = serde_json::to_value(hub.status().await.unwrap()).unwrap();
        status.to_string().contains("land-registry")
    };
    until("the look at its dependency", looked).await;

    // A reload reaches it.
    write(&folder, 7);
    hub.reload().await.unwrap();
    assert!(seen("reloaded 7"));

    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap();
    assert_eq!(serving.await.unwrap().unwrap(), Exit::Done);
    assert!(seen("quiesced") && seen("closed"));
}

/// Its decoder reads what was refused, its limit and its retry policy hold for its source.
async fn its_source_is_as_it_says(hub: &Hub) {
    let refusal = Refusal {
        source: "agency".to_owned(),
        external_id: None,
        action: None,
        code: code::UNREADABLE,
        message: "not understood".to_owned(),
        raw: br#"{"full": true}"#.to_vec(),
    };
    let record = hub.refuse(refusal).await.unwrap();
    let Accepted::New(job) = hub.resubmit(record, &Actor("somebody".to_owned())).await.unwrap() else {
        panic!("its decoder does not read it");
    };
    until("the end", async || hub.job(job).await.unwrap().state.is_terminal()).await;
    let story = hub.story(job).await.unwrap();
    assert_eq!((story.job.state, story.attempts.len()), (JobState::Failed, 1), "it is not tried again");
    let long = agency(&json!({ "name": "x".repeat(2000) }));
    let Accepted::Refused(why) = hub.accept(long, Effects::default()).await.unwrap() else {
        panic!("it is larger than its source allows");
    };
    assert_eq!(why.code, code::TOO_LARGE);
}

async fn text(hub: &Client, path: &str) -> String {
    use futures_util::TryStreamExt as _;
    let request = Client::request(Method::GET, path).header("accept", "text/html");
    let pieces: Vec<_> = hub.ask_bytes(request, Body::empty()).await.unwrap().try_collect().await.unwrap();
    pieces.iter().map(|piece| String::from_utf8_lossy(piece).into_owned()).collect()
}
