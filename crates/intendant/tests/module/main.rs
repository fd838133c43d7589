//! A module that registers one of everything, in this one file, and is seen in all places.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::disallowed_methods, reason = "the hub is a program of its own here")]

mod waits;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::time::Duration;

use anyhow::Result;
use api::Client;
use api::client::Submission;
use axum::Extension;
use axum::body::Body;
use axum::http::{HeaderMap, Method};
use axum::response::{Html, IntoResponse as _, Response};
use clap::Subcommand;
use engine::port::{
    BackendEntry, BoxFuture, Call, Control, Courier, Decoder, Delivered, Fault, Mapping, Moment, Reactor,
    Reclaim, View,
};
use engine::{Accepted, Actor, Hub, PING, Why};
use http::file::SentFile;
use http::page::{Group, Lang, NavItem, PageRoutes, Part, Visit, Who};
use http::{Credential, DeclaredScope, May, Needs, Problem, Proved, Role, Scope};
use intendant::assembly::Modules;
use intendant::cli::{self, Common, Doctor, Serve, Typed};
use intendant::command;
use intendant::compose::Parts;
use intendant::context::Context;
use intendant::role;
use model::effect::EntityContent;
use model::word::code;
use model::{
    ActionSpec, Delivery, DeliveryTo, Dependency, Effects, Entity, EntityKey, EntityWrite, Job, JobId,
    JobState, NewDelivery, OnError, Outcome, Progress, Refusal, Request, RetryPolicy, RunMark, Secret, Times,
};
use module::config::{Root, SectionKind};
use module::exit::Exit;
use module::terminal::{Colour, Tongue};
use module::{
    About, Around, Chore, Command, Declaration, Finding, Module, Native, Needed, Offer, Panel, Place,
    Running, Said, Served, Settings, SourceName, Swap, Told, native,
};
use serde_json::{Value, json};
use testkit::port::Port;
use tokio::sync::Semaphore;
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
/// Where its hub is reached over TCP.
static PORT: LazyLock<Port> = LazyLock::new(|| Port::take().unwrap());
static HUB: OnceLock<Hub> = OnceLock::new();
static COUNTED: AtomicUsize = AtomicUsize::new(0);
/// How often a native backend was started, and stopped.
static OPENED: AtomicUsize = AtomicUsize::new(0);
static CLOSED: AtomicUsize = AtomicUsize::new(0);
static GATE: Semaphore = Semaphore::const_new(0);
/// Its name among the backends.
const BACKEND: &str = "40rooms";

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
    has_folders: true,
    read: |_| {
        let rooms = Said {
            key: "rooms.number".to_owned(),
            place: Place::Variable("INN_ROOMS".to_owned()),
            text: Some(Secret::new("9".to_owned())),
        };
        Ok(Settings { said: vec![rooms], ..Settings::default() })
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
            french: "",
            roles: vec![ROLE],
        }
    }

    fn offer(&self, _: &Told) -> Result<Offer> {
        let mapping = Mapping { on_error: OnError::Stop, retry: None, limit: None };
        let actions = [ACTION, PING].map(|action| (action.to_owned(), mapping));
        let doorman = native(Doorman { depends_on: [registry()] });
        let porter = BackendEntry { concurrency: Some(2), ..BackendEntry::new(BACKEND, doorman, actions) };
        let told = ActionSpec { optional: true, ..ActionSpec::default() };
        Ok(Offer {
            backends: std::iter::once(porter).chain(waits::backends()).collect(),
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
            kept: Some(EntityKey { kind: "rooms_chore".to_owned(), key: "clean".to_owned() }),
            times: Times::Every(Duration::from_secs(1)),
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

/// The native backend: it stands between the folders `30x` and `50y`.
struct Doorman {
    depends_on: [Dependency; 1],
}

impl Native for Doorman {
    fn run(&self, call: Call, control: Control) -> BoxFuture<'_, Outcome> {
        assert!(OPENED.load(Ordering::SeqCst) > CLOSED.load(Ordering::SeqCst), "it was started before");
        Box::pin(async move {
            let payload = &call.body["payload"];
            if payload["wait"] == true {
                control.progress.report(Progress::of(1, 2).saying("making the bed"));
                GATE.acquire().await.unwrap().forget();
            }
            match (&*call.action, payload["full"] == true) {
                (PING, _) => Outcome { message: Some("at the door".to_owned()), ..Outcome::done() },
                (_, true) => Outcome::soft(75, code::RETRY, "all are taken"),
                (_, false) => Outcome::done(),
            }
        })
    }

    fn depends_on(&self) -> &[Dependency] {
        &self.depends_on
    }

    fn start(&self) -> BoxFuture<'_, Result<()>> {
        OPENED.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(()) })
    }

    fn stop(&self) -> BoxFuture<'_, ()> {
        CLOSED.fetch_add(1, Ordering::SeqCst);
        Box::pin(async {})
    }

    fn check(&self) -> BoxFuture<'_, Vec<Fault>> {
        let (what, remedy) = ("the key sticks".to_owned(), "oil the lock".to_owned());
        Box::pin(async { vec![Fault { severe: false, what, remedy }] })
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
    fn show<'a>(&'a self, visit: &'a Visit, job: &'a Job) -> BoxFuture<'a, Option<String>> {
        Box::pin(async move {
            let key = EntityKey { kind: "rooms_note".to_owned(), key: "today".to_owned() };
            let note = HUB.get()?.journal().entity(key).await.ok()?;
            let label = note.map(|note| note.label).unwrap_or_default();
            (job.action == ACTION).then(|| format!("<p>{}: {label}</p>", visit.t("room-let")))
        })
    }
}

