//! The manual pages: written as they should be, and one for each function.

use std::collections::BTreeSet;
use std::process::Command;

use crate::header;
use crate::program::{run, source};

#[test]
fn every_page_is_written_as_it_should_be() {
    let mut pages = 0;
    for page in std::fs::read_dir(source().join("man")).unwrap() {
        let page = page.unwrap().path();
        let said = run(Command::new("mandoc").args(["-Tlint", "-Wwarning"]).arg(&page));
        assert_eq!(said, "", "{}", page.display());
        pages += 1;
    }
    assert!(pages > 0);
}

#[test]
fn every_function_has_a_page_with_its_prototype() {
    let pages: String = std::fs::read_dir(source().join("man"))
        .unwrap()
        .map(|page| std::fs::read_to_string(page.unwrap().path()).unwrap())
        .collect();
    let described: BTreeSet<&str> =
        pages.lines().filter_map(|line| line.strip_prefix(".Fn ")?.split(' ').next()).collect();
    let declared = header::functions();
    for (name, prototype) in &declared {
        assert!(described.contains(name.as_str()), "{name}");
        let (_, arguments) = prototype.trim_end_matches(')').split_once('(').unwrap();
        let expected = arguments.split(", ").map(|argument| format!(" \"{argument}\""));
        let line = format!(".Fn {name}{}", expected.collect::<String>().replace("\"void\"", "void"));
        assert!(pages.lines().any(|found| found == line), "{line}");
    }
    assert!(described.iter().all(|name| !name.starts_with("mapistore") || declared.contains_key(*name)));
}
