//! The console: pages about jobs, dead letters, backends, sources, audit and settings.
//!
//! Every page is a plain document of the server. A page that is seen follows `/live` and is read again when what it is
//! about changes; without JavaScript it says the truth of the moment it was loaded.
#![forbid(unsafe_code)]

mod about;
mod access;
mod audit;
mod backends;
mod dead;
mod failsafe;
mod filter;
mod jobs;
mod live;
mod nav;
mod overview;
mod settings;
mod show;
mod sources;
mod submit;

use std::sync::Arc;

use ::access::Access;
use api::Installation;
use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};
use engine::{Clock, Hub};
use http::page::Kit;
use module::Panel;

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
}

impl FromRef<Console> for Kit {
    fn from_ref(console: &Console) -> Self {
        console.kit.clone()
    }
}

/// The routes of all pages. To be put into [`http::page::around`].
pub fn routes(console: Console) -> Router {
    let files = http::page::routes(console.kit.clone());
    Router::new()
        .route("/", get(overview::show))
        .route("/live", get(live::stream))
        .route("/jobs", get(jobs::list))
        .route("/jobs/retry", get(jobs::many::ask).post(jobs::many::retry))
        .route("/jobs/{id}", get(jobs::one::show))
        .route("/jobs/{id}/retry", get(jobs::replay::ask).post(jobs::replay::retry))
        .route("/jobs/{id}/cancel", post(jobs::one::cancel))
        .route("/dead-letters", get(dead::show))
        .route("/dead-letters/refusals/{record}", get(dead::refusal::show))
        .route("/dead-letters/refusals/{record}/resubmit", post(dead::refusal::resubmit))
        .route("/dead-letters/deliveries", post(dead::delivery::all_again))
        .route("/dead-letters/deliveries/{id}", post(dead::delivery::one))
        .route("/backends", get(backends::list))
        .route("/backends/check", get(backends::check))
        .route("/backends/reload", post(backends::reload))
        .route("/backends/{name}", get(backends::one::show))
        .route("/backends/{name}/ping", post(backends::one::ping))
        .route("/backends/{name}/pause", post(backends::one::pause))
        .route("/backends/{name}/resume", post(backends::one::resume))
        .route("/failsafe", get(failsafe::list))
        .route("/failsafe/{set}", get(failsafe::one))
        .route("/failsafe/{set}/approve", post(failsafe::approve))
        .route("/failsafe/{set}/reject", post(failsafe::reject))
        .route("/sources", get(sources::show))
        .route("/audit", get(audit::list))
        .route("/audit/{record}", get(audit::show))
        .route("/settings", get(settings::show))
        .route("/about", get(about::show))
        .route("/submit", get(submit::ask).post(submit::submit))
        .route("/sign-in", get(access::sign::ask).post(access::sign::sign_in))
        .route("/sign-in/oidc", get(access::elsewhere::begin))
        .route("/sign-in/oidc/callback", get(access::elsewhere::end))
        .route("/sign-in/{secret}", get(access::sign::welcome).post(access::sign::redeem))
        .route("/sign-out", post(access::sign::sign_out))
        .route("/account", get(access::own::show))
        .route("/account/password", post(access::own::change))
        .route("/accounts", get(access::accounts::list).post(access::accounts::make))
        .route("/accounts/{name}", get(access::accounts::show).post(access::accounts::change))
        .route("/accounts/{name}/link", post(access::accounts::link))
        .route("/accounts/{name}/remove", post(access::accounts::remove))
        .route("/tokens", get(access::tokens::list).post(access::tokens::make))
        .route("/tokens/{id}/revoke", get(access::tokens::ask).post(access::tokens::revoke))
        .with_state(console)
        .merge(files)
}
