//! French as a whole: nothing that can be typed and no error is without it, and all of it keeps to one glossary and to the
//! habits of French typography.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "the command is a program of its own here")]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use http::Phrases;
use intendant::assembly::Modules;
use intendant::{cli, modules};
use module::terminal::Tongue;
use support::World;

/// What stands after a text and before the next.
const BETWEEN: char = '\u{a0}';

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The files below a folder that end so, with what is in them.
fn files(folder: &Path, end: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") {
            found.extend(files(&path, end));
        } else if path.to_str().is_some_and(|path| path.ends_with(end)) {
            found.push((path.clone(), fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    found
}

fn phrases() -> &'static Phrases {
    Modules::new(modules::all()).french()
}

// --- what can be typed ---

#[test]
fn whatever_can_be_typed_is_described_in_french() {
    let all = Modules::new(modules::all());
    let mut typed = cli::typed(&all.commands(), &all.roles(), Tongue::default());
    typed.build();
    let (mut missing, mut seen) = (BTreeSet::new(), 0);
    walk(&typed, phrases(), &mut missing, &mut seen);
    assert!(seen > 300, "only {seen} texts were found: the walk is broken");
    assert!(missing.is_empty(), "without French:\n{}", missing.into_iter().collect::<Vec<_>>().join("\n"));
}

fn walk(command: &clap::Command, french: &Phrases, missing: &mut BTreeSet<String>, seen: &mut usize) {
    let mut texts: Vec<String> = Vec::new();
    let of_command = [command.get_about(), command.get_long_about(), command.get_after_help()];
    texts.extend(of_command.into_iter().flatten().map(ToString::to_string));
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        texts.extend([arg.get_help(), arg.get_long_help()].into_iter().flatten().map(ToString::to_string));
        texts.extend(arg.get_help_heading().map(str::to_owned));
        if arg.get_action().takes_values() {
            texts.extend(arg.get_value_names().unwrap_or_default().iter().map(ToString::to_string));
        }
    }
    *seen += texts.len();
    missing.extend(texts.into_iter().filter(|text| !text.is_empty() && french.find(text).is_none()));
    command.get_subcommands().for_each(|inner| walk(inner, french, missing, seen));
}

#[test]
fn what_settings_mean_is_said_in_french() {
    let french = phrases();
    let keys = intendant::config::keys(&Modules::new(modules::all()).sections());
    let missing: BTreeSet<String> =
        keys.into_iter().map(|key| key.meaning).filter(|text| french.find(text).is_none()).collect();
    assert!(missing.is_empty(), "without French:\n{}", missing.into_iter().collect::<Vec<_>>().join("\n"));
}

// --- errors and sentences ---

/// Crates whose errors and sentences people read at commands and on pages.
const SPOKEN: [&str; 17] = [
    "access",
    "api",
    "bus",
    "console",
    "engine",
    "google",
    "hosting",
    "http",
    "identities",
    "intendant",
    "journal",
    "mapistore",
    "model",
    "module",
    "notify",
    "scripts",
    "sesame",
];
/// Where a sentence for people begins in code.
const CALLS: [&str; 9] = [
    "#[error(",
    ".remark(",
    ".fail(",
    ".ask(",
    "misuse(",
    "bail!(",
    "anyhow!(",
    "Problem::bad_request(",
    "Problem::taken(",
];
/// The same, where something stands before it.
const SECOND: [&str; 4] = [".marked(", "Finding::ok(", "Finding::warning(", "Finding::error("];
/// The same, where two things do.
const THIRD: [&str; 2] = ["Problem::new(", "Problem::later("];

