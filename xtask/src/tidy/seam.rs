//! Nobody below the modules names one of them, and the command does so in its list only.

use super::floors::MODULES;
use super::{Source, names};

/// Where modules are listed.
const LIST: &str = "crates/intendant/src/modules.rs";

/// The crates below the modules.
const BELOW: &[&str] =
    &["schema", "model", "journal", "engine", "http", "access", "api", "module", "console"];

/// Modules whose names are no words of everybody's: below they are a part of no name either.
const PRODUCTS: &[&str] = &["sesame", "bus", "google", "mapistore", "hosting"];

/// Names of modules where they have no place.
pub(crate) fn check(sources: &[Source]) -> Vec<String> {
    sources.iter().filter(|source| source.is_rust()).flat_map(check_one).collect()
}

fn check_one(source: &Source) -> Vec<String> {
    let path = source.path.as_str();
    let below = BELOW.iter().any(|krate| path.starts_with(&format!("crates/{krate}/src/")));
    let above = path.starts_with("crates/intendant/src/") && path != LIST && !path.contains("/tests");
    if !below && !above {
        return Vec::new();
    }
    let named = names::of(&source.text).unwrap_or_default();
    let module = |name: &str| if below { product_in(name) } else { crate_of(name) };
    let found = named.iter().filter_map(|(line, name)| Some((line, module(name)?)));
    let mut found: Vec<String> =
        found.map(|(line, module)| format!("{path}:{line} names the module {module}")).collect();
    found.dedup();
    found
}

/// The module's crate that a path begins with.
fn crate_of(name: &str) -> Option<&'static str> {
    let (first, _) = name.split_once("::")?;
    MODULES.iter().copied().find(|module| *module == first)
}

/// The product that is a word of a name: `RetryPolicy::SESAME`, `BusSource`, `hosting_client`.
fn product_in(name: &str) -> Option<&'static str> {
    let last = name.rsplit("::").next()?;
    let (mut words, mut before) = (String::new(), '_');
    for letter in last.chars() {
        if letter.is_uppercase() && before.is_lowercase() {
            words.push('_');
        }
        words.extend(letter.to_lowercase());
        before = letter;
    }
    PRODUCTS.iter().copied().find(|product| words.split('_').any(|word| word == *product))
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&[source(path, text)]).len()
    }

    #[test]
    fn below_no_product_has_a_name() {
        let policy = "fn f() { let _ = RetryPolicy::SESAME; }";
        assert_eq!(found("crates/engine/src/a.rs", policy), 1);
        assert_eq!(found("crates/http/src/a.rs", "use crate::HostingClient;"), 1);
        assert_eq!(found("crates/engine/src/a.rs", "use tokio::sync::Notify; use a::Scripts;"), 0);
        assert_eq!(found("crates/bus/src/a.rs", policy), 0);
    }

    #[test]
    fn the_command_names_modules_in_its_list_only() {
        let text = "fn f() { sesame::start(); }";
        assert_eq!(found("crates/intendant/src/command/a.rs", text), 1);
        assert_eq!(found("crates/intendant/src/command/a.rs", "use bus::Bus;"), 1);
        assert_eq!(found(LIST, text), 0);
        assert_eq!(found("crates/intendant/src/command/a.rs", "use crate::notify; use engine::Hub;"), 0);
    }
}
