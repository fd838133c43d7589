//! A person as the referential has them.

use std::fmt;

use model::Secret;
use serde_json::{Value, json};

/// How others recognise an account as ours: an entry of its `externalIds`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The name of an entry of the type `custom`; `None` = one of the type `organization`, whose value is a UUID.
    pub custom: Option<String>,
    /// Its value.
    pub value: String,
}

/// A person, and what their account is to say of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Under which key they are known here: the referential's UUID, or an identity's id.
    pub key: String,
    /// The number that the referential gives, beside the UUID.
    pub number: Option<String>,
    /// First name.
    pub given: String,
    /// Name of the family.
    pub family: String,
    /// Their password, hashed.
    pub password: Option<PasswordHash>,
    /// The marks of their account: by the first one it is known as theirs.
    pub marks: Vec<Mark>,
}

impl Person {
    /// Somebody whom the referential knows, without the password.
    pub fn of_referential(uuid: &str, number: Option<String>, given: &str, family: &str) -> Self {
        let by_number = number.as_deref().map(|number| Mark::custom("id_soce", number));
        Person {
            key: uuid.to_owned(),
            given: given.to_owned(),
            family: family.to_owned(),
            password: None,
            marks: std::iter::once(Mark::uuid(uuid)).chain(by_number).collect(),
            number,
        }
    }
}

/// A password as SHA-1 in 40 hexadecimal digits. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Secret<String>);

/// What is no such hash. The text itself is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the password of the account is no SHA-1 in 40 hexadecimal digits")]
pub struct BadHash;

impl PasswordHash {
    /// Takes a text that is one.
    ///
    /// # Errors
    /// It is none: `HIDDEN`, for one, is what the referential shows to those without the right to read hashes.
    pub fn new(text: &str) -> Result<Self, BadHash> {
        let sound = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if sound { Ok(PasswordHash(Secret::new(text.to_owned()))) } else { Err(BadHash) }
    }

    /// The hash itself: it goes to Google and nowhere else.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Mark {
    /// The mark of an account of the referential.
    pub fn uuid(value: &str) -> Self {
        Mark { custom: None, value: value.to_owned() }
    }

    /// One of the type `custom`.
    pub fn custom(name: &str, value: &str) -> Self {
        Mark { custom: Some(name.to_owned()), value: value.to_owned() }
    }

    /// Whether an entry of `externalIds` is this one.
    pub fn is(&self, entry: &Value) -> bool {
        self.in_its_place(entry)
            && text(entry, "value").is_some_and(|value| value.eq_ignore_ascii_case(&self.value))
    }

    /// Whether an entry is what this one replaces: a value of the same name, another UUID. What else is there, such as the
    /// number of the personnel office, is others' own.
    pub(super) fn in_its_place(&self, entry: &Value) -> bool {
        match &self.custom {
            Some(name) => has(entry, "type", "custom") && has(entry, "customType", name),
            None => Mark::uuid_in(entry).is_some(),
        }
    }

    /// The UUID in an entry of the type `organization`.
    pub(super) fn uuid_in(entry: &Value) -> Option<&str> {
        let value = entry.get("value")?.as_str()?;
        (has(entry, "type", "organization") && is_uuid(value)).then_some(value)
    }

    fn name(&self) -> &str {
        self.custom.as_deref().unwrap_or("organization")
    }

    /// As Google is told. A value is a text there, whatever it is here.
    pub fn entry(&self) -> Value {
        match &self.custom {
            Some(name) => json!({ "type": "custom", "customType": name, "value": self.value }),
            None => json!({ "type": "organization", "value": self.value }),
        }
    }
}

/// What marks say, in a form that can be compared.
pub fn said_by(marks: &[Mark]) -> String {
    let said = marks.iter().map(|mark| format!("{}={}", mark.name(), mark.value.to_lowercase()));
    said.collect::<Vec<_>>().join(", ")
}

/// What an account says in the place of marks, in the same form. What others keep there is no concern of ours.
pub fn marked(entries: &[Value], marks: &[Mark]) -> String {
    let said = marks.iter().filter_map(|mark| {
        let in_its_place = entries.iter().filter(|entry| mark.in_its_place(entry));
        let values: Vec<_> = in_its_place.filter_map(|entry| text(entry, "value")).collect();
        (!values.is_empty()).then(|| format!("{}={}", mark.name(), values.join("|").to_lowercase()))
    });
    said.collect::<Vec<_>>().join(", ")
}

fn has(entry: &Value, member: &str, text: &str) -> bool {
    entry.get(member).and_then(Value::as_str) == Some(text)
}

/// A member that is a text, or a number that older programs have written.
fn text(entry: &Value, member: &str) -> Option<String> {
    match entry.get(member)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Whether a text is exactly a UUID.
pub(crate) fn is_uuid(text: &str) -> bool {
    let mut parts = text.split('-');
    let fits = |length: usize| {
        move |part: &str| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    [8, 4, 4, 4, 12].into_iter().all(|length| parts.next().is_some_and(fits(length)))
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_forty_digits_and_is_never_shown() {
        let text = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
        let hash = PasswordHash::new(text).unwrap();
        assert!(!format!("{hash:?}").contains("da39"));
        for other in
            ["HIDDEN", "", "da39a3ee", &format!("{text}0"), "zz39a3ee5e6b4b0d3255bfef95601890afd80709"]
        {
            assert_eq!(PasswordHash::new(other), Err(BadHash), "{other}");
        }
    }

    #[test]
    fn a_uuid_is_exactly_one() {
        assert!(is_uuid("36a7e016-a300-4f52-85f4-6804dede6c6b"));
        for other in [
            "x36a7e016-a300-4f52-85f4-6804dede6c6b",
            "36a7e016a3004f5285f46804dede6c6b",
            "",
            "36a7e016-a300-4f52-85f4-6804dede6c6b\n",
        ] {
            assert!(!is_uuid(other), "{other}");
        }
    }

    #[test]
    fn marks_are_compared_and_what_others_keep_beside_them_is_not() {
        let uuid = "36a7e016-a300-4f52-85f4-6804dede6c6b";
        let marks = Person::of_referential(uuid, Some("84189".to_owned()), "A", "B").marks;
        let entries = [
            json!({ "type": "organization", "value": uuid.to_uppercase() }),
            json!({ "type": "custom", "customType": "id_soce", "value": 84189 }),
            json!({ "type": "organization", "value": "4711" }),
        ];
        assert_eq!(marked(&entries, &marks), said_by(&marks));
        assert_eq!(marked(&entries[1..], &marks), "id_soce=84189");
        assert_ne!(
            marked(&[entries.clone(), entries].concat(), &marks),
            said_by(&marks),
            "it is there twice"
        );
    }

    #[test]
    fn a_number_that_an_older_program_wrote_is_the_same_mark() {
        let mark = Mark::custom("id_soce", "84189");
        assert!(mark.is(&json!({ "type": "custom", "customType": "id_soce", "value": 84189 })));
        assert!(!mark.is(&json!({ "type": "custom", "customType": "badge", "value": "84189" })));
    }
}
