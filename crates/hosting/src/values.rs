//! What a client says of a school, and what is wrong with it. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::hidden::Hidden;
use crate::rne::{BadRne, Rne};

/// Characters of a licence stamp.
const GRIFFE: usize = 200;
/// Characters of a licence code.
const CODE: usize = 100;
/// Bytes of a mail address (RFC 5321).
const MAIL: usize = 254;
/// Unknown members that are named; a document of thousands gets no answer of thousands.
const NAMED: usize = 20;

/// The version of the library server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub enum Version {
    /// `CL`.
    #[serde(rename = "CL")]
    Cl,
    /// `SP`.
    #[serde(rename = "SP")]
    Sp,
}

impl Version {
    /// Both.
    pub const ALL: [Version; 2] = [Version::Cl, Version::Sp];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Version::Cl => "CL",
            Version::Sp => "SP",
        }
    }
}

/// Where a school is told what happens, and in which language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Contact {
    /// A mail address.
    pub mail: String,
    /// `fr` or `en`.
    pub language: String,
}

/// What is known of a school.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Values {
    /// The licence stamp that the library server prints.
    pub griffe: String,
    /// The licence code that goes with it.
    pub code: Hidden,
    /// Which server.
    pub version: Version,
    /// Who is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
}

/// New values; what is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// See [`Values::griffe`].
    pub griffe: Option<String>,
    /// See [`Values::code`].
    pub code: Option<Hidden>,
    /// See [`Values::version`].
    pub version: Option<Version>,
    /// See [`Values::contact`].
    pub contact: Option<Contact>,
}

impl Values {
    /// Whether somebody who says this means the same. Who says nothing of the contact means the one there is.
    pub fn are(&self, said: &Values) -> bool {
        (&self.griffe, &self.code, self.version) == (&said.griffe, &said.code, said.version)
            && (said.contact.is_none() || self.contact == said.contact)
    }

    /// With what was changed.
    #[must_use]
    pub fn with(&self, change: &Change) -> Values {
        let Change { griffe, code, version, contact } = change.clone();
        Values {
            griffe: griffe.unwrap_or_else(|| self.griffe.clone()),
            code: code.unwrap_or_else(|| self.code.clone()),
            version: version.unwrap_or(self.version),
            contact: contact.or_else(|| self.contact.clone()),
        }
    }
}

/// Something that is wrong with what a client said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The member, as a JSON pointer.
    pub pointer: String,
    /// What is wrong with it.
    pub what: Wrong,
}

/// What is wrong with a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is missing.
    Missing,
    /// It is no text.
    NoText,
    /// It is no object.
    NoObject,
    /// It is empty, or longer than so many characters.
    Length(usize),
    /// There are control characters in it.
    Control,
    /// It is none of these.
    Choice(&'static str),
    /// It is no mail address.
    NoMail,
    /// It is no school's number.
    Rne(BadRne),
    /// Nobody knows it.
    Unknown,
    /// There is nothing in it.
    Nothing,
}

/// Reads what a client says when it asks for a school: all values, and which school.
pub fn read_new(said: &Value) -> Result<(Rne, Values), Vec<Fault>> {
    let mut reader = Reader::new(said, &["rne", "griffe", "code", "version", "contact"])?;
    let rne = reader
        .text("rne", usize::MAX, true)
        .and_then(|text| reader.check("rne", text.parse().map_err(Wrong::Rne)));
    let change = reader.change(true);
    let (Some(rne), Change { griffe: Some(griffe), code: Some(code), version: Some(version), contact }) =
        (rne, change)
    else {
        return Err(reader.faults);
    };
    reader.end((rne, Values { griffe, code, version, contact }))
}

/// Reads what a client changes.
pub fn read_change(said: &Value) -> Result<Change, Vec<Fault>> {
    let mut reader = Reader::new(said, &["griffe", "code", "version", "contact"])?;
    let change = reader.change(false);
    if change == Change::default() && reader.faults.is_empty() {
        reader.fault("", Wrong::Nothing);
    }
    reader.end(change)
}