/// Sentences that are put together from parts, of which each is known.
const MADE_OF_PARTS: [&str; 26] = [
    "there is no {0}",
    "{key} ({origin}): {what}",
    "{} {} {at}{why}",
    "standard input has no {what} password: write it on a line of its own",
    "{counted} in use",
    "{jobs} in {}",
    "{counted} in {}{native}: {found}",
    "{counted} of the program itself, no problem",
    "{what} is not reached: {error}",
    "{} jobs {verb}",
    "{counted}, {}, {}",
    "{counted}, no problem",
    "{counted}, {}",
    "{} {words}",
    "{} {}: {}",
    "{} × {backend}{}",
    "there is no {what}",
    "{place}, {waiting} waiting, {consumers} taking them",
    "{place}: the user {}",
    "bus.{name}: {}: {error}",
    "{} {} at {}",
    "{}  {}{told}",
    "{} {state} {}{why}",
    "{what} is there",
    "{place}, version {}",
    "{place} has maxmemory-policy {}: it may throw jobs away",
];

#[test]
fn errors_and_sentences_of_commands_have_their_french() {
    let french = phrases();
    let (mut missing, mut seen) = (BTreeSet::new(), 0);
    for name in SPOKEN {
        for (path, source) in files(&root().join("crates").join(name).join("src"), ".rs") {
            let code = source.split("#[cfg(test)]").next().unwrap();
            for text in sentences(code).filter(|text| text.split(' ').count() > 2) {
                seen += 1;
                let examples = [filled(&text, "42"), filled(&text, "xyz")];
                let whole = !MADE_OF_PARTS.contains(&text.as_str());
                if whole && examples.iter().all(|example| french.find(example).is_none()) {
                    missing.insert(format!("{}: {text}", path.strip_prefix(root()).unwrap().display()));
                }
            }
        }
    }
    assert!(seen > 200, "only {seen} sentences were found: the search is broken");
    assert!(missing.is_empty(), "without French:\n{}", missing.into_iter().collect::<Vec<_>>().join("\n"));
}

/// The texts that are written out behind one of [`CALLS`], [`SECOND`] or [`THIRD`], with or without `format!` around them.
fn sentences(code: &str) -> impl Iterator<Item = String> {
    let calls = CALLS.map(|call| (call, 0)).into_iter();
    let calls = calls.chain(SECOND.map(|call| (call, 1))).chain(THIRD.map(|call| (call, 2)));
    calls.flat_map(move |(call, before)| {
        code.match_indices(call).filter_map(move |(at, _)| {
            let rest = code[at + call.len()..].splitn(before + 1, ',').nth(before)?.trim_start();
            let rest = rest.strip_prefix("format!(").unwrap_or(rest).trim_start();
            literal(rest.strip_prefix("anyhow!(").or(rest.strip_prefix("anyhow::anyhow!(")).unwrap_or(rest))
        })
    })
}

/// The text in quotes with which this begins.
fn literal(code: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = code.strip_prefix('"')?.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('"', _) => return Some(text),
            ('\\', Some('\n')) => while chars.next_if(|c| c.is_whitespace()).is_some() {},
            ('\\', _) => text.extend(chars.next()),
            _ => text.push(c),
        }
    }
    None
}

/// The text with something in each of its places.
fn filled(text: &str, with: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        filled.push_str(&rest[..at]);
        let doubled = rest[at..].starts_with("{{") || rest[at..].starts_with("}}");
        let end = if doubled { at + 2 } else { rest[at..].find('}').map_or(rest.len(), |end| at + end + 1) };
        filled.push_str(if doubled { &rest[at..=at] } else { with });
        rest = &rest[end..];
    }
    filled + rest
}

// --- how it is written ---

/// A text in French, and where it stands.
struct Text {
    place: String,
    words: String,
}

#[test]
fn catalogues_are_whole() {
    for (path, file) in files(&root().join("crates"), ".po") {
        let (entries, bad) = Phrases::entries(&file);
        assert_eq!(bad, Vec::<usize>::new(), "lines of {} that cannot be read", path.display());
        let mut known = BTreeSet::new();
        for entry in entries {
            let place = format!("{}:{}", path.display(), entry.line);
            assert!(known.insert(entry.id.clone()), "{place}: {} is there twice", entry.id);
            let there: Vec<&str> = places(&entry.id).map(|name| name.trim_end_matches('*')).collect();
            for name in places(&entry.text) {
                let name = name.strip_suffix('!').unwrap_or(name);
                assert!(there.contains(&name), "{place}: there is no {{{name}}} in {}", entry.id);
            }
        }
    }
}

