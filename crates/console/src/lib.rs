//! The console: pages about jobs, dead letters, backends, sources, audit and settings.
//!
//! Every page is a plain document of the server. A page that is seen follows `/live` and is read again when what it is
//! about changes; without JavaScript it says the truth of the moment it was loaded.
#![forbid(unsafe_code)]

mod about;
mod access;
mod audit;
mod backends;
mod chart;
mod dead;
mod docs;
mod failsafe;
mod filter;
mod jobs;
mod live;
mod nav;
mod overview;
mod palette;
mod settings;
mod show;
mod sources;
mod submit;
mod views;

use std::sync::Arc;

use ::access::Access;
use api::Installation;
use axum::Router;
use axum::extract::FromRef;
use engine::{Clock, Hub};
use http::Scope;
use http::page::{Kit, PageRoutes, Who};
use module::{Finder, Panel};

pub use docs::Described;
pub use nav::PART;

/// What the pages are made from. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    /// The hub.
    pub hub: Hub,
    /// Who may come in.
    pub access: Access,
    /// Where people reach the hub: what links for others begin with. `None` = nobody knows.
    pub url: Option<String>,
    /// What all pages share, with [`PART`] in it.
    pub kit: Kit,
    /// Pauses between two words of the live stream.
    pub clock: Clock,
    /// Configuration and backends on the hub's disk.
    pub installation: Arc<dyn Installation>,
    /// What modules show on the page of a job.
    pub panels: Arc<[Box<dyn Panel>]>,
    /// What modules find when somebody types what he remembers.
    pub finders: Arc<[Box<dyn Finder>]>,
    /// The description of the API.
    pub described: Described,
    /// Codes of failures over which a person has to decide, as modules name them.
    pub grave: Arc<[&'static str]>,
}

impl FromRef<Console> for Kit {
    fn from_ref(console: &Console) -> Self {
        console.kit.clone()
    }
}

/// The pages, each with who may use it.
pub fn pages() -> PageRoutes<Console> {
    const READ: Who = Who::May(Scope::READ);
    const OPERATE: Who = Who::May(Scope::OPERATE);
    const SUBMIT: Who = Who::May(Scope::SUBMIT);
    const ADMIN: Who = Who::May(Scope::ADMIN);
    PageRoutes::default()
        .get("/", READ, overview::show)
        .get("/live", READ, live::stream)
        .get("/docs", Who::Anybody, docs::show)
        .get("/palette", READ, palette::find)
        .get("/jobs", READ, jobs::list)
        .get("/jobs/retry", OPERATE, jobs::many::ask_retry)
        .post("/jobs/retry", OPERATE, jobs::many::retry)
        .get("/jobs/cancel", OPERATE, jobs::many::ask_cancel)
        .post("/jobs/cancel", OPERATE, jobs::many::cancel)
        .get("/jobs/aside", OPERATE, jobs::many::ask_aside)
        .post("/jobs/aside", OPERATE, jobs::many::aside)
        .post("/views", READ, views::save)
        .post("/views/remove", READ, views::remove)
        .get("/jobs/{id}", READ, jobs::one::show)
        .get("/jobs/{id}/retry", OPERATE, jobs::replay::ask)
        .post("/jobs/{id}/retry", OPERATE, jobs::replay::retry)
        .post("/jobs/{id}/cancel", OPERATE, jobs::one::cancel)
        .get("/dead-letters", READ, dead::show)
        .post("/dead-letters/refusals", OPERATE, dead::refusal::act)
        .get("/dead-letters/refusals/{record}", READ, dead::refusal::show)
        .post("/dead-letters/refusals/{record}/resubmit", OPERATE, dead::refusal::resubmit)
        .post("/dead-letters/deliveries", OPERATE, dead::delivery::act)
        .get("/backends", READ, backends::list)
        .get("/backends/check", OPERATE, backends::check)
        .post("/backends/reload", ADMIN, backends::reload)
        .get("/backends/{name}", READ, backends::one::show)
        .post("/backends/{name}/ping", OPERATE, backends::one::ping)
        .post("/backends/{name}/pause", OPERATE, backends::one::pause)
        .post("/backends/{name}/resume", OPERATE, backends::one::resume)
        .post("/backends/{name}/concurrency", OPERATE, backends::one::set_concurrency)
        .get("/failsafe", READ, failsafe::list)
        .get("/failsafe/{set}", READ, failsafe::one)
        .post("/failsafe/{set}/approve", OPERATE, failsafe::approve)
        .post("/failsafe/{set}/reject", OPERATE, failsafe::reject)
        .get("/sources", READ, sources::show)
        .get("/audit", ADMIN, audit::list)
        .get("/audit/{record}", ADMIN, audit::show)
        .get("/settings", ADMIN, settings::show)
        .get("/about", READ, about::show)
        .get("/submit", SUBMIT, submit::ask)
        .post("/submit", SUBMIT, submit::submit)
        .get("/sign-in", Who::Anybody, access::sign::ask)
        .post("/sign-in", Who::Anybody, access::sign::sign_in)
        .get("/sign-in/oidc", Who::Anybody, access::elsewhere::begin)
        .get("/sign-in/oidc/callback", Who::Anybody, access::elsewhere::end)
        .get("/sign-in/{secret}", Who::Anybody, access::sign::welcome)
        .post("/sign-in/{secret}", Who::Anybody, access::sign::redeem)
        .post("/sign-out", Who::Person, access::sign::sign_out)
        .get("/account", Who::Person, access::own::show)
        .post("/account/password", Who::Person, access::own::change)
        .get("/accounts", ADMIN, access::accounts::list)
        .post("/accounts", ADMIN, access::accounts::make)
        .get("/accounts/{name}", ADMIN, access::accounts::show)
        .post("/accounts/{name}", ADMIN, access::accounts::change)
        .post("/accounts/{name}/link", ADMIN, access::accounts::link)
        .post("/accounts/{name}/remove", ADMIN, access::accounts::remove)
        .get("/tokens", ADMIN, access::tokens::list)
        .post("/tokens", ADMIN, access::tokens::make)
        .get("/tokens/{id}/revoke", ADMIN, access::tokens::ask)
        .post("/tokens/{id}/revoke", ADMIN, access::tokens::revoke)
}

/// The routes of all pages. To be put into [`http::page::around`].
pub fn routes(console: Console) -> Router {
    let files = http::page::routes(console.kit.clone());
    pages().with_state(console).merge(files)
}
