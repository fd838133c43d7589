//! An upper crate uses lower ones, never sideways, never up.

use anyhow::{Context as _, Result};
use serde_json::Value;

/// The floors, lowest first. Crates of one floor do not know each other.
const FLOORS: &[&[&str]] = &[
    &["mapistore-wire", "schema"],
    &["model"],
    &["journal"],
    &["engine"],
    &["http"],
    &["access"],
    &["api"],
    &["module"],
    &["console"],
    MODULES,
    &["intendant"],
];

/// The modules: none knows another.
pub(crate) const MODULES: &[&str] =
    &["scripts", "google", "sesame", "bus", "mapistore", "hosting", "identities", "notify", "libmapistore"];

/// Outside the house: they may use any crate of it.
const OUTSIDE: &[&str] = &["xtask", "bench", "fuzz"];

/// Outside the house too: tests lean on them. Each with the crates of the house that it may know.
const SUPPORT: &[(&str, &[&str])] = &[
    ("testkit", &[]),
    ("testhub", &["model", "journal", "engine", "testkit"]),
    ("testgoogle", &["testkit"]),
];

/// A package of the workspace and what it uses of the workspace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Package {
    /// Its name within the house.
    pub(crate) name: String,
    uses: Vec<Use>,
    /// What it uses from outside of the workspace.
    pub(crate) from_outside: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Use {
    name: String,
    only_in_tests: bool,
}

/// Reads the packages out of what `cargo metadata` printed.
pub(crate) fn packages(metadata: &str) -> Result<Vec<Package>> {
    let metadata: Value = serde_json::from_str(metadata).context("cargo metadata printed no JSON")?;
    let packages =
        metadata.get("packages").and_then(Value::as_array).context("cargo metadata lists no packages")?;
    Ok(packages.iter().map(package).collect())
}

fn package(json: &Value) -> Package {
    let uses = json.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    let (inside, outside): (Vec<_>, Vec<_>) = uses.partition(|used| !text(used, "path").is_empty());
    let only_in_tests = |used: &Value| text(used, "kind") == "dev";
    Package {
        name: short_name(json),
        uses: inside
            .into_iter()
            .map(|used| Use { name: short_name(used), only_in_tests: only_in_tests(used) })
            .collect(),
        from_outside: outside.into_iter().map(|used| text(used, "name").to_owned()).collect(),
    }
}

/// A package's name within the house.
fn short_name(json: &Value) -> String {
    let name = text(json, "name");
    name.strip_prefix("intendant-").unwrap_or(name).to_owned()
}

fn text<'a>(json: &'a Value, key: &str) -> &'a str {
    json.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Lists every use that goes sideways or up.
pub(crate) fn check(packages: &[Package]) -> Vec<String> {
    packages.iter().flat_map(check_one).collect()
}

fn check_one(package: &Package) -> Vec<String> {
    let name = package.name.as_str();
    if OUTSIDE.contains(&name) {
        return Vec::new();
    }
    if let Some((_, known)) = support(name) {
        let strange = package.uses.iter().filter(|used| !known.contains(&used.name.as_str()));
        return strange
            .map(|used| format!("{name} uses {}: the tests of that crate lean on it", used.name))
            .collect();
    }
    let Some(own) = floor(name) else {
        return vec![format!("{name} stands on no floor: give it one in xtask/src/tidy/floors.rs")];
    };
    package.uses.iter().filter(|used| !may_use(own, used)).map(|used| trouble(name, used)).collect()
}

fn may_use(own: usize, used: &Use) -> bool {
    if support(&used.name).is_some() {
        return used.only_in_tests;
    }
    floor(&used.name).is_some_and(|below| below < own)
}

fn trouble(name: &str, used: &Use) -> String {
    if support(&used.name).is_some() {
        return format!("{name} uses {} outside its tests: make it a dev-dependency", used.name);
    }
    format!("{name} uses {}, which is not below it", used.name)
}

fn support(name: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    SUPPORT.iter().find(|(support, _)| *support == name)
}

fn floor(name: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(name: &str, dependencies: &str) -> Vec<String> {
        let metadata = format!(r#"{{"packages":[{{"name":"{name}","dependencies":[{dependencies}]}}]}}"#);
        check(&packages(&metadata).unwrap())
    }

    fn on(name: &str, kind: &str) -> String {
        format!(r#"{{"name":"intendant-{name}","kind":{kind},"path":"/somewhere"}}"#)
    }

    #[test]
    fn down_is_allowed() {
        assert!(check_text("intendant-engine", &on("journal", "null")).is_empty());
        assert!(check_text("intendant", &on("scripts", "null")).is_empty());
    }

    #[test]
    fn up_and_sideways_are_not() {
        assert_eq!(
            check_text("intendant-model", &on("engine", "null")),
            ["model uses engine, which is not below it"]
        );
        assert_eq!(
            check_text("intendant-scripts", &on("bus", "\"dev\"")),
            ["scripts uses bus, which is not below it"]
        );
        assert_eq!(check_text("intendant-journal", &on("xtask", "\"build\"")).len(), 1);
    }

    #[test]
    fn the_test_kit_is_for_tests() {
        assert!(check_text("intendant-journal", &on("testkit", "\"dev\"")).is_empty());
        assert_eq!(check_text("intendant-journal", &on("testkit", "null")).len(), 1);
        assert_eq!(check_text("intendant-testkit", &on("model", "null")).len(), 1);
        assert!(check_text("intendant-testhub", &on("engine", "null")).is_empty());
        assert_eq!(check_text("intendant-testhub", &on("api", "null")).len(), 1);
    }

    #[test]
    fn every_crate_has_a_floor_and_others_are_nobodys_business() {
        assert_eq!(check_text("intendant-attic", "").len(), 1);
        assert!(check_text("intendant-model", r#"{"name":"serde","kind":null}"#).is_empty());
        assert!(check_text("xtask", &on("testkit", "null")).is_empty());
    }
}
