use super::{in_repository, kinds, places};
use crate::config::{Config, Key, cold_keys, keys, load};

/// The table that the guide must hold, line for line: made from the declarations.
fn table() -> Vec<String> {
    let cold = cold_keys(&kinds());
    let row = |key: Key| {
        let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
        let restart = if cold.contains(&key.name) { " Needs a restart." } else { "" };
        format!("| `{}` | {default} | {}{restart} |", key.name, key.meaning)
    };
    keys(&kinds()).into_iter().map(row).collect()
}

#[test]
fn every_key_is_documented_and_nothing_else_is() {
    let guide = std::fs::read_to_string(in_repository("docs/en/configuration.md")).unwrap();
    let rows: Vec<&str> = guide.lines().filter(|line| line.starts_with("| `")).collect();
    let table = table();
    assert_eq!(rows, table, "the table in docs/en/configuration.md should read:\n\n{}\n", table.join("\n"));
}

#[test]
fn the_meaning_of_a_key_fits_a_table() {
    for key in keys(&kinds()) {
        assert!(key.meaning.len() > 10 && !key.meaning.contains('|'), "{}: {}", key.name, key.meaning);
        assert!(key.meaning.ends_with('.'), "{}: {}", key.name, key.meaning);
    }
}

#[test]
fn the_example_loads_and_shows_every_key() {
    let path = in_repository("docs/intendant.example.yml");
    let loaded = load(Some(&path), &places(&[]), &kinds(), None).unwrap();
    assert_eq!(loaded.config.log, Config::default().log, "what it shows are the defaults");
    let text = std::fs::read_to_string(&path).unwrap();
    for key in keys(&kinds()) {
        let last = key.name.rsplit('.').next().unwrap();
        let shown = text
            .lines()
            .any(|line| line.trim_start_matches([' ', '#', ':']).starts_with(&format!("{last}:")));
        assert!(shown, "{} is not in docs/intendant.example.yml", key.name);
    }
    // Also with everything in it that is commented out.
    let all: String = text.lines().map(|line| line.replacen("#:", "", 1) + "\n").collect();
    assert_ne!(all, text);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("intendant.yml");
    std::fs::write(&path, &all).unwrap();
    std::fs::write(folder.path().join("user.schema.json"), "{}").unwrap();
    let loaded = load(Some(&path), &places(&[]), &kinds(), None).unwrap();
    assert_eq!(loaded.config.actions.0.len(), 2);
}
