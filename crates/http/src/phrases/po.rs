//! The files of gettext, as far as they are needed: remarks, `msgid` and `msgstr`, each over as many lines as it takes.

/// A text and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The text in English.
    pub id: String,
    /// In the language of the file.
    pub text: String,
    /// Where it stands.
    pub line: usize,
}

/// The entries, and the numbers of lines that cannot be read.
pub(super) fn read(file: &str) -> (Vec<Entry>, Vec<usize>) {
    let (mut entries, mut bad) = (Vec::<Entry>::new(), Vec::new());
    // Whether the translation is being read: then a `msgid` is another entry.
    let mut translated = true;
    for (number, line) in (1..).zip(file.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (word, quoted) = line.split_at(line.find('"').unwrap_or(line.len()));
        let (word, Some(text)) = (word.trim(), unquoted(quoted)) else {
            bad.push(number);
            continue;
        };
        match (word, entries.last_mut()) {
            ("msgid", _) if translated => {
                entries.push(Entry { id: text, text: String::new(), line: number });
                translated = false;
            }
            ("msgstr", Some(entry)) if !translated => {
                entry.text = text;
                translated = true;
            }
            ("", Some(entry)) if translated => entry.text.push_str(&text),
            ("", Some(entry)) => entry.id.push_str(&text),
            _ => bad.push(number),
        }
    }
    bad.extend(entries.iter().filter(|entry| entry.text.is_empty()).map(|entry| entry.line));
    entries.retain(|entry| !entry.text.is_empty() && !entry.id.is_empty());
    (entries, bad)
}

fn unquoted(quoted: &str) -> Option<String> {
    let inside = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                other => other,
            }),
            '"' => return None,
            other => text.push(other),
        }
    }
    Some(text)
}
