//! In which language a page speaks: what stands on one that is in French, against the catalogues of both languages.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use intendant::assembly::Modules;
use serde_json::Value;

use crate::bed::Bed;

/// What people read or hear on the page, but for what was said by others (in quotes), what is typed, and what the page itself
/// says is in another language.
const SAID: &str = "
    const others = 'q, code, pre, kbd, .mono, .code, script, style, template, [lang=en], textarea';
    const said = new Set();
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const text = walk.currentNode.textContent.replace(/[ \\n]+/g, ' ').trim();
        if (text && !walk.currentNode.parentElement.closest(others)) said.add(text);
    }
    for (const element of document.querySelectorAll('[aria-label], [title], [placeholder], [alt]'))
        if (!element.closest(others)) for (const name of ['aria-label', 'title', 'placeholder', 'alt'])
            if (element.getAttribute(name)) said.add(element.getAttribute(name));
    said.add(document.title);
    return [...said];";

/// Words of which English sentences are made, and French ones never.
const ENGLISH: [&str; 22] = [
    "the", "is", "are", "of", "and", "which", "was", "were", "has", "have", "been", "with", "this", "that",
    "by", "from", "not", "will", "for", "its", "they", "to",
];

/// Texts of pages that are different in French, as their pieces between what is put in.
static TEXTS: LazyLock<BTreeSet<String>> = LazyLock::new(english_only);

/// What a page in French says in English, but for what others said (backends, a directory), by a part of it.
pub(crate) fn english(bed: &Bed, others: &[&str]) -> Vec<String> {
    let phrases = Modules::new(intendant::modules::all());
    let french = phrases.french();
    let said = bed.browser.script(SAID).unwrap();
    let said = said.as_array().unwrap().iter().filter_map(Value::as_str);
    let place = bed.browser.script("return location.pathname").unwrap();
    said.filter(|text| !others.iter().any(|other| text.contains(other)))
        .filter(|text| {
            let mut words = text.split(|c: char| !c.is_alphabetic() && c != '_');
            let sentence = words.any(|word| ENGLISH.contains(&word.to_lowercase().as_str()));
            let known = french.find(text).is_some_and(|translated| translated != *text && text.contains(' '));
            sentence || known || TEXTS.contains(*text)
        })
        .map(|text| format!("{place}: {text}"))
        .collect()
}

fn english_only() -> BTreeSet<String> {
    let mut found = (BTreeSet::new(), BTreeSet::new());
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(crates).unwrap().map(|entry| entry.unwrap().path().join("texts")).collect();
    folders.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("../http/src/page/texts"));
    for file in folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let texts = if name.ends_with("en.ftl") {
            &mut found.0
        } else if name.ends_with("fr.ftl") {
            &mut found.1
        } else {
            continue;
        };
        let text = fs::read_to_string(&path).unwrap();
        let values = text.lines().filter_map(|line| Some(line.split_once(" = ")?.1.trim().to_owned()));
        texts.extend(values.filter(|value| !value.contains('{')));
    }
    let (english, french) = found;
    assert!(english.len() > 500 && french.len() > 500, "the catalogues were not found");
    english.difference(&french).cloned().collect()
}
