//! All routes: those of the API, of the pages for people, and of modules.

use api::Api;
use axum::Router;
use console::Console;
use engine::Clock;
use http::KeyedPaths;
use http::page::{Kit, Part};
use module::{Around, Served};

use crate::assembly::{Assembly, Modules};
use crate::cli::VERSION;

/// What all pages share.
pub(super) fn kit(assembly: &Assembly, modules: &Modules) -> Kit {
    let parts: Vec<Part> = std::iter::once(console::PART).chain(assembly.pages()).collect();
    Kit::speaking(VERSION, &parts, Some(modules.french()))
}

/// The routes of a hub, and below which paths they know who asks by keys of their own.
pub(super) fn routes(
    parts: api::Parts,
    assembly: &Assembly,
    kit: &Kit,
    clock: &Clock,
) -> (Router, KeyedPaths) {
    let around = Around { hub: &parts.hub, access: &parts.access, kit, clock, url: parts.url.as_deref() };
    let (mut described, mut pages, mut panels, mut grave, mut keyed) =
        (Vec::new(), Router::new(), Vec::new(), Vec::new(), Vec::new());
    for Served { api, pages: more, panels: shown, grave: codes, keyed: below } in assembly.serve(&around) {
        described.extend(api);
        pages = pages.merge(more);
        panels.extend(shown);
        grave.extend(codes);
        keyed.extend(below);
    }
    let console = console::routes(Console {
        hub: parts.hub.clone(),
        access: parts.access.clone(),
        url: parts.url.clone(),
        kit: kit.clone(),
        clock: clock.clone(),
        installation: parts.installation.clone(),
        panels: panels.into(),
        grave: grave.into(),
    });
    (api::routes(Api::new(parts), described).merge(console).merge(pages), KeyedPaths::new(keyed))
}
