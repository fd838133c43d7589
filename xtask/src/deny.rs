//! `cargo xtask deny`: what may come in from outside, by `deny.toml`. No git host is needed for it.

mod expression;
mod rules;

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::workspace::{cargo, output_of, root, show_and_run};
use rules::Rules;

/// What cannot be looked at without a network: the database of advisories is a repository of its own.
const LEFT_OUT: &str = "known vulnerabilities (advisories) are NOT looked at here, as that needs the advisory database \
                        from a git host: where there is one, run `cargo deny check advisories`";

/// Asks cargo-deny where it is installed, and looks at what it can look at itself otherwise. Either says aloud what was
/// left out.
pub(crate) fn run() -> Result<()> {
    if installed() {
        show_and_run(&mut cargo(&["deny", "--locked", "check", "licenses", "bans", "sources"]))?;
    } else {
        let found = look()?;
        if !found.is_empty() {
            bail!("{}\ndeny.toml says what may come in", found.join("\n"));
        }
        println!("licences, banned crates and sources are as deny.toml says (looked at without cargo-deny,");
        println!("which is not installed: `cargo install cargo-deny --locked` gets it)");
    }
    println!("{LEFT_OUT}");
    Ok(())
}

fn installed() -> bool {
    let mut asked = Command::new("cargo");
    asked.args(["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    asked.status().is_ok_and(|status| status.success())
}

/// What is not as the rules say, one line each.
fn look() -> Result<Vec<String>> {
    let text = std::fs::read_to_string(root().join("deny.toml")).context("cannot read deny.toml")?;
    let rules = Rules::read(&text)?;
    let mut found = Vec::new();
    for platform in &rules.targets {
        let asked = ["metadata", "--format-version", "1", "--locked", "--all-features"];
        let metadata = output_of(cargo(&asked).args(["--filter-platform", platform]))?;
        let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata printed no JSON")?;
        found.extend(judge(&metadata, &rules)?);
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// What the rules say of the packages that are used.
fn judge(metadata: &Value, rules: &Rules) -> Result<Vec<String>> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let nodes = metadata.pointer("/resolve/nodes").context("cargo metadata resolves nothing")?;
    let used: Vec<Value> = list(nodes).iter().filter_map(|node| node.get("id").cloned()).collect();
    let packages = metadata.get("packages").context("cargo metadata lists no packages")?;
    let packages = list(packages);
    let known = |package: &&Value| package.get("id").is_some_and(|id| used.contains(id));
    Ok(packages.iter().filter(known).flat_map(|package| rules.judge(package)).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_rules_do_not_allow_is_named() {
        let rules = Rules::read(
            "[graph]\ntargets = [\"x\"]\n[licenses]\n# why\nallow = [\n    \"MIT\",\n    \"Apache-2.0 WITH LLVM-exception\",\n]\n\
             [bans]\ndeny = [\n    { crate = \"openssl-sys\", reason = \"no\" },\n]\n",
        )
        .unwrap();
        assert_eq!(rules.targets, ["x"]);
        let registry = "registry+https://github.com/rust-lang/index";
        let package = |name: &str, license: Value, source: Value| {
            json!({"id": name, "name": name, "version": "1.0.0", "license": license, "source": source,
                   "dependencies": [{"name": "a", "req": "^1", "source": registry}]})
        };
        let mut wild = package("wild", json!("MIT"), Value::Null);
        wild["dependencies"] =
            json!([{"name": "b", "req": "*", "source": registry}, {"name": "c", "req": "*"}]);
        let packages = vec![
            package("good", json!("Apache-2.0 WITH LLVM-exception OR GPL-3.0"), json!(registry)),
            package("both", json!("(MIT OR GPL-3.0) AND BSL-1.0"), json!(registry)),
            package("none", Value::Null, json!(registry)),
            package("openssl-sys", json!("MIT"), json!(registry)),
            package("fork", json!("MIT"), json!("git+https://example.org/fork")),
            package("unused", json!("GPL-3.0"), json!(registry)),
            wild,
        ];
        let nodes: Vec<Value> =
            packages.iter().filter(|p| p["name"] != "unused").map(|p| json!({"id": p["id"]})).collect();
        let metadata = json!({"packages": packages, "resolve": {"nodes": nodes}});
        let found = judge(&metadata, &rules).unwrap();
        assert_eq!(
            found,
            [
                "both 1.0.0: its licence, (MIT OR GPL-3.0) AND BSL-1.0, is not allowed",
                "none 1.0.0: it names no licence",
                "openssl-sys 1.0.0: it is banned",
                "fork 1.0.0: it comes from git+https://example.org/fork, and not from the default registry",
                "wild 1.0.0: it takes any version of b",
            ]
        );
    }

    #[test]
    fn the_rules_of_this_tree_are_read() {
        let text = std::fs::read_to_string(root().join("deny.toml")).unwrap();
        let rules = Rules::read(&text).unwrap();
        assert!(rules.allows("MIT") && rules.allows("ISC AND (Zlib OR GPL-3.0)") && !rules.allows("GPL-3.0"));
        assert!(!rules.targets.is_empty() && rules.banned.contains(&"openssl-sys".to_owned()));
    }
}