fn places(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0))
}

#[test]
fn every_french_text_keeps_to_typography_and_glossary() {
    let texts = texts();
    assert!(texts.len() > 2000, "only {} texts were found: the search is broken", texts.len());
    let forbidden = forbidden();
    assert!(forbidden.len() > 15, "the glossary has lost its last column: {forbidden:?}");
    let faults: Vec<String> = texts.iter().filter_map(|text| fault(text, &forbidden)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn fault(Text { place, words }: &Text, forbidden: &[String]) -> Option<String> {
    let chars: Vec<char> = words.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| chars[at]);
        let after = chars.get(at + 1).copied();
        let ends = after.is_none_or(|after| " ,.)*|\n".contains(after));
        let wrong = match c {
            '\'' => before.is_some_and(char::is_alphabetic) && after.is_some_and(char::is_alphabetic),
            ':' | ';' | '?' | '!' => before == Some(' ') && ends,
            '»' => before != Some(BETWEEN),
            '«' => after != Some(BETWEEN),
            _ => false,
        };
        if wrong {
            return Some(format!("{place}: typography around {c}: {words}"));
        }
    }
    let unquoted: String = words
        .split('«')
        .enumerate()
        .map(|(at, part)| if at == 0 { part } else { part.split_once('»').map_or("", |(_, behind)| behind) })
        .collect();
    let plain =
        format!(" {} ", unquoted.to_lowercase().replace(|c: char| !c.is_alphanumeric() && c != '-', " "));
    let found = forbidden.iter().find(|word| plain.contains(&format!(" {word} ")))?;
    Some(format!("{place}: the glossary has another word for « {found} »: {words}"))
}

/// The last column of the glossary.
fn forbidden() -> Vec<String> {
    let glossary = fs::read_to_string(root().join("docs/fr/glossaire.md")).unwrap();
    let full = glossary.lines().filter(|line| line.starts_with('|') && !line.ends_with("| |")).skip(2);
    full.filter_map(|row| row.trim_end_matches(['|', ' ']).rsplit('|').next().map(str::to_owned))
        .flat_map(|words| words.split(", ").map(|word| word.trim().to_lowercase()).collect::<Vec<_>>())
        .filter(|word| !word.is_empty())
        .collect()
}

/// All of them: catalogues of commands, of pages, and the documentation, without what is typed.
fn texts() -> Vec<Text> {
    let mut texts = Vec::new();
    for (path, file) in files(&root().join("crates"), ".po") {
        let entry = |entry: http::phrases::Entry| Text {
            place: format!("{}:{}", path.display(), entry.line),
            words: prose(&entry.text),
        };
        texts.extend(Phrases::entries(&file).0.into_iter().map(entry));
    }
    for (path, file) in files(&root().join("crates"), "fr.ftl") {
        for (line, text) in (1..).zip(file.lines()).filter(|(_, line)| !line.starts_with('#')) {
            let value = text.split_once(" = ").map_or(text, |(_, value)| value);
            texts.push(Text { place: format!("{}:{line}", path.display()), words: prose(value) });
        }
    }
    let mut pages = files(&root().join("docs/fr"), ".md");
    pages.push((root().join("README.fr.md"), fs::read_to_string(root().join("README.fr.md")).unwrap()));
    for (path, page) in pages.into_iter().filter(|(path, _)| !path.ends_with("glossaire.md")) {
        let mut typed = false;
        for (line, text) in (1..).zip(page.lines()) {
            let fence = text.trim_start().starts_with("```");
            typed ^= fence;
            if !typed && !fence {
                texts.push(Text { place: format!("{}:{line}", path.display()), words: prose(text) });
            }
        }
    }
    texts
}