/// A request that the agency hands in.
fn agency(payload: &Value) -> Request {
    Request::new("agency", ACTION, json!({ "payload": payload }))
}

fn pages() -> PageRoutes<()> {
    PageRoutes::default().get("/rooms", Who::May(RENT), async |_: May<Rent>| Html("rooms to let")).get(
        "/rooms/v1/keys/plan",
        Who::Anybody,
        plan,
    )
}

/// The plan of the house, for who has its key.
async fn plan(method: Method, headers: HeaderMap) -> Result<Response, Problem> {
    match Credential::of(&headers)? {
        Some(Credential::Bearer(key)) if key.expose() == "k-7" => {}
        _ => return Err(Problem::unauthenticated()),
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "attic, cellar").unwrap();
    let file = tokio::fs::File::open(file.path()).await.unwrap();
    let plan =
        SentFile { file, kind: "text/plain", name: Some("Étages.txt".to_owned()), tag: "1".to_owned() };
    Ok((Extension(Proved), plan.answer(&method, &headers).await?).into_response())
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
            texts: &[
                (Lang::En, "room-let = a room was let"),
                (Lang::Fr, "room-let = une chambre a été louée"),
            ],
            programs: &["/rooms/v1/"],
        })
    }

    fn serve(&self, _: &Around<'_>) -> Served {
        Served {
            api: vec![described()],
            pages: pages().with_state(()),
            panels: vec![Box::new(Porter)],
            grave: vec!["room_let_twice"],
            keyed: vec!["/rooms/v1/keys/"],
            finders: Vec::new(),
        }
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
        lang: None,
    };
    let context = Context::new(common, modules(), Tongue::default());
    (folder, context)
}

