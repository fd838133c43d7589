//! What the hub knows of the actions: their schemas, what they are about, what they destroy.

use std::time::Duration;

use model::{ActionSpec, Destructive, RetryPolicy};
use serde_json::{Value, json};

use crate::backend::OnDelete;
use crate::request::{ACTIONS, ALIASES, DIFF, Deed};
use crate::told::Front;

/// A comparison goes on where it was cut off: as long as what it has read is fresh, trying again costs little.
const PATIENT: RetryPolicy = RetryPolicy {
    max: 50,
    initial: Duration::from_secs(10),
    max_delay: Duration::from_mins(10),
    max_age: Some(Duration::from_hours(24)),
    jitter: 0.2,
};

/// The entries of the action table.
pub(super) fn actions() -> Vec<(String, ActionSpec)> {
    let accounts = ACTIONS.iter().map(|(name, deed, front)| ((*name).to_owned(), spec(name, *deed, *front)));
    // It is about nobody, and in nobody's way.
    let schema = serde_json::from_str(include_str!("../schema/diff.json")).unwrap_or_default();
    let diff = ActionSpec {
        schema: Some(within(schema)),
        subject_kind: None,
        retry: Some(PATIENT),
        ..ActionSpec::default()
    };
    accounts.chain([(DIFF.to_owned(), diff)]).collect()
}

/// What deletions destroy where nothing is deleted: nobody gets in any more.
pub(super) fn destroying(on_delete: OnDelete) -> Vec<(String, ActionSpec)> {
    if on_delete == OnDelete::Delete {
        return Vec::new();
    }
    let deletions = ACTIONS.iter().filter(|(_, deed, _)| *deed == Deed::Delete);
    let disables = Some(Destructive::Disable);
    let spec = |name, deed, front| ActionSpec { destructive: disables, ..spec(name, deed, front) };
    deletions.map(|(name, deed, front)| ((*name).to_owned(), spec(name, *deed, *front))).collect()
}

fn spec(name: &str, deed: Deed, front: Front) -> ActionSpec {
    let (kind, pointer) = match (front, deed) {
        (Front::Gapps, _) => ("account-number", "/payload/id"),
        (Front::GoogleApps, Deed::Delete) => ("google-account", "/payload/google_account_key"),
        (Front::GoogleApps, _) => ("account", "/payload/gram_account_uuid"),
    };
    ActionSpec {
        schema: Some(within(schema(name, deed, front))),
        subject_kind: Some(kind.to_owned()),
        subject_pointers: vec![pointer.to_owned()],
        destructive: match deed {
            Deed::Delete => Some(Destructive::Delete),
            Deed::Suspend => Some(Destructive::Disable),
            Deed::Create | Deed::Update | Deed::Reactivate | Deed::Link | Deed::Unlink => None,
        },
        ..ActionSpec::default()
    }
}

/// The schema of an action's data.
fn schema(name: &str, deed: Deed, front: Front) -> Value {
    let text = match (front, deed) {
        _ if name == ALIASES => include_str!("../schema/aliases.json"),
        (Front::Gapps, _) => include_str!("../schema/gapps.json"),
        (Front::GoogleApps, Deed::Create) => include_str!("../schema/create.json"),
        (Front::GoogleApps, Deed::Delete) => include_str!("../schema/delete.json"),
        (Front::GoogleApps, Deed::Link) => include_str!("../schema/link.json"),
        (Front::GoogleApps, _) => include_str!("../schema/update.json"),
    };
    serde_json::from_str(text).unwrap_or_default()
}

/// The schema of a whole request: the data are its payload.
fn within(mut data: Value) -> Value {
    let draft = data.as_object_mut().and_then(|data| data.remove("$schema")).unwrap_or_default();
    json!({
        "$schema": draft,
        "type": "object",
        "properties": { "payload": data },
        "required": ["payload"],
    })
}

#[cfg(test)]
mod tests {
    use engine::Schema;

    use super::*;

    fn violations(action: &str, payload: &Value) -> usize {
        let (_, spec) = actions().into_iter().find(|(name, _)| name == action).unwrap();
        let schema = Schema::new(spec.schema.as_ref().unwrap()).unwrap();
        schema.violations(&json!({ "concernedTo": null, "payload": payload, "options": {} })).len()
    }

    #[test]
    fn each_action_takes_its_data_and_no_others() {
        let uuid = "36a7e016-a300-4f52-85f4-6804dede6c6b";
        for (action, payload, fits) in [
            (
                "request.googleapps.user.create",
                json!({ "gram_account_uuid": uuid, "primary_email": "a@b.c", "aliases": [], "x": 1 }),
                true,
            ),
            ("request.googleapps.user.create", json!({ "gram_account_uuid": uuid }), false),
            (
                "request.googleapps.user.create",
                json!({ "gram_account_uuid": format!("x{uuid}"), "primary_email": "a@b.c" }),
                false,
            ),
            ("request.googleapps.user.update", json!({ "gram_account_uuid": uuid }), true),
            ("request.googleapps.user.update", json!({ "gram_account_uuid": uuid, "aliases": null }), false),
            ("request.googleapps.user.delete", json!({ "google_account_key": "1" }), true),
            ("request.googleapps.user.delete", json!({}), false),
            ("request.gapps.account.suspend", json!({ "id": 12453 }), true),
            ("request.gapps.account.suspend", json!({ "id": "12453" }), true),
            ("request.gapps.account.suspend", json!({ "id": "x" }), false),
            ("google.aliases", json!({ "gram_account_uuid": uuid }), false),
            ("google.aliases", json!({ "gram_account_uuid": uuid, "aliases": [] }), true),
            ("google.diff", json!({}), true),
            ("google.diff", json!({ "situations": ["missing", "differs"] }), true),
            ("google.diff", json!({ "situations": ["gone"] }), false),
        ] {
            assert_eq!(violations(action, &payload) == 0, fits, "{action} {payload}");
        }
    }
}
