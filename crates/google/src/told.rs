//! What a requester is told: replies, failures by their names, notifications. Pure.

use model::{Code, Notice, Outcome};
use serde_json::{Map, Value, json};

use crate::account::User;

/// Whose codes failures have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Codes {
    /// As they are specified.
    #[default]
    Specified,
    /// As the original program gave them.
    Original,
}

/// What has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The referential says that the account has a Google account already, and it is there.
    AlreadyRegistered,
    /// The address belongs to somebody else. Grave: an address was given away twice.
    AlreadyExists,
    /// The request cannot be carried out as it is.
    Payload,
    /// The referential does not take the id of the account that was made.
    SaveRefused,
    /// The referential has no such account.
    AccountNotFound,
    /// The referential gives no password hash.
    NoPasswordHash,
    /// The referential cannot be asked.
    Referential,
    /// Google has no such account.
    NotExisting,
    /// Google does not allow it, or not like this.
    Google,
    /// Google cannot be asked.
    Unreachable,
    /// An answer was lost.
    Unknown,
}

/// The codes of failures over which a person has to decide: two claim one address or account, or the referential does not
/// take what was made.
pub const GRAVE: [&str; 3] = ["google_already_registered", "google_already_exists", "gram_save_refused"];

/// How each failure is called: its code here; status and name as they are specified, and as the original gave them; the name
/// of the inner error.
struct Names {
    code: &'static str,
    specified: (i32, &'static str),
    original: (i32, Option<&'static str>),
    inner: &'static str,
}

const INTERNAL: (i32, &str) = (500, "InternalError");

impl Failure {
    /// All of them.
    pub const ALL: [Failure; 11] = [
        Failure::AlreadyRegistered,
        Failure::AlreadyExists,
        Failure::Payload,
        Failure::SaveRefused,
        Failure::AccountNotFound,
        Failure::NoPasswordHash,
        Failure::Referential,
        Failure::NotExisting,
        Failure::Google,
        Failure::Unreachable,
        Failure::Unknown,
    ];

    fn names(self) -> Names {
        let internal = |code, inner| Names { code, specified: INTERNAL, original: (500, Some(inner)), inner };
        match self {
            Failure::AlreadyRegistered => Names {
                code: "google_already_registered",
                specified: (409, "GoogleAccountAlreadyRegisteredInGram"),
                original: (400, Some("GoogleAccountAlreadyRegisteredInGrAM")),
                inner: "GoogleAccountAlreadyRegisteredInGram",
            },
            Failure::AlreadyExists => Names {
                code: "google_already_exists",
                specified: (409, "GoogleAccountAlreadyExists"),
                original: (400, Some("ExistingGoogleAccount")),
                inner: "GoogleAccountAlreadyExists",
            },
            Failure::Payload => Names {
                code: "invalid_payload",
                specified: (422, "InvalidPayload"),
                original: (500, None),
                inner: "InvalidPayload",
            },
            Failure::SaveRefused => internal("gram_save_refused", "UnableToSaveGramUser"),
            Failure::AccountNotFound => internal("gram_account_not_found", "AccountNotFound"),
            Failure::NoPasswordHash => internal("gram_no_password_hash", "PasswordHashMissing"),
            Failure::Referential => internal("gram_unreachable", "GramConnectionError"),
            Failure::NotExisting => Names {
                original: (400, Some("NotExistingGoogleAccount")),
                ..internal("google_not_existing", "NotExistingGoogleAccount")
            },
            Failure::Google => internal("google_refused", "UnknownGoogleAPIClientError"),
            Failure::Unreachable => internal("google_unreachable", "GoogleAPIConnectionError"),
            Failure::Unknown => internal("google_unknown", "GoogleAPIAnswerLost"),
        }
    }

    /// Its code here.
    pub fn code(self) -> Code {
        Code::from_static(self.names().code)
    }

    /// A failure that nobody can change by trying again.
    pub fn hard(self, codes: Codes, message: impl Into<String>, data: Map<String, Value>) -> Outcome {
        let (status, answer) = self.answer(codes, data);
        Outcome { data: Some(answer), ..Outcome::hard(status, self.code(), message) }
    }

    /// A failure that may pass.
    pub fn soft(self, codes: Codes, message: impl Into<String>, data: Map<String, Value>) -> Outcome {
        let (status, answer) = self.answer(codes, data);
        Outcome { data: Some(answer), ..Outcome::soft(status, self.code(), message) }
    }

    fn answer(self, codes: Codes, mut data: Map<String, Value>) -> (i32, Value) {
        let Names { specified, original, inner, .. } = self.names();
        if self == Failure::AlreadyExists {
            data.insert("grave".to_owned(), true.into());
        }
        let (status, name) = match codes {
            Codes::Specified => (specified.0, Some(specified.1)),
            Codes::Original => original,
        };
        if specified == INTERNAL {
            data.insert("error_name".to_owned(), inner.into());
        }
        (status, json!({ "error_name": name, "data": data }))
    }
}

/// What is told of an account that is in the way: itself, and the account of the referential that was to have one.
pub fn in_the_way(uuid: &str, user: Option<&User>) -> Map<String, Value> {
    let mut data = Map::from_iter([("uuid".to_owned(), Value::from(uuid))]);
    if let Some(user) = user {
        data.extend(user.told());
        data.extend(user.told_as_before());
    }
    data
}

/// What is told of a failure on the way: the account at Google as far as it is known.
pub fn on_the_way(uuid: Option<&str>, user: Option<&User>) -> Map<String, Value> {
    let mut data = Map::new();
    if let Some(uuid) = uuid {
        data.insert("uuid".to_owned(), uuid.into());
    }
    data.insert("google_account".to_owned(), user.map_or(Value::Null, |user| user.told().into()));
    data
}

/// Who hears of what happened to accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notices {
    /// Each request in the words of its own catalogue.
    #[default]
    Own,
    /// All in the words of both.
    Both,
}

/// Which catalogue a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// `request.googleapps.user.*`.
    GoogleApps,
    /// `request.gapps.account.*`.
    Gapps,
}

