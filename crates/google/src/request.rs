//! What is asked, from the action and the data of a request. Pure.

use serde_json::{Map, Value};

use crate::account::is_uuid;
use crate::told::Front;

/// What is to happen to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It is made.
    Create,
    /// It is brought up to date.
    Update,
    /// It is deleted.
    Delete,
    /// Nobody gets in any more.
    Suspend,
    /// People get in again.
    Reactivate,
    /// The referential is told which account it is.
    Link,
    /// The referential is told that there is none.
    Unlink,
}

/// How a request names the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// By the UUID of the referential.
    Uuid(String),
    /// By the number of the referential.
    Number(String),
    /// By what Google knows it by: its id, primary address or alias.
    Google(String),
}

/// The addresses that are wanted. What is not said stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The primary address.
    pub primary: Option<String>,
    /// All others.
    pub aliases: Option<Vec<String>>,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What is to happen.
    pub deed: Deed,
    /// To whose account.
    pub named: Named,
    /// With which addresses.
    pub wish: Wish,
    /// In the words of which catalogue.
    pub front: Front,
    /// The account at Google that is to be linked.
    pub google_id: Option<String>,
}

/// Somebody gives an account exactly these aliases, by hand.
pub const ALIASES: &str = "google.aliases";
/// Somebody tells the referential which Google account a person has.
pub const LINK: &str = "google.link";
/// Somebody has the referential forget it.
pub const UNLINK: &str = "google.unlink";

/// Whether people ask for it by hand, and programs do not.
pub fn is_by_hand(action: &str) -> bool {
    [ALIASES, LINK, UNLINK].contains(&action)
}

/// The actions, each with its deed and catalogue.
pub const ACTIONS: [(&str, Deed, Front); 10] = [
    ("request.googleapps.user.create", Deed::Create, Front::GoogleApps),
    ("request.googleapps.user.update", Deed::Update, Front::GoogleApps),
    ("request.googleapps.user.delete", Deed::Delete, Front::GoogleApps),
    ("request.gapps.account.create", Deed::Create, Front::Gapps),
    ("request.gapps.account.update", Deed::Update, Front::Gapps),
    ("request.gapps.account.delete", Deed::Delete, Front::Gapps),
    ("request.gapps.account.suspend", Deed::Suspend, Front::Gapps),
    (ALIASES, Deed::Update, Front::GoogleApps),
    (LINK, Deed::Link, Front::GoogleApps),
    (UNLINK, Deed::Unlink, Front::GoogleApps),
];

/// Compares all accounts, and changes nothing.
pub const DIFF: &str = "google.diff";

/// What is asked with this action and data; `None` = the action is none of ours. An error says, place by place, what is
/// wrong with the data.
pub fn read(action: &str, data: &Value) -> Option<Result<Asked, Vec<String>>> {
    let (_, deed, front) = ACTIONS.iter().find(|(name, _, _)| *name == action)?;
    let empty = Map::new();
    let data = data.as_object().unwrap_or(&empty);
    let mut wrong = Vec::new();
    let named = match (front, deed) {
        (Front::GoogleApps, Deed::Delete) => key(data, &mut wrong),
        (Front::GoogleApps, _) => uuid(data, &mut wrong),
        (Front::Gapps, _) => number(data, &mut wrong),
    };
    let wish = Wish { primary: primary(data, &mut wrong), aliases: aliases(data, &mut wrong) };
    if *front == Front::GoogleApps && *deed == Deed::Create && wish.primary.is_none() {
        wrong.push("/primary_email: is missing".to_owned());
    }
    if action == ALIASES && wish.aliases.is_none() {
        wrong.push("/aliases: is missing".to_owned());
    }
    let google_id = google_id(data).filter(|_| *deed == Deed::Link);
    if *deed == Deed::Link && google_id.is_none() {
        wrong.push("/google_id: is missing".to_owned());
    }
    Some(match named.filter(|_| wrong.is_empty()) {
        Some(named) => Ok(Asked { deed: *deed, named, wish, front: *front, google_id }),
        None => Err(wrong),
    })
}

fn uuid(data: &Map<String, Value>, wrong: &mut Vec<String>) -> Option<Named> {
    let text = data.get("gram_account_uuid").and_then(Value::as_str);
    let named = text.filter(|text| is_uuid(text)).map(|text| Named::Uuid(text.to_lowercase()));
    if named.is_none() {
        wrong.push("/gram_account_uuid: is no UUID".to_owned());
    }
    named
}

