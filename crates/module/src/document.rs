//! Request documents: from files and standard input, and what an option of the command puts into them.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, ErrorKind, Read};
use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;
use model::{Class, Subject, json};
use serde_json::{Map, Value};

use crate::exit::misuse;

/// The name of standard input on a command line.
pub const STDIN: &str = "-";

/// Reads a document of at most `limit` bytes.
pub fn read(path: &Path, limit: usize) -> Result<Vec<u8>> {
    let opened: io::Result<Box<dyn Read>> = if path == Path::new(STDIN) {
        Ok(Box::new(io::stdin().lock()))
    } else {
        File::open(path).map(|file| Box::new(file) as Box<dyn Read>)
    };
    let mut bytes = Vec::new();
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    opened
        .and_then(|source| source.take(bound).read_to_end(&mut bytes))
        .map_err(|error| misuse(format!("{}: {}", name(path), explain(&error))))?;
    if bytes.len() > limit {
        return Err(misuse(format!(
            "{}: it is longer than the {limit} bytes that requests.max_size allows",
            name(path)
        )));
    }
    Ok(bytes)
}

/// A file as text, however it is written: its mark says it.
pub fn text(path: &Path) -> io::Result<String> {
    let bytes = std::fs::read(path)?;
    let text = model::text::read(&bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
    Ok(text.into_owned())
}

/// The lines of standard input, however they are written: the first one's mark says it.
pub fn lines() -> impl Iterator<Item = io::Result<String>> {
    lines_of(io::stdin().lock())
}

/// A line is read when it is asked for; what is UTF-16 is read whole, since its lines cannot be told from outside.
fn lines_of(mut from: impl BufRead) -> impl Iterator<Item = io::Result<String>> {
    /// Nothing that is read by lines is longer, in bytes.
    const LONGEST: u64 = 1 << 20;
    let mut first = true;
    let mut rest = VecDeque::new();
    std::iter::from_fn(move || {
        if let Some(line) = rest.pop_front() {
            return Some(Ok(line));
        }
        let mut bytes = Vec::new();
        let mut read = from.by_ref().take(LONGEST).read_until(b'\n', &mut bytes);
        if first && (bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")) {
            read = read.and_then(|_| from.by_ref().take(LONGEST).read_to_end(&mut bytes));
        }
        first = false;
        if let Err(error) = read {
            return Some(Err(error));
        }
        if bytes.is_empty() {
            return None;
        }
        let text = model::text::read(&bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error));
        text.map(|text| rest.extend(text.lines().map(str::to_owned))).map(|()| rest.pop_front()).transpose()
    })
}

/// What a person calls the file.
pub fn name(path: &Path) -> String {
    if path == Path::new(STDIN) { "standard input".to_owned() } else { path.display().to_string() }
}

/// Why a file cannot be read, without the number that the operating system gives it.
pub fn explain(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "no permission to read it".to_owned(),
        ErrorKind::IsADirectory => "it is a folder, where a file is expected".to_owned(),
        _ => error.to_string(),
    }
}

/// What the command line says of a request beside its document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Additions {
    /// Not to be started after this time.
    pub deadline: Option<Timestamp>,
    /// Not to be started before this time.
    pub not_before: Option<Timestamp>,
    /// Only what would be done is asked.
    pub dry_run: bool,
    /// How urgent.
    pub class: Option<Class>,
    /// What it is about.
    pub subject: Option<Subject>,
}

impl Additions {
    /// Puts them into a document, which may say the same and nothing else. One that the hub would not read stays as it
    /// is: the hub says what is wrong, and accepts nothing.
    pub fn put_into(&self, document: Vec<u8>) -> Result<Vec<u8>> {
        if *self == Additions::default() {
            return Ok(document);
        }
        let Ok(Value::Object(mut members)) = json::read(&document) else { return Ok(document) };
        let deadline = self.deadline.map(|at| Value::from(at.to_string()));
        let class = self.class.and_then(|class| serde_json::to_value(class).ok());
        let subject = self.subject.as_ref().map(|subject| Value::from(subject.as_str()));
        let not_before = self.not_before.map(|at| Value::from(at.to_string()));
        let dry_run = self.dry_run.then_some(Value::Bool(true));
        let said = [
            ("deadline", deadline),
            ("not_before", not_before),
            ("dry_run", dry_run),
            ("class", class),
            ("subject", subject),
        ];
        for (key, value) in said {
            if let Some(value) = value {
                put(&mut members, key, value)?;
            }
        }
        Ok(serde_json::to_vec(&members)?)
    }
}

