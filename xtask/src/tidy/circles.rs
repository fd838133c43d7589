//! Within a crate, the folders and files at its root use each other in one direction only.

use std::collections::{BTreeMap, BTreeSet};

use super::{Source, names};

/// The crates that are looked at.
const LOOKED_AT: &[&str] = &["api", "engine", "http"];

/// Who uses whom.
type Uses = BTreeMap<String, BTreeSet<String>>;

/// Says how many rooms each crate has, and that none of them are in a circle.
pub(crate) fn report(sources: &[Source]) -> String {
    let lines: Vec<String> = LOOKED_AT
        .iter()
        .map(|krate| {
            let uses = uses(krate, sources);
            let state = if circle(&uses).is_none() { "no circle" } else { "a circle" };
            format!("{krate}: {} rooms, {state} across them", uses.len())
        })
        .collect();
    lines.join("\n")
}

/// Names a circle of each crate that has one.
pub(crate) fn check(sources: &[Source]) -> Vec<String> {
    let circles = LOOKED_AT.iter().filter_map(|krate| Some((krate, circle(&uses(krate, sources))?)));
    circles.map(|(krate, rooms)| format!("{krate}: {}", rooms.join(" → "))).collect()
}

/// Which room of a crate uses which others.
fn uses(krate: &str, sources: &[Source]) -> Uses {
    let folder = format!("crates/{krate}/src/");
    let files: Vec<(&str, &Source)> = sources
        .iter()
        .filter(|source| source.is_rust())
        .filter_map(|source| Some((source.path.strip_prefix(&folder)?, source)))
        .collect();
    let rooms: BTreeSet<&str> =
        files.iter().map(|(path, _)| room(path)).filter(|room| *room != "lib").collect();
    let root = files.iter().find(|(path, _)| *path == "lib.rs");
    let shown = root.map(|(_, source)| shown(&source.text)).unwrap_or_default();
    let mut uses: Uses = rooms.iter().map(|room| ((*room).to_owned(), BTreeSet::new())).collect();
    for (path, source) in files {
        let Some(own) = uses.get_mut(room(path)) else { continue };
        for (_, name) in names::of(&source.text).unwrap_or_default() {
            let Some(first) = from_root(path, &name) else { continue };
            let used = shown.get(first).map_or(first, String::as_str);
            if rooms.contains(used) && used != room(path) {
                own.insert(used.to_owned());
            }
        }
    }
    uses
}

/// The folder or file at the root in which a file lies.
fn room(path: &str) -> &str {
    let first = path.split('/').next().unwrap_or_default();
    first.strip_suffix(".rs").unwrap_or(first)
}

/// What the root shows as its own, and the room that it comes from.
fn shown(root: &str) -> BTreeMap<String, String> {
    let named = names::of(root).unwrap_or_default();
    let pairs =
        named.iter().filter_map(|(_, name)| Some((name.rsplit_once("::")?.1, name.split("::").next()?)));
    pairs.map(|(last, first)| (last.to_owned(), first.to_owned())).collect()
}

/// The name below the root that a path begins with, if it leads there.
fn from_root<'n>(path: &str, name: &'n str) -> Option<&'n str> {
    if let Some(rest) = name.strip_prefix("crate::") {
        return rest.split("::").next();
    }
    // A file that has the name of its folder stands in the folder above.
    let folders = path.split('/').count() - 1;
    let depth = folders + usize::from(!path.ends_with("/mod.rs"));
    let ups = name.split("::").take_while(|part| *part == "super").count();
    (ups > 0 && ups == depth).then(|| name.split("::").nth(ups)).flatten()
}

/// The first circle, as a way that ends where it began.
fn circle(uses: &Uses) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    uses.keys().find_map(|room| walk(uses, room, &mut Vec::new(), &mut done))
}

fn walk<'u>(
    uses: &'u Uses,
    room: &'u str,
    way: &mut Vec<&'u str>,
    done: &mut BTreeSet<&'u str>,
) -> Option<Vec<String>> {
    if let Some(begun) = way.iter().position(|other| *other == room) {
        return Some(way.iter().skip(begun).chain([&room]).map(|room| (*room).to_owned()).collect());
    }
    if done.contains(room) {
        return None;
    }
    way.push(room);
    let found = uses.get(room)?.iter().find_map(|used| walk(uses, used, way, done));
    way.pop();
    done.insert(room);
    found
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    const ROOT: &str = "mod a; mod b; mod c; pub use b::{Thing, other};";

    fn check_files(files: &[(&str, &str)]) -> Vec<String> {
        let mut sources = vec![source("crates/http/src/lib.rs", ROOT)];
        sources.extend(files.iter().map(|(path, text)| source(&format!("crates/http/src/{path}"), text)));
        check(&sources)
    }

    #[test]
    fn a_circle_is_named_however_it_is_written() {
        let away = ("b/deep.rs", "use super::super::c::C;");
        for back in
            ["use crate::b::B;", "use super::b;", "fn f() -> crate::Thing {}", "use crate::{a::A, b};"]
        {
            let found = check_files(&[("a.rs", ""), away, ("c.rs", back)]);
            assert_eq!(found, ["http: b → c → b"], "{back}");
        }
    }

    #[test]
    fn one_direction_and_what_stays_in_a_room_are_fine() {
        let files = [
            ("a.rs", "use crate::Thing; use crate::c::C;"),
            ("b/mod.rs", "mod deep; use super::c::C;"),
            ("b/deep.rs", "use super::Other; use crate::b::B; use axum::c::C;"),
            ("c.rs", "#[cfg(test)] mod tests { use crate::a::A; }"),
        ];
        assert_eq!(check_files(&files), Vec::<String>::new());
    }
}
