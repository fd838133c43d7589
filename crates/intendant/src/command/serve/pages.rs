//! The pages for people.

use api;
use axum::Router;
use bus::api::Api as Buses;
use console::Console;
use engine::Clock;
use http::page::{Kit, Part};
use identities::pages::Pages;

use crate::cli::VERSION;

/// What all pages share, for the modules that this hub is made of: without a bus there are no pages about one.
pub(super) fn kit(buses: &Buses) -> Kit {
    let with_buses = (!buses.sources.is_empty()).then_some(bus::pages::PART);
    let parts = [Some(console::PART), Some(identities::pages::PART), with_buses];
    Kit::new(VERSION, &parts.into_iter().flatten().collect::<Vec<Part>>())
}

/// The routes of all pages, made from the same parts as those of the API.
pub(super) fn routes(
    parts: &api::Parts,
    register: &identities::api::Api,
    buses: Buses,
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
    let pages = console.merge(identities::pages::routes(Pages {
        register: register.register.clone(),
        schedule: register.schedule.clone(),
        kit: kit.clone(),
    }));
    if buses.sources.is_empty() {
        return pages;
    }
    pages.merge(bus::pages::routes(bus::pages::Pages { api: buses, clock: clock.clone(), kit: kit.clone() }))
}
