//! An account as the Directory API shows it.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use super::person::Mark;

/// What is read of an account, and no more: a field that the administrator may not see makes the whole read fail.
pub const FIELDS: &str = "id,primaryEmail,name(givenName,familyName),aliases,nonEditableAliases,externalIds,suspended,lastLoginTime";

/// An account at Google. What an answer does not say is empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct User {
    /// Its number at Google.
    #[serde(deserialize_with = "lenient")]
    pub id: String,
    /// Its primary address.
    #[serde(deserialize_with = "lenient")]
    pub primary_email: String,
    /// The person's name.
    #[serde(deserialize_with = "lenient")]
    pub name: Name,
    /// Its other addresses.
    #[serde(deserialize_with = "lenient")]
    pub aliases: Vec<String>,
    /// Those that follow from the domains, and that nobody can take away.
    #[serde(deserialize_with = "lenient")]
    pub non_editable_aliases: Vec<String>,
    /// What others know it by.
    #[serde(deserialize_with = "lenient")]
    pub external_ids: Vec<Value>,
    /// Nobody gets in.
    #[serde(deserialize_with = "lenient")]
    pub suspended: bool,
    /// When somebody last signed in, as Google writes it.
    #[serde(deserialize_with = "lenient")]
    pub last_login_time: String,
}

/// A person's name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Name {
    /// The first one.
    #[serde(deserialize_with = "lenient")]
    pub given_name: String,
    /// That of the family.
    #[serde(deserialize_with = "lenient")]
    pub family_name: String,
}

/// `null` is as good as nothing, and so is what has another shape.
fn lenient<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + serde::de::DeserializeOwned,
    D: Deserializer<'de>,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

impl User {
    /// Whether it carries this mark.
    pub fn carries(&self, mark: &Mark) -> bool {
        self.external_ids.iter().any(|entry| mark.is(entry))
    }

    /// The account of the referential that it says it belongs to: the UUID that we write, if there is one.
    pub fn uuid(&self) -> Option<&str> {
        self.external_ids.iter().find_map(Mark::uuid_in)
    }

    /// What is told of it in an answer.
    pub fn told(&self) -> Map<String, Value> {
        let text = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
        let mut told = Map::new();
        told.insert("google_id".to_owned(), text(&self.id));
        told.insert("primary_email".to_owned(), text(&self.primary_email));
        told.insert("first_name".to_owned(), text(&self.name.given_name));
        told.insert("last_name".to_owned(), text(&self.name.family_name));
        if let Some(uuid) = self.uuid() {
            told.insert("google_uuid".to_owned(), uuid.into());
        }
        told.insert("suspended".to_owned(), self.suspended.into());
        told
    }

    /// The same under the names by which older requesters read it.
    pub fn told_as_before(&self) -> Map<String, Value> {
        let mut told = Map::new();
        told.insert("gapps_id".to_owned(), self.id.as_str().into());
        told.insert("gapps_primary_email".to_owned(), self.primary_email.as_str().into());
        told.insert("gapps_external_ids".to_owned(), json!(self.external_ids).to_string().into());
        told.insert("gapps_last_login".to_owned(), self.last_login_time.as_str().into());
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_null_or_odd_is_empty() {
        let user: User = serde_json::from_value(json!({
            "id": "1", "primaryEmail": "a@b.c", "aliases": null, "name": "Ada", "suspended": "no", "etag": "x",
        }))
        .unwrap();
        assert_eq!((user.id.as_str(), user.primary_email.as_str()), ("1", "a@b.c"));
        assert_eq!((user.aliases.len(), user.name.given_name.as_str(), user.suspended), (0, "", false));
    }

    #[test]
    fn it_says_whose_it_is_only_by_a_uuid() {
        let entry = |value: &str| json!([{ "type": "organization", "value": value }]);
        let user = |value| User { external_ids: entry(value).as_array().unwrap().clone(), ..User::default() };
        assert_eq!(user("4711").uuid(), None, "the number that the personnel office gives");
        assert_eq!(
            user("36a7e016-a300-4f52-85f4-6804dede6c6b").uuid(),
            Some("36a7e016-a300-4f52-85f4-6804dede6c6b")
        );
    }
}
