//! What the daemon listens to, as routes of a bus.

use serde_json::{Map, Value, json};

/// The forwarding of what the referential tells of itself: the write of the id is its own echo, and there is nothing to do.
fn forwarded() -> Value {
    json!({
        "about": "An account of the referential has changed: its Google account follows",
        "action": "request.googleapps.user.update",
        "data": { "gram_account_uuid": "/key" },
        "reply": false,
        "skip": {
            "type": "object",
            "required": ["changes"],
            "properties": {
                "changes": { "type": "object", "required": ["gapps_id"], "maxProperties": 1 },
            },
        },
    })
}

/// The section of the bus: `bus.gdd`.
pub(super) fn named() -> Map<String, Value> {
    let schemas = [
        ("request.googleapps.user.create", include_str!("../../schema/create.json")),
        ("request.googleapps.user.update", include_str!("../../schema/update.json")),
        ("request.googleapps.user.delete", include_str!("../../schema/delete.json")),
        ("request.gapps.account.create", include_str!("../../schema/gapps.json")),
        ("request.gapps.account.update", include_str!("../../schema/gapps.json")),
        ("request.gapps.account.delete", include_str!("../../schema/gapps.json")),
        ("request.gapps.account.suspend", include_str!("../../schema/gapps.json")),
    ];
    let mut routes = Map::new();
    for (key, schema) in schemas {
        let schema: Value = serde_json::from_str(schema).unwrap_or_default();
        routes.insert(key.to_owned(), json!({ "schema": schema }));
    }
    routes.insert("notify.account.updated".to_owned(), forwarded());
    [("bus".to_owned(), json!({ "gdd": { "routes": routes } }))].into_iter().collect()
}