/// Reads members, and notes what is wrong with them.
struct Reader<'v> {
    members: &'v Map<String, Value>,
    faults: Vec<Fault>,
}

impl<'v> Reader<'v> {
    fn new(said: &'v Value, known: &[&str]) -> Result<Self, Vec<Fault>> {
        let Value::Object(members) = said else {
            return Err(vec![Fault { pointer: String::new(), what: Wrong::NoObject }]);
        };
        let mut reader = Reader { members, faults: Vec::new() };
        let unknown = members.keys().filter(|name| !known.contains(&name.as_str()));
        for name in unknown.take(NAMED) {
            let shown: String = name.chars().take(100).collect();
            reader.fault(&shown, Wrong::Unknown);
        }
        Ok(reader)
    }

    fn fault(&mut self, name: &str, what: Wrong) {
        let pointer = if name.is_empty() { String::new() } else { format!("/{}", name.replace('~', "~0")) };
        self.faults.push(Fault { pointer, what });
    }

    fn check<T>(&mut self, name: &str, read: Result<T, Wrong>) -> Option<T> {
        read.map_err(|what| self.fault(name, what)).ok()
    }

    fn text(&mut self, name: &str, longest: usize, required: bool) -> Option<&'v str> {
        let read = match self.members.get(name) {
            None | Some(Value::Null) if required => Err(Wrong::Missing),
            None | Some(Value::Null) => return None,
            Some(Value::String(text)) => text_within(text, longest),
            Some(_) => Err(Wrong::NoText),
        };
        self.check(name, read)
    }

    fn change(&mut self, required: bool) -> Change {
        let griffe = self.text("griffe", GRIFFE, required).map(str::to_owned);
        let code = self.text("code", CODE, required).map(Hidden::new);
        let version = self.text("version", usize::MAX, required).and_then(|text| {
            let found = Version::ALL.into_iter().find(|version| version.as_str() == text);
            self.check("version", found.ok_or(Wrong::Choice("CL, SP")))
        });
        Change { griffe, code, version, contact: self.contact() }
    }

    fn contact(&mut self) -> Option<Contact> {
        let said = self.members.get("contact").filter(|said| !said.is_null())?;
        let Ok(mut inner) = Reader::new(said, &["mail", "language"]) else {
            self.fault("contact", Wrong::NoObject);
            return None;
        };
        let mail = inner.text("mail", MAIL, true).and_then(|mail| inner.check("mail", address(mail)));
        let language = inner.text("language", usize::MAX, false).unwrap_or("fr");
        let language = Some(language).filter(|language| ["fr", "en"].contains(language));
        let language = inner.check("language", language.ok_or(Wrong::Choice("fr, en")));
        let below = |fault: Fault| Fault { pointer: format!("/contact{}", fault.pointer), ..fault };
        self.faults.extend(inner.faults.into_iter().map(below));
        Some(Contact { mail: mail?, language: language?.to_owned() })
    }

    fn end<T>(self, read: T) -> Result<T, Vec<Fault>> {
        if self.faults.is_empty() { Ok(read) } else { Err(self.faults) }
    }
}

fn text_within(text: &str, longest: usize) -> Result<&str, Wrong> {
    if text.trim().is_empty() || text.chars().count() > longest {
        return Err(Wrong::Length(longest.min(GRIFFE)));
    }
    if text.chars().any(char::is_control) { Err(Wrong::Control) } else { Ok(text) }
}

