//! How identities become accounts: what the file `google.mapping` says. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::account::{Mark, PasswordHash, Person, is_uuid};
use crate::request::{Deed, Wish, is_address};
use crate::template::{Template, in_address};

/// The name of the entry of `externalIds` by which an account is known as an identity's.
const MARK: &str = "intendant";

/// How identities become accounts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The identity's own id.
    #[serde(deserialize_with = "template")]
    key: Template,
    /// First name.
    #[serde(deserialize_with = "template")]
    first_name: Template,
    /// Name of the family.
    #[serde(deserialize_with = "template")]
    last_name: Template,
    /// The primary address.
    #[serde(deserialize_with = "template")]
    primary_email: Template,
    /// The others. Without it they stay as they are.
    #[serde(default, deserialize_with = "templates")]
    aliases: Option<Vec<Template>>,
    /// The password as SHA-1. Without it an account is made with one that nobody knows.
    #[serde(default, deserialize_with = "optional")]
    password_sha1: Option<Template>,
    /// What each action does.
    #[serde(default = "by_default")]
    actions: BTreeMap<String, Deeds>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Deeds {
    Update,
    Suspend,
    Reactivate,
    Delete,
}

/// An identity and what is to happen to its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// What is to happen.
    pub deed: Deed,
    /// Whose account it is.
    pub person: Person,
    /// With which addresses.
    pub wish: Wish,
}

fn by_default() -> BTreeMap<String, Deeds> {
    let deeds = [
        ("IDENTITY_CREATE", Deeds::Update),
        ("IDENTITY_UPDATE", Deeds::Update),
        ("IDENTITY_DELETE", Deeds::Delete),
        ("IDENTITY_DISABLE", Deeds::Suspend),
        ("IDENTITY_ENABLE", Deeds::Reactivate),
    ];
    deeds.map(|(action, deed)| (action.to_owned(), deed)).into()
}

fn template<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Template, D::Error> {
    Template::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Template>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| Template::new(&text)).transpose().map_err(serde::de::Error::custom)
}

fn templates<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<Template>>, D::Error> {
    let texts = Option::<Vec<String>>::deserialize(deserializer)?;
    let templates = texts.map(|texts| texts.iter().map(|text| Template::new(text)).collect());
    templates.transpose().map_err(serde::de::Error::custom)
}

impl Mapping {
    /// The actions that it maps.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.actions.keys().map(String::as_str)
    }

    /// The identity in a document of such an action; `None` = it maps no such action. An error says what is missing.
    pub fn read(&self, action: &str, body: &Value) -> Option<Result<Identity, Vec<String>>> {
        let deed = match self.actions.get(action)? {
            Deeds::Update => Deed::Update,
            Deeds::Suspend => Deed::Suspend,
            Deeds::Reactivate => Deed::Reactivate,
            Deeds::Delete => Deed::Delete,
        };
        Some(self.identity(deed, body))
    }

    fn identity(&self, deed: Deed, body: &Value) -> Result<Identity, Vec<String>> {
        let mut missing = Vec::new();
        let mut text = |name: &str, template: &Template, form: fn(&str) -> String| {
            template.fill(body, form).unwrap_or_else(|| {
                missing.push(format!("{name}: nothing is found at {}", template.as_str()));
                String::new()
            })
        };
        let key = text("key", &self.key, str::to_owned);
        let mark = if is_uuid(&key) { Mark::uuid(&key) } else { Mark::custom(MARK, &key) };
        let mut person = Person {
            key,
            number: None,
            given: String::new(),
            family: String::new(),
            password: None,
            marks: vec![mark],
        };
        let mut wish = Wish::default();
        if deed == Deed::Update {
            person.given = text("first_name", &self.first_name, str::to_owned);
            person.family = text("last_name", &self.last_name, str::to_owned);
            let primary = text("primary_email", &self.primary_email, in_address);
            if !primary.is_empty() && !is_address(&primary) {
                missing.push("primary_email: what is found is no address".to_owned());
            }
            let password = self.password_sha1.as_ref().and_then(|place| place.fill(body, str::to_owned));
            person.password = password.and_then(|hash| PasswordHash::new(&hash).ok());
            let aliases = self.aliases.as_ref();
            let aliases = aliases.map(|all| all.iter().flat_map(|one| one.fill_all(body)));
            wish = Wish {
                primary: Some(primary),
                aliases: aliases.map(|all| all.filter(|alias| is_address(alias)).collect()),
            };
        }
        if missing.is_empty() { Ok(Identity { deed, person, wish }) } else { Err(missing) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mapping(more: &str) -> Mapping {
        let text = format!(
            "key: '{{/concernedTo}}'\nfirst_name: '{{/payload/inetOrgPerson/givenName}}'\nlast_name: '{{/payload/inetOrgPerson/sn}}'\nprimary_email: '{{/payload/inetOrgPerson/uid}}@example.org'\n{more}"
        );
        serde_saphyr::from_str(&text).unwrap()
    }

    fn ada() -> Value {
        json!({ "concernedTo": "66c2", "payload": { "inetOrgPerson": { "uid": "ada", "givenName": "Ada", "sn": "Lovelace", "mail": ["a@b.org"] } } })
    }

    #[test]
    fn an_identity_becomes_a_person_with_addresses() {
        let mapping = mapping("aliases: ['{/payload/inetOrgPerson/mail}']\n");
        let identity = mapping.read("IDENTITY_CREATE", &ada()).unwrap().unwrap();
        assert_eq!((identity.deed, identity.person.key.as_str()), (Deed::Update, "66c2"));
        assert_eq!(identity.person.marks, [Mark::custom("intendant", "66c2")]);
        assert_eq!(identity.wish.primary.as_deref(), Some("ada@example.org"));
        assert_eq!(identity.wish.aliases, Some(vec!["a@b.org".to_owned()]));
        assert_eq!(mapping.read("IDENTITY_DISABLE", &ada()).unwrap().unwrap().deed, Deed::Suspend);
        assert!(mapping.read("IDENTITY_PASSWORD_RESET", &ada()).is_none());
    }

    #[test]
    fn what_is_missing_is_named_with_its_place() {
        let wrong =
            mapping("").read("IDENTITY_UPDATE", &json!({ "concernedTo": "66c2" })).unwrap().unwrap_err();
        assert_eq!(wrong.len(), 3);
        assert!(wrong[0].contains("/payload/inetOrgPerson/givenName"), "{wrong:?}");
        assert!(mapping("").read("IDENTITY_DELETE", &json!({ "concernedTo": "66c2" })).unwrap().is_ok());
    }

    #[test]
    fn the_actions_may_be_others() {
        let mapping = mapping("actions: {IDENTITY_DELETE: suspend}\n");
        assert_eq!(mapping.actions().collect::<Vec<_>>(), ["IDENTITY_DELETE"]);
        assert_eq!(mapping.read("IDENTITY_DELETE", &ada()).unwrap().unwrap().deed, Deed::Suspend);
    }
}