fn write(folder: &tempfile::TempDir, rooms: u32) {
    let at = |name: &str| folder.path().join(name).display().to_string();
    let text = format!(
        "data: {{folder: {}}}\nbackends: {{folder: {}}}\nsocket: {}\nhttp: {{listen: '127.0.0.1:{}'}}\nrooms: {{number: {rooms}}}\n",
        at("data"),
        at("backends"),
        at("hub.sock"),
        PORT.number()
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
    let Ok((_, Typed::InRole(role, _))) = cli::read(line, &[], &roles, Tongue::default()) else {
        panic!("it is no role")
    };
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
    assert!(parts.offer.backends.iter().any(|entry| &*entry.name == BACKEND));
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
    let Ok((_, Typed::OfModule(place, given))) = cli::read(line, &commands, &[], Tongue::default()) else {
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
    let page = format!("/jobs/{}", jobs.jobs[0].id);
    assert!(text(&hub, &page).await.contains("<p>a room was let: </p>"));
    assert!(text_in("fr", &hub, &page).await.contains("<p>une chambre a été louée: </p>"));
    // What it shows is of the moment, and the page is read again while somebody looks.
    let label = "with a view".to_owned();
    let content = EntityContent { state: "said".to_owned(), label, body: json!({}) };
    let key = EntityKey { kind: "rooms_note".to_owned(), key: "today".to_owned() };
    let entity = EntityWrite { key, expected_rev: 0, content: Some(content) };
    HUB.get().unwrap().write(Effects { entities: vec![entity], ..Effects::default() }, None).await.unwrap();
    assert!(text(&hub, &page).await.contains("<p>a room was let: with a view</p>"));
    assert!(text(&hub, &page).await.contains(&format!("data-live=\"job={}", jobs.jobs[0].id)));

    its_key_opens_the_plan_to_other_sites(PORT.number());

    // It is asked for what was lost, its chore is done, and its source has what it wants for it.
    assert!(seen("asked for what was lost"));
    until("the chore", async || seen("cleaned")).await;
    its_source_is_as_it_says(HUB.get().unwrap()).await;
    waits::are_told(HUB.get().unwrap()).await;

    // What it depends on is looked at.
    let looked = async || {
        let status = serde_json::to_value(hub.status().await.unwrap()).unwrap();
        status.to_string().contains("land-registry")
    };
    until("the look at its dependency", looked).await;

    its_backend_is_one_of_the_catalogue(&hub, folder.path(), &context).await;

    // A reload reaches it.
    write(&folder, 7);
    hub.reload().await.unwrap();
    assert!(seen("reloaded 7"));

    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap();
    assert_eq!(serving.await.unwrap().unwrap(), Exit::Done);
    assert!(seen("quiesced") && seen("closed"));
    assert_eq!(
        CLOSED.load(Ordering::SeqCst),
        OPENED.load(Ordering::SeqCst),
        "all that was started was stopped"
    );
}

/// A folder with a backend of the action that is named.
fn backend(folder: &Path, name: &str, action: &str) {
    let home = folder.join("backends").join(name);
    std::fs::create_dir_all(home.join("bin")).unwrap();
    let config = format!(
        "_version: 1\nname: '{name}'\ndescription: 'a test'\nactive: true\nactions:\n  {action}:\n    script: 'run.sh'\n"
    );
    std::fs::write(home.join("config.yml"), config).unwrap();
    let script = home.join("bin/run.sh");
    std::fs::write(&script, "#!/bin/sh\necho '{\"status\":0}'\n").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Its native backend stands and behaves like those in folders.
async fn its_backend_is_one_of_the_catalogue(hub: &Client, folder: &Path, context: &Context) {
    backend(folder, "30x", "ROOM_CLEANED");
    backend(folder, "50y", "ROOM_CLEANED");
    hub.reload().await.unwrap();
    let mut listed = hub.backends().await.unwrap();
    listed.retain(|listed| ["30x", BACKEND, "50y"].contains(&listed.name.as_str()));
    let own: Vec<_> = listed.iter().map(|backend| (backend.name.as_str(), backend.native)).collect();
    assert_eq!(own, [("30x", false), (BACKEND, true), ("50y", false)]);
    assert_eq!((listed[1].concurrency, listed[1].depends_on[0].name.as_str()), (Some(2), "land-registry"));
    assert!(text(hub, "/backends").await.contains("native"));
    assert!(text_in("fr", hub, &format!("/backends/{BACKEND}")).await.contains("une partie du programme"));

    // Asked whether it is there, and what it finds.
    assert_eq!(hub.ping(BACKEND).await.unwrap().message.as_deref(), Some("at the door"));
    let report = hub.check().await.unwrap();
    assert_eq!((report.backends, report.native), (2 + waits::backends().len(), 1));
    let problem = report.problems.iter().find(|problem| problem.file == BACKEND).unwrap();
    assert_eq!((problem.what.as_str(), problem.remedy.as_str()), ("the key sticks", "oil the lock"));
    let check = cli::Check { folder: None, json: true };
    assert_eq!(command::check::run(check, context).await.unwrap(), Exit::Done);

    // Paused and resumed.
    hub.pause(BACKEND).await.unwrap();
    let waits = submit(hub, json!({})).await;
    assert_eq!(hub.job(waits).await.unwrap().waiting_on.on, "pause");
    hub.resume(BACKEND).await.unwrap();
    until("the end", async || hub.job(waits).await.unwrap().job.state == JobState::Succeeded).await;

    // Its slots are bounded; a reload lets what runs on it end, and what comes after is begun anew.
    let opened = OPENED.load(Ordering::SeqCst);
    let closed = opened - 1;
    until("the stop of the one before", async || CLOSED.load(Ordering::SeqCst) == closed).await;
    let mut three = Vec::new();
    for _ in 0..3 {
        three.push(submit(hub, json!({ "wait": true })).await);
    }
    let running = async || {
        let listed = hub.backends().await.unwrap();
        listed.iter().find(|listed| listed.name == BACKEND).unwrap().running
    };
    until("two of three", async || running().await == 2).await;
    let said = async || {
        let mut said = 0;
        for job in &three {
            let story = hub.job(*job).await.unwrap();
            said += usize::from(story.progress.is_some_and(|progress| progress.done == Some(1)));
        }
        said
    };
    until("how far they have come", async || said().await == 2).await;
    hub.reload().await.unwrap();
    assert_eq!(CLOSED.load(Ordering::SeqCst), closed, "something runs on it");
    GATE.add_permits(3);
    for job in three {
        until("the end", async || hub.job(job).await.unwrap().job.state == JobState::Succeeded).await;
    }
    until("its stop", async || CLOSED.load(Ordering::SeqCst) == closed + 1).await;
    assert_eq!(OPENED.load(Ordering::SeqCst), opened + 1);

    // A folder of the same name is told, and nobody is told success meanwhile.
    backend(folder, BACKEND, "ROOM_CLEANED");
    let warned = hub.reload().await.unwrap().warnings.join("\n");
    assert!(warned.contains(&format!("two backends are called {BACKEND}")), "{warned}");
    let broken = submit(hub, json!({})).await;
    until("the end", async || hub.job(broken).await.unwrap().job.state.is_terminal()).await;
    let broken = hub.job(broken).await.unwrap();
    assert_eq!(broken.steps[0].code, Some(code::BACKEND_BROKEN));
    std::fs::remove_dir_all(folder.join("backends").join(BACKEND)).unwrap();
}

async fn submit(hub: &Client, payload: Value) -> JobId {
    let document = json!({ "action": ACTION, "payload": payload }).to_string();
    hub.submit(document, &Submission::default()).await.unwrap().job.unwrap()
}

/// Part of a file, for a page of another site that has the key; nothing for one that has only a person's browser.
fn its_key_opens_the_plan_to_other_sites(port: u16) {
    let curl = |more: &[&str]| {
        let foreign = ["-sS", "-i", "--max-time", "60", "-H", "Sec-Fetch-Site: cross-site"];
        let url = format!("http://127.0.0.1:{port}/rooms/v1/keys/plan");
        let output = std::process::Command::new("curl").args(foreign).args(more).arg(url).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let part = curl(&["-H", "Authorization: Bearer k-7", "-r", "7-"]);
    assert!(part.starts_with("HTTP/1.1 206 ") && part.ends_with("\r\n\r\ncellar"), "{part}");
    assert!(part.contains("filename*=UTF-8''%C3%89tages.txt"), "{part}");
    let refused = curl(&["-H", "Cookie: intendant=whatever"]);
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
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
    text_in("en", hub, path).await
}

async fn text_in(language: &str, hub: &Client, path: &str) -> String {
    use futures_util::TryStreamExt as _;
    let request =
        Client::request(Method::GET, path).header("accept", "text/html").header("accept-language", language);
    let pieces: Vec<_> = hub.ask_bytes(request, Body::empty()).await.unwrap().try_collect().await.unwrap();
    pieces.iter().map(|piece| String::from_utf8_lossy(piece).into_owned()).collect()
}