/// What happened to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was made.
    Created,
    /// It was brought up to date.
    Updated,
    /// Nobody gets in any more.
    Suspended,
    /// It is gone.
    Deleted,
}

/// An account, for those who are told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About<'a> {
    /// Its account of the referential.
    pub uuid: Option<&'a str>,
    /// The number of that.
    pub number: Option<&'a str>,
    /// Its id at Google.
    pub google_id: &'a str,
    /// Its primary address.
    pub primary: &'a str,
    /// It is suspended.
    pub suspended: bool,
}

impl About<'_> {
    /// What others are told of what happened to it.
    pub fn notices(&self, event: Event, front: Front, notices: Notices) -> Vec<Notice> {
        let both = notices == Notices::Both;
        let mut told = Vec::new();
        if both || front == Front::GoogleApps {
            told.extend(self.for_googleapps(event));
        }
        if both || front == Front::Gapps {
            told.extend(self.for_gapps(event));
        }
        told
    }

    fn for_googleapps(&self, event: Event) -> Option<Notice> {
        let (name, data) = match event {
            Event::Deleted => ("deleted", json!({ "key": self.google_id })),
            Event::Created => ("created", json!({ "uuid": self.uuid?, "google_id": self.google_id })),
            Event::Updated | Event::Suspended => {
                ("updated", json!({ "uuid": self.uuid?, "google_id": self.google_id }))
            }
        };
        Some(Notice { name: format!("notify.googleapps.user.{name}"), data })
    }

    /// The misspelt key is the catalogue's own.
    fn for_gapps(&self, event: Event) -> Option<Notice> {
        let statue = match event {
            Event::Deleted => "deleted",
            Event::Suspended => "suspended",
            Event::Created | Event::Updated if self.suspended => "suspended",
            Event::Created | Event::Updated => "created",
        };
        let data = json!({
            "id": number(self.number?),
            "google_apps_id": self.primary,
            "google_apps_statue": statue,
        });
        Some(Notice { name: "notify.gapps.account.updated".to_owned(), data })
    }
}

/// A number that may have come as a text.
fn number(text: &str) -> Value {
    text.parse::<u64>().map_or_else(|_| Value::from(text), Value::from)
}

/// Success, with what the requester is told.
pub fn done(message: String, data: Value, notices: Vec<Notice>) -> Outcome {
    Outcome {
        message: Some(message),
        data: Some(Value::Object(Map::from_iter([
            ("status".to_owned(), 0.into()),
            ("data".to_owned(), data),
        ]))),
        notices,
        ..Outcome::done()
    }
}

#[cfg(test)]
mod tests {
    use model::OutcomeKind;

    use super::*;

    fn user() -> User {
        serde_json::from_value(json!({
            "id": "123465789123034", "primaryEmail": "ada@example.org", "lastLoginTime": "2026-01-02T00:00:00.000Z",
            "name": { "givenName": "Ada", "familyName": "Lovelace" },
            "externalIds": [{ "type": "organization", "value": "36a7e016-a300-4f52-85f4-6804dede6c6b" }],
        }))
        .unwrap()
    }