/// An address that mail can be sent to: one at sign, a name before it, a host behind it, and nothing that breaks a header.
pub fn address(text: &str) -> Result<String, Wrong> {
    let sound = |part: &str| {
        !part.is_empty()
            && part.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"<>(),;:\"[]\\@".contains(c))
    };
    let host =
        |host: &str| sound(host) && host.contains('.') && !host.starts_with('.') && !host.ends_with('.');
    match text.split_once('@') {
        Some((name, at)) if sound(name) && host(at) && text.len() <= MAIL => Ok(text.to_owned()),
        _ => Err(Wrong::NoMail),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn whole() -> Value {
        json!({"rne": "0750655e", "griffe": "Lycée", "code": "k-1", "version": "CL"})
    }

    fn faults(change: impl FnOnce(&mut Value)) -> Vec<(String, Wrong)> {
        let mut said = whole();
        change(&mut said);
        read_new(&said).unwrap_err().into_iter().map(|fault| (fault.pointer, fault.what)).collect()
    }

    #[test]
    fn a_whole_one_is_read() {
        let (rne, values) = read_new(&whole()).unwrap();
        assert_eq!(
            (rne.as_str(), values.griffe.as_str(), values.version),
            ("0750655E", "Lycée", Version::Cl)
        );
        assert!(!format!("{values:?}").contains("k-1"));
        let mut said = whole();
        said["contact"] = json!({"mail": "cdi@lycee.example"});
        let contact = read_new(&said).unwrap().1.contact.unwrap();
        assert_eq!((contact.mail.as_str(), contact.language.as_str()), ("cdi@lycee.example", "fr"));
    }

    #[test]
    fn every_fault_is_named_with_its_place() {
        assert_eq!(faults(|said| said["griffe"] = json!("a\nb")), [("/griffe".to_owned(), Wrong::Control)]);
        assert_eq!(
            faults(|said| said["griffe"] = json!("é".repeat(201))),
            [("/griffe".to_owned(), Wrong::Length(200))]
        );
        assert_eq!(faults(|said| said["code"] = json!(7)), [("/code".to_owned(), Wrong::NoText)]);
        assert_eq!(faults(|said| said["code"] = json!(" ")), [("/code".to_owned(), Wrong::Length(100))]);
        assert_eq!(
            faults(|said| said["version"] = json!("cl")),
            [("/version".to_owned(), Wrong::Choice("CL, SP"))]
        );
        assert_eq!(faults(|said| said["key"] = json!("x")), [("/key".to_owned(), Wrong::Unknown)]);
        assert_eq!(faults(|said| said["contact"] = json!({"mail": "a b@c", "x": 1}))[0].0, "/contact/x");
        assert_eq!(faults(|said| said["contact"] = json!("me")), [("/contact".to_owned(), Wrong::NoObject)]);
        let none = read_new(&json!({})).unwrap_err();
        assert_eq!(
            none.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>(),
            ["/rne", "/griffe", "/code", "/version"]
        );
        assert!(matches!(
            faults(|said| said["rne"] = json!("0750655F"))[0].1,
            Wrong::Rne(BadRne::Letter { .. })
        ));
        assert_eq!(read_new(&json!([])).unwrap_err()[0].what, Wrong::NoObject);
        let mut many = whole();
        (0..500).for_each(|n| many[format!("x{n}")] = json!(1));
        assert_eq!(read_new(&many).unwrap_err().len(), NAMED);
    }

    #[test]
    fn a_change_says_something() {
        assert_eq!(read_change(&json!({})).unwrap_err()[0].what, Wrong::Nothing);
        assert_eq!(read_change(&json!({"rne": "0750655E"})).unwrap_err()[0].pointer, "/rne");
        let change = read_change(&json!({"griffe": "New"})).unwrap();
        let before = read_new(&whole()).unwrap().1;
        let after = before.with(&change);
        assert_eq!((after.griffe.as_str(), after.code.expose()), ("New", "k-1"));
        assert!(!before.are(&after) && after.are(&after));
    }

    #[test]
    fn addresses() {
        for good in ["a@b.fr", "documentation+cdi@ac-paris.fr", "é@école.fr"] {
            assert!(address(good).is_ok(), "{good}");
        }
        for bad in
            ["", "a", "a@b", "@b.fr", "a@b.", "a b@c.fr", "a@b.fr\r\nBcc: x@y.fr", "a@b@c.fr", "<a@b.fr>"]
        {
            assert_eq!(address(bad), Err(Wrong::NoMail), "{bad:?}");
        }
    }
}
