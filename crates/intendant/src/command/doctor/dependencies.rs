//! What routes and backends say that they depend on: is anybody there?

use http::dependency::reach;
use model::Dependency;
use module::{Finding, Needed};

/// Asks each of them once, however many declare it; the first place that does is told.
pub(super) async fn all(needed: impl Iterator<Item = Needed>) -> Vec<Finding> {
    let mut asked: Vec<String> = Vec::new();
    let mut findings = Vec::new();
    for Needed { dependency, place } in needed {
        if !asked.contains(&dependency.url) {
            findings.push(look(&dependency, &place).await);
            asked.push(dependency.url);
        }
    }
    findings
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