    fn told(failure: Failure, codes: Codes) -> (i32, Value, Value) {
        let outcome = failure.hard(codes, "no", Map::new());
        assert_eq!(outcome.kind, OutcomeKind::Hard);
        let data = outcome.data.unwrap();
        (outcome.status, data["error_name"].clone(), data["data"]["error_name"].clone())
    }

    #[test]
    fn failures_have_the_codes_that_are_specified() {
        for (failure, status, name, inner) in [
            (Failure::Payload, 422, "InvalidPayload", Value::Null),
            (Failure::AlreadyRegistered, 409, "GoogleAccountAlreadyRegisteredInGram", Value::Null),
            (Failure::AlreadyExists, 409, "GoogleAccountAlreadyExists", Value::Null),
            (Failure::SaveRefused, 500, "InternalError", json!("UnableToSaveGramUser")),
            (Failure::NotExisting, 500, "InternalError", json!("NotExistingGoogleAccount")),
            (Failure::Referential, 500, "InternalError", json!("GramConnectionError")),
        ] {
            assert_eq!(told(failure, Codes::Specified), (status, json!(name), inner));
        }
    }

    #[test]
    fn a_person_decides_over_the_conflicts_and_the_refused_save() {
        let decided = [Failure::AlreadyRegistered, Failure::AlreadyExists, Failure::SaveRefused];
        assert_eq!(decided.map(|failure| failure.code().to_string()), GRAVE);
    }

    #[test]
    fn or_those_of_the_original() {
        for (failure, status, name) in [
            (Failure::Payload, 500, Value::Null),
            (Failure::AlreadyRegistered, 400, json!("GoogleAccountAlreadyRegisteredInGrAM")),
            (Failure::AlreadyExists, 400, json!("ExistingGoogleAccount")),
            (Failure::SaveRefused, 500, json!("UnableToSaveGramUser")),
            (Failure::NotExisting, 400, json!("NotExistingGoogleAccount")),
        ] {
            let (said, named, _) = told(failure, Codes::Original);
            assert_eq!((said, named), (status, name));
        }
        assert!(Failure::ALL.iter().all(|failure| (400..=500).contains(&told(*failure, Codes::Original).0)));
    }

    #[test]
    fn who_is_in_the_way_is_told_under_old_and_new_names() {
        let data = in_the_way("36A7e016-a300-4f52-85f4-6804dede6c6b", Some(&user()));
        for (name, value) in [
            ("uuid", "36A7e016-a300-4f52-85f4-6804dede6c6b"),
            ("google_id", "123465789123034"),
            ("primary_email", "ada@example.org"),
            ("first_name", "Ada"),
            ("last_name", "Lovelace"),
            ("google_uuid", "36a7e016-a300-4f52-85f4-6804dede6c6b"),
            ("gapps_id", "123465789123034"),
            ("gapps_primary_email", "ada@example.org"),
            ("gapps_last_login", "2026-01-02T00:00:00.000Z"),
        ] {
            assert_eq!(data[name], value, "{name}");
        }
        assert!(data["gapps_external_ids"].as_str().unwrap().contains("organization"));
        let grave = Failure::AlreadyExists.hard(Codes::Specified, "no", data).data.unwrap();
        assert_eq!(grave["data"]["grave"], true);
    }

    #[test]
    fn both_catalogues_are_told_in_their_own_words() {
        let about = About {
            uuid: Some("u"),
            number: Some("12453"),
            google_id: "77",
            primary: "ada@example.org",
            suspended: false,
        };
        let one = |event, front| {
            let mut told = about.notices(event, front, Notices::Own);
            assert_eq!(told.len(), 1);
            let Notice { name, data } = told.remove(0);
            (name, data)
        };
        let names = |event| one(event, Front::GoogleApps).0;
        assert_eq!(names(Event::Created), "notify.googleapps.user.created");
        assert_eq!(one(Event::Updated, Front::GoogleApps).1, json!({ "uuid": "u", "google_id": "77" }));
        assert_eq!(one(Event::Deleted, Front::GoogleApps).1, json!({ "key": "77" }));
        let (name, data) = one(Event::Suspended, Front::Gapps);
        assert_eq!(name, "notify.gapps.account.updated");
        assert_eq!(
            data,
            json!({ "id": 12453, "google_apps_id": "ada@example.org", "google_apps_statue": "suspended" })
        );
        assert_eq!(about.notices(Event::Created, Front::Gapps, Notices::Both).len(), 2);
        let nobody = About { uuid: None, number: None, ..about };
        assert_eq!(nobody.notices(Event::Deleted, Front::Gapps, Notices::Both).len(), 1);
    }
}