/// Without what is typed (between accents), placed (`{ $n }`), an option or an address.
fn prose(text: &str) -> String {
    let mut words = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '{', ']', '<']) {
        words.push_str(&rest[..at]);
        let end = match &rest[at..=at] {
            "`" => rest[at + 1..].find('`').map(|end| at + 2 + end),
            "{" => rest[at..].find('}').map(|end| at + 1 + end),
            "]" if rest[at..].starts_with("](") => rest[at..].find(')').map(|end| at + 1 + end),
            "<" => rest[at..].find('>').map(|end| at + 1 + end),
            _ => None,
        };
        words.push('x');
        rest = &rest[end.unwrap_or(at + 1)..];
    }
    words.push_str(rest);
    // Options, commands, keys, variables and paths.
    let is_prose = |word: &&str| {
        let key = word.contains(['_', '/']) || word.trim_end_matches(['.', ',', ')']).contains('.');
        !(key || word.starts_with("--") || word.starts_with("intendant"))
    };
    words.split(' ').filter(is_prose).collect::<Vec<_>>().join(" ")
}

// --- at work ---

#[test]
fn the_environment_or_an_option_says_the_language() {
    let world = World::new();
    let run = |args: &[&str], variables: &[(&str, &str)]| {
        support::Ran::from(world.command(args).envs(variables.iter().copied()).output().unwrap())
    };
    let french = [("LANG", "fr_FR.UTF-8")];
    let help = run(&["jobs", "--help"], &french);
    assert_eq!(help.code, 0);
    for words in ["Utilisation\u{a0}:", "Commandes\u{a0}:", "Lister les travaux", "Options communes\u{a0}:"] {
        assert!(help.stdout.contains(words), "{words}: {}", help.stdout);
    }
    assert!(!help.stdout.contains("Usage"), "{}", help.stdout);
    let by_option = run(&["jobs", "--help", "--lang", "fr"], &[]);
    assert_eq!(by_option.stdout, help.stdout);
    let overruled = run(&["jobs", "--help"], &[("LANG", "fr_FR.UTF-8"), ("LC_ALL", "en_GB.UTF-8")]);
    assert!(overruled.stdout.contains("List jobs"), "{}", overruled.stdout);
    let wrong = run(&["jobs", "list", "--limt", "3"], &french);
    assert_eq!(wrong.code, 2);
    for words in ["erreur\u{a0}: argument inattendu", "conseil\u{a0}:", "Utilisation\u{a0}:"] {
        assert!(wrong.stderr.contains(words), "{words}: {}", wrong.stderr);
    }
    let nobody = run(&["jobs", "list"], &french);
    assert!(nobody.stderr.starts_with("erreur\u{a0}: aucun serveur n’écoute sur"), "{}", nobody.stderr);
}

#[test]
fn a_failure_is_told_in_french_and_json_stays_as_it_is() {
    let world = World::new();
    world.backend("00first", r#"cat >/dev/null; echo '{"status":4,"message":"annuaire plein"}'"#);
    let _hub = world.serve();
    let document = r#"{"action":"IDENTITY_UPDATE","concernedTo":"alice","payload":{}}"#;
    let file = world.file("request.json", document);
    let run = |args: &[&str]| {
        support::Ran::from(world.command(args).env("LC_MESSAGES", "fr_FR.UTF-8").output().unwrap())
    };
    let failed = run(&["submit", "--wait", &file]);
    assert_eq!(failed.code, 1);
    for words in ["échoué", "annuaire plein", "statut 4", "corrigez, puis"] {
        let said = format!("{}{}", failed.stdout, failed.stderr);
        assert!(said.contains(words), "{words}: {said}");
    }
    // What the operating system says, too.
    let unreadable = run(&["submit", "/proc/self/mem"]);
    assert!(unreadable.stderr.contains("erreur d’entrée-sortie"), "{unreadable:?}");
    let listed = run(&["jobs", "list"]).stdout;
    assert!(listed.contains("✗ échoué"), "{listed}");
    let listed = run(&["jobs", "list", "--json"]).json();
    assert_eq!(listed["jobs"][0]["state"], "failed");
    let shown = run(&["jobs", "show", listed["jobs"][0]["id"].as_str().unwrap()]).stdout;
    for words in ["Déroulement", "La suite", "Il est au rebut.", "Demande"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let examined = run(&["doctor"]);
    assert!(
        examined.stdout.contains("1 rebut") && examined.stdout.contains("données"),
        "{}",
        examined.stdout
    );
}
