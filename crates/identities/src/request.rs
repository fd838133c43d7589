//! The requests that the register makes: always in the shape of Sesame's orchestrator. Pure.

use std::time::Duration;

use jiff::Timestamp;
use model::{Class, Request, RetryPolicy, SourceRetry, Subject};
use serde_json::{Map, Value, json};

use crate::identity::Identity;
use crate::state::{Deed, State};

/// The source of the register's jobs, as `failsafe.sources` names it.
pub const SOURCE: &str = "identities";
/// Three retries within ten minutes; whoever waits goes before them, as the orchestrator's callers do.
pub const RETRY: SourceRetry = SourceRetry {
    policy: RetryPolicy {
        max: 3,
        initial: Duration::from_secs(30),
        max_delay: Duration::from_mins(3),
        max_age: Some(Duration::from_mins(10)),
        jitter: 0.2,
    },
    gives_way: true,
};
/// The kind of the subject, shared with every other door.
const SUBJECT: &str = "identity";
/// The only array of a document that backends expect as a text.
const NUMBER: &str = "employeeNumber";
/// What every document has when it goes out, empty where nobody says more.
const ADDITIONAL: &str = "additionalFields";

/// A request about an identity as it stands before it. Pressing twice makes the same request, and one job.
pub fn bulk(identity: &Identity, deed: Deed, run: Option<&str>) -> Request {
    let state = if deed == Deed::Synchronise { State::ToSynchronise } else { identity.state };
    let payload = json!({ "identity": { "action": deed.action(), "identity": sent(identity, state) } });
    Request {
        external_id: Some(key(identity, deed, run)),
        class: Some(Class::Bulk),
        ..about(identity, deed, payload)
    }
}

/// A password that is to be changed (with the old one) or reset; somebody waits, and not for ever.
pub fn password(identity: &Identity, new: &str, old: Option<&str>, deadline: Timestamp) -> Request {
    let deed = if old.is_some() { Deed::PasswordChange } else { Deed::PasswordReset };
    let mut payload = Map::new();
    let uid = crate::document::person(&identity.kept.document, "uid");
    payload.insert("uid".to_owned(), json!(uid));
    if let Some(old) = old {
        payload.insert("oldPassword".to_owned(), json!(old));
    }
    payload.insert("newPassword".to_owned(), json!(new));
    if let Value::Object(members) = sent(identity, identity.state) {
        payload.extend(members);
    }
    Request {
        class: Some(Class::Interactive),
        deadline: Some(deadline),
        ..about(identity, deed, Value::Object(payload))
    }
}

/// How the job of a request is recognised: the identity, since when it is there, its revision, what is asked, and with
/// which run of many.
pub fn key(identity: &Identity, deed: Deed, run: Option<&str>) -> String {
    let since = identity.kept.created.at.as_millisecond();
    let run = run.map(|run| format!("/{run}")).unwrap_or_default();
    format!("{}/{since}/{}/{}{run}", identity.id, identity.rev, deed.as_str())
}

fn about(identity: &Identity, deed: Deed, payload: Value) -> Request {
    let members = [("concernedTo".to_owned(), json!(identity.id)), ("payload".to_owned(), payload)];
    let body = Value::Object(members.into_iter().collect());
    Request { subject: Subject::new(SUBJECT, &identity.id), ..Request::new(SOURCE, deed.action(), body) }
}

fn sent(identity: &Identity, state: State) -> Value {
    let mut document = identity.document(state.number());
    if let Some(number) = document.pointer_mut(&format!("/inetOrgPerson/{NUMBER}"))
        && let Value::Array(numbers) = number
    {
        *number = numbers.first().cloned().unwrap_or_default();
    }
    with_additional(&mut document);
    document
}

/// Backends look for further classes and their attributes without asking whether there are any.
fn with_additional(document: &mut Value) {
    let Value::Object(members) = document else { return };
    let additional = members.entry(ADDITIONAL).or_insert(Value::Null);
    if additional.is_null() {
        *additional = Value::Object(Map::new());
    }
    if let Value::Object(additional) = additional {
        for (name, none) in [("objectClasses", json!([])), ("attributes", json!({}))] {
            let there = additional.entry(name).or_insert(Value::Null);
            if there.is_null() {
                *there = none;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Stamp;

    fn identity() -> Identity {
        let document =
            json!({"inetOrgPerson": {"uid": "adupont", "cn": "A", "sn": "D", "employeeNumber": ["7", "8"]}});
        let by = Stamp { by: "uid:0".to_owned(), at: Timestamp::UNIX_EPOCH };
        Identity::new("66c2".to_owned(), document.as_object().unwrap().clone(), by)
    }

    #[test]
    fn a_synchronisation_has_the_seed_s_double_wrapper() {
        let request = bulk(&identity(), Deed::Synchronise, None);
        assert_eq!((request.source.as_str(), request.action.as_str()), ("identities", "IDENTITY_UPDATE"));
        assert_eq!(request.subject.as_ref().unwrap().as_str(), "identity:66c2");
        let body = &request.body;
        assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["concernedTo", "payload"]);
        assert_eq!(body["concernedTo"], "66c2");
        assert_eq!(body["payload"]["identity"]["action"], "IDENTITY_UPDATE");
        let sent = &body["payload"]["identity"]["identity"];
        assert_eq!((&sent["_id"], &sent["state"]), (&json!("66c2"), &json!(2)));
        assert_eq!(sent["inetOrgPerson"]["employeeNumber"], "7");
        assert_eq!(request, bulk(&identity(), Deed::Synchronise, None), "twice the same");
        let later = bulk(&Identity { rev: 2, ..identity() }, Deed::Synchronise, None);
        assert_ne!(request.external_id, later.external_id);
        let delete = bulk(&identity(), Deed::Delete, None);
        assert_eq!(delete.body["payload"]["identity"]["action"], "IDENTITY_DELETE");
    }

    #[test]
    fn every_document_has_further_classes_and_attributes() {
        let sent = |additional: Value| {
            let mut identity = identity();
            identity.kept.document.insert("additionalFields".to_owned(), additional);
            bulk(&identity, Deed::Synchronise, None).body["payload"]["identity"]["identity"]["additionalFields"]
                .clone()
        };
        let empty = json!({"objectClasses": [], "attributes": {}});
        let whole = &bulk(&identity(), Deed::Synchronise, None).body["payload"]["identity"]["identity"];
        assert_eq!(whole["additionalFields"], empty);
        assert_eq!(sent(Value::Null), empty);
        assert_eq!(sent(json!({"objectClasses": null})), empty);
        assert_eq!(
            sent(json!({"attributes": {"a": {}}})),
            json!({"attributes": {"a": {}}, "objectClasses": []})
        );
        assert_eq!(sent(json!("x")), "x", "what nobody understands passes through");
    }

    #[test]
    fn passwords_stand_beside_the_identity_s_members() {
        let change = password(&identity(), "new", Some("old"), Timestamp::UNIX_EPOCH);
        assert_eq!(
            (change.action.as_str(), change.class),
            ("IDENTITY_PASSWORD_CHANGE", Some(Class::Interactive))
        );
        let payload = &change.body["payload"];
        assert_eq!((&payload["uid"], &payload["oldPassword"]), (&json!("adupont"), &json!("old")));
        assert_eq!((&payload["newPassword"], &payload["_id"]), (&json!("new"), &json!("66c2")));
        let reset = password(&identity(), "new", None, Timestamp::UNIX_EPOCH);
        assert_eq!(reset.action, "IDENTITY_PASSWORD_RESET");
        assert!(reset.body["payload"].get("oldPassword").is_none());
    }
}