fn number(data: &Map<String, Value>, wrong: &mut Vec<String>) -> Option<Named> {
    let text = match data.get("id") {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let sound = (1..=18).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !sound {
        wrong.push("/id: is no whole number".to_owned());
    }
    sound.then_some(Named::Number(text))
}

fn key(data: &Map<String, Value>, wrong: &mut Vec<String>) -> Option<Named> {
    let text = match data.get("google_account_key") {
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    if text.is_empty() {
        wrong.push("/google_account_key: is missing: an id, a primary address or an alias".to_owned());
    }
    (!text.is_empty()).then_some(Named::Google(text))
}

/// The number of an account at Google.
fn google_id(data: &Map<String, Value>) -> Option<String> {
    let text = data.get("google_id")?.as_str()?.trim();
    let sound = (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    sound.then(|| text.to_owned())
}

fn primary(data: &Map<String, Value>, wrong: &mut Vec<String>) -> Option<String> {
    match data.get("primary_email") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if is_address(text) => Some(text.trim().to_owned()),
        Some(_) => {
            wrong.push("/primary_email: is no address".to_owned());
            None
        }
    }
}

/// Nothing said, `null` included, leaves them as they are.
fn aliases(data: &Map<String, Value>, wrong: &mut Vec<String>) -> Option<Vec<String>> {
    let all = match data.get("aliases") {
        None | Some(Value::Null) => return None,
        Some(Value::Array(all)) => all,
        Some(_) => {
            wrong.push("/aliases: is no list".to_owned());
            return None;
        }
    };
    let mut texts = Vec::with_capacity(all.len());
    for (place, alias) in all.iter().enumerate() {
        match alias.as_str().filter(|text| is_address(text)) {
            Some(text) => texts.push(text.trim().to_owned()),
            None => wrong.push(format!("/aliases/{place}: is no address")),
        }
    }
    Some(texts)
}

/// Whether a text could be an address: Google knows best.
pub(crate) fn is_address(text: &str) -> bool {
    let text = text.trim();
    let parts = text.rsplit_once('@');
    parts.is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
        && text.len() <= 254
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const UUID: &str = "36a7e016-a300-4f52-85f4-6804dede6c6b";

    fn asked(action: &str, data: &Value) -> Result<Asked, Vec<String>> {
        read(action, data).unwrap()
    }

    #[test]
    fn an_account_is_named_in_three_ways() {
        let named = |action, data| asked(action, &data).unwrap().named;
        let create = json!({ "gram_account_uuid": UUID.to_uppercase(), "primary_email": "a@b.c", "more": 1 });
        assert_eq!(named("request.googleapps.user.create", create), Named::Uuid(UUID.to_owned()));
        for id in [json!(12453), json!("12453")] {
            assert_eq!(
                named("request.gapps.account.suspend", json!({ "id": id })),
                Named::Number("12453".to_owned())
            );
        }
        let delete = json!({ "google_account_key": "123465789123034" });
        assert_eq!(
            named("request.googleapps.user.delete", delete),
            Named::Google("123465789123034".to_owned())
        );
        assert!(read("request.ldapd.account.update", &json!({})).is_none());
        assert!(asked(ALIASES, &json!({ "gram_account_uuid": UUID })).is_err());
    }

    #[test]
    fn what_is_wrong_is_told_place_by_place() {
        let wrong = asked(
            "request.googleapps.user.create",
            &json!({ "gram_account_uuid": format!("x{UUID}"), "aliases": ["a@b.c", 5] }),
        )
        .unwrap_err();
        let places: Vec<_> = wrong.iter().map(|wrong| wrong.split(':').next().unwrap()).collect();
        assert_eq!(places, ["/gram_account_uuid", "/aliases/1", "/primary_email"]);
        assert!(asked("request.googleapps.user.delete", &json!([])).is_err());
        assert!(asked("request.gapps.account.create", &json!({ "id": "-5" })).is_err());
    }

    #[test]
    fn nothing_said_of_aliases_is_not_the_same_as_none() {
        let aliases = |aliases: Value| {
            let data = json!({ "gram_account_uuid": UUID, "aliases": aliases });
            asked("request.googleapps.user.update", &data).unwrap().wish.aliases
        };
        assert_eq!(aliases(Value::Null), None);
        assert_eq!(aliases(json!([])), Some(Vec::new()));
        assert_eq!(
            asked("request.googleapps.user.update", &json!({ "gram_account_uuid": UUID })).unwrap().wish,
            Wish::default()
        );
    }
}
