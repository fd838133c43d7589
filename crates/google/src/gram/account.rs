//! An account as the referential shows it, read with patience for old data.

use std::fmt;

use serde_json::{Map, Value};

use crate::account::{BadHash, PasswordHash, Person};

/// An account of the referential. Its password hash is never shown.
#[derive(Clone, PartialEq)]
pub struct Account {
    /// Its UUID.
    pub uuid: String,
    members: Map<String, Value>,
    password: Result<PasswordHash, BadHash>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("uuid", &self.uuid).finish_non_exhaustive()
    }
}

/// Members that hold a password, in clear or as a hash.
const PASSWORDS: [&str; 3] = ["password", "password_hash", "encrypted_password"];

impl Account {
    /// Reads it; `None` = it is no account. Numbers and flags may have come as texts.
    pub fn read(said: Value) -> Option<Self> {
        let Value::Object(mut members) = said else { return None };
        let password =
            members.get("password").and_then(Value::as_str).map_or(Err(BadHash), PasswordHash::new);
        for name in PASSWORDS {
            members.remove(name);
        }
        let uuid = members.get("uuid")?.as_str()?.trim().to_owned();
        (!uuid.is_empty()).then_some(Account { uuid, members, password })
    }

    /// A member as text, if it says something.
    pub fn text(&self, member: &str) -> Option<String> {
        let text = match self.members.get(member)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        (!text.is_empty()).then_some(text)
    }

    /// The id of its Google account.
    pub fn google_id(&self) -> Option<String> {
        self.text("gapps_id")
    }

    /// Its number.
    pub fn number(&self) -> Option<String> {
        self.text("id_soce")
    }

    /// All of it but the password hash, for those who are told of it.
    pub fn shown(&self) -> &Map<String, Value> {
        &self.members
    }

    /// The person whose account it is.
    ///
    /// # Errors
    /// There is no password hash: without it no account is made or brought up to date.
    pub fn person(&self) -> Result<Person, BadHash> {
        Ok(Person { password: Some(self.password.clone()?), ..self.known() })
    }

    /// The same without the password.
    pub fn known(&self) -> Person {
        let name = |member| self.text(member).unwrap_or_default();
        Person::of_referential(&self.uuid, self.number(), &name("firstname"), &name("lastname"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HASH: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

    #[test]
    fn old_data_is_read_with_patience() {
        let account = json!({
            "uuid": "u", "id_soce": "84189", "enabled": "TRUE", "firstname": " Ada ", "lastname": "Lovelace",
            "gapps_id": "", "password": HASH,
        });
        let account = Account::read(account).unwrap();
        assert_eq!((account.number().as_deref(), account.google_id()), (Some("84189"), None));
        let person = account.person().unwrap();
        assert_eq!((person.given.as_str(), person.marks.len()), ("Ada", 2));
        assert_eq!(
            Account::read(json!({ "uuid": "u", "id_soce": 84189 })).unwrap().number().as_deref(),
            Some("84189")
        );
    }

    #[test]
    fn without_forty_digits_there_is_no_person() {
        for hidden in [json!("HIDDEN"), Value::Null, json!(5)] {
            let account = Account::read(json!({ "uuid": "u", "password": hidden })).unwrap();
            assert_eq!(account.person(), Err(BadHash));
        }
    }

    #[test]
    fn the_hash_is_shown_nowhere() {
        let account = Account::read(json!({ "uuid": "u", "password": HASH, "email": "a@b.c" })).unwrap();
        assert!(!format!("{account:?} {:?} {:?}", account.shown(), account.person()).contains(HASH));
        assert_eq!(account.shown()["email"], "a@b.c");
    }
}
