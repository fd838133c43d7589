//! What routes and backends say that they depend on: is anybody there?

use http::dependency::reach;
use model::Dependency;

use module::{Finding, Needed};

use crate::assembly::Modules;
use crate::compose::{self, Parts};
use crate::config::Loaded;

/// Asks each of them once, however many declare it.
pub(super) async fn all(needed: Vec<Needed>, loaded: &Loaded, modules: &Modules) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (dependency, place) in declared(needed, loaded, modules) {
        findings.push(look(&dependency, &place).await);
    }
    findings
}

/// Each with the first place that declares it.
fn declared(needed: Vec<Needed>, loaded: &Loaded, modules: &Modules) -> Vec<(Dependency, String)> {
    let mut found: Vec<(Dependency, String)> = Vec::new();
    let mut add = |declared: &[Dependency], place: &str| {
        for needed in declared {
            if !found.iter().any(|(known, _)| known.url == needed.url) {
                found.push((needed.clone(), place.to_owned()));
            }
        }
    };
    for Needed { dependency, place } in needed {
        add(&[dependency], &place);
    }
    // What is wrong with backends is found by another check.
    if let Ok(parts) = Parts::read(loaded, &compose::backends_folder(loaded).used, modules) {
        for backend in &parts.backends.backends {
            add(backend.depends_on(), &backend.folder().join("config.yml").display().to_string());
        }
    }
    found
}

async fn look(dependency: &Dependency, place: &str) -> Finding {
    const NAME: &str = "dependency";
    let Dependency { name, url, why } = dependency;
    let what = format!("{name} at {url} ({why})");
    match reach(url).await {
        Ok(()) => Finding::ok(NAME, format!("{what} answers")),
        Err(error) => Finding::warning(
            NAME,
            format!("{what} is not reached: {error}"),
            format!("start it, or correct depends_on in {place}"),
        ),
    }
}
