//! All routes: those of the API, of the pages for people, and of modules.

use std::sync::Arc;

use api::Api;
use axum::Router;
use console::{Console, Described};
use engine::Clock;
use http::page::{Kit, Part};
use http::{KeyedPaths, Phrases};
use module::{Around, Served};

use crate::assembly::Assembly;
use crate::cli::VERSION;

/// What all pages share.
pub(super) fn kit(assembly: &Assembly, french: &'static Phrases) -> Kit {
    let parts: Vec<Part> = std::iter::once(console::PART).chain(assembly.pages()).collect();
    Kit::speaking(VERSION, &parts, Some(french))
}

/// The routes of a hub, and below which paths they know who asks by keys of their own.
pub(super) fn routes(
    parts: api::Parts,
    assembly: &Assembly,
    kit: &Kit,
    clock: &Clock,
) -> (Router, KeyedPaths) {
    let around = Around { hub: &parts.hub, access: &parts.access, kit, clock, url: parts.url.as_deref() };
    let (mut described, mut pages, mut panels, mut finders, mut grave, mut keyed) =
        (Vec::new(), Router::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for Served { api, pages: more, panels: shown, finders: found, grave: codes, keyed: below } in
        assembly.serve(&around)
    {
        described.extend(api);
        pages = pages.merge(more);
        panels.extend(shown);
        finders.extend(found);
        grave.extend(codes);
        keyed.extend(below);
    }
    let hub = parts.hub.clone();
    let (access, url, installation) =
        (parts.access.clone(), parts.url.clone(), Arc::clone(&parts.installation));
    let (api, document) = api::routes(Api::new(parts), described);
    let console = console::routes(Console {
        hub,
        access,
        url,
        kit: kit.clone(),
        clock: clock.clone(),
        installation,
        described: Described::of(&document),
        panels: panels.into(),
        finders: finders.into(),
        grave: grave.into(),
    });
    (api.merge(console).merge(pages), KeyedPaths::new(keyed))
}
