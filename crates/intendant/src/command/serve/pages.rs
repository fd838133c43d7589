//! The pages for people.

use axum::Router;
use console::Console;
use engine::Clock;
use http::api;
use http::page::Kit;
use identities::pages::Pages;

use crate::cli::VERSION;

/// What all pages share, for the modules that this program is made of.
pub(super) fn kit() -> Kit {
    Kit::new(VERSION, &[console::PART, identities::pages::PART])
}

/// The routes of all pages, made from the same parts as those of the API.
pub(super) fn routes(
    parts: &api::Parts,
    register: &identities::api::Api,
    kit: &Kit,
    clock: &Clock,
) -> Router {
    let console = console::routes(Console {
        hub: parts.hub.clone(),
        access: parts.access.clone(),
        url: parts.url.clone(),
        kit: kit.clone(),
        clock: clock.clone(),
        installation: parts.installation.clone(),
    });
    console.merge(identities::pages::routes(Pages {
        register: register.register.clone(),
        schedule: register.schedule.clone(),
        kit: kit.clone(),
    }))
}