/// `null` says nothing, as in the document itself.
fn put(members: &mut Map<String, Value>, key: &str, value: Value) -> Result<()> {
    let said = members.insert(key.to_owned(), value);
    match said.filter(|said| !said.is_null()) {
        Some(said) if members.get(key) != Some(&said) => Err(misuse(format!(
            "the {key} in the document is not the one that --{} gives: give it once, or the same twice",
            key.replace('_', "-")
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_has_a_bound_and_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("request.json");
        std::fs::write(&path, b"{}").unwrap();
        assert_eq!(read(&path, 2).unwrap(), b"{}");
        assert!(read(&path, 1).unwrap_err().to_string().contains("longer than the 1 bytes"));
        let missing = read(&folder.path().join("none.json"), 9).unwrap_err().to_string();
        assert!(missing.ends_with("none.json: there is no such file"), "{missing}");
        assert!(read(folder.path(), 9).unwrap_err().to_string().contains("it is a folder"));
    }

    #[test]
    fn lines_are_read_however_they_are_written() {
        let utf16: Vec<u8> = "\u{feff}é 1\r\ntwo\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [&b"\xef\xbb\xbf\xc3\xa9 1\r\ntwo"[..], "é 1\ntwo\n".as_bytes(), &utf16] {
            let lines: Vec<String> = lines_of(bytes).collect::<Result<_, _>>().unwrap();
            assert_eq!(lines, ["é 1", "two"], "{bytes:?}");
        }
        let said = lines_of(&b"caf\xe9\n"[..]).next().unwrap().unwrap_err();
        assert!(said.to_string().contains("looks like latin-1"), "{said}");
        assert_eq!(lines_of(&b"\n"[..]).next().unwrap().unwrap(), "");
    }

    #[test]
    fn options_become_members() {
        let additions = Additions {
            deadline: Some("2026-11-21T18:00:00Z".parse().unwrap()),
            class: Some(Class::Bulk),
            subject: Some("identity:1".parse().unwrap()),
            ..Additions::default()
        };
        let wanted = json!({
            "action": "A", "class": "bulk", "deadline": "2026-11-21T18:00:00Z", "subject": "identity:1"
        });
        // A byte order mark is no reason to forget them, nor is a member that says nothing, or the same.
        for document in [
            &br#"{"action":"A"}"#[..],
            b"\xef\xbb\xbf{\"action\":\"A\"}",
            br#"{"action":"A","class":null,"deadline":null}"#,
            br#"{"action":"A","class":"bulk","subject":"identity:1"}"#,
        ] {
            let document = additions.put_into(document.to_vec()).unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&document).unwrap(), wanted);
        }
        for other in ["\"class\":\"interactive\"", "\"deadline\":3600", "\"subject\":\"identity:2\""] {
            let document = format!("{{\"action\":\"A\",{other}}}");
            let why = additions.put_into(document.into_bytes()).unwrap_err().to_string();
            assert!(why.contains("give it once, or the same twice"), "{other}: {why}");
        }
        assert_eq!(Additions::default().put_into(b"{ }".to_vec()).unwrap(), b"{ }");
    }

    #[test]
    fn what_the_hub_refuses_is_not_mended_on_the_way() {
        let additions = Additions { class: Some(Class::Bulk), ..Additions::default() };
        for document in [&b"["[..], b"[]", br#"{"a":1,"a":2}"#, b"\xff\xfe{\0}\0"] {
            assert_eq!(additions.put_into(document.to_vec()).unwrap(), document);
        }
    }
}
