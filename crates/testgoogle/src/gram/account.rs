//! Accounts of the referential, and what it accepts as one.

use serde_json::{Map, Value, json};

/// Fields in the order in which they are shown, each with what it is in a new account.
pub(super) fn new(given: Map<String, Value>) -> Map<String, Value> {
    let uuid = given["uuid"].as_str().unwrap().to_owned();
    let mut account = json!({
        "uuid": uuid, "hruid": format!("hruid.{uuid}"), "id_soce": 1, "enabled": true, "lastname": "Doe",
        "firstname": "Jo", "birthname": null, "birth_firstname": null, "email": null, "gapps_id": null,
        "birthdate": null, "deathdate": null, "gender": null, "is_gadz": true, "is_student": null, "school_id": null,
        "is_alumni": false, "date_entree_ecole": null, "date_sortie_ecole": null, "ecole_entree": null,
        "buque_texte": null, "buque_zaloeil": null, "gadz_fams": null, "gadz_fams_zaloeil": null,
        "gadz_proms_principale": null, "gadz_proms_secondaire": null, "avatar_url": null, "description": null,
        "audit_status": "safe", "audit_comments": null, "is_from_legacy_gram1": null,
        "gadz_centre_principal": null, "gadz_centre_secondaire": null, "url": format!("/api/v2/accounts/{uuid}"),
        "password": "da39a3ee5e6b4b0d3255bfef95601890afd80709", "aliases": [], "groups": [], "roles": [],
    });
    let fields = account.as_object_mut().unwrap();
    fields.extend(given);
    fields.clone()
}

/// What a reader is shown.
pub(super) fn shown(account: &Map<String, Value>, hash: Option<bool>) -> Value {
    let mut shown = account.clone();
    match hash {
        None => drop(shown.shift_remove("password")),
        Some(true) => {}
        Some(false) => drop(shown.insert("password".to_owned(), json!("HIDDEN"))),
    }
    Value::Object(shown)
}

/// What is wrong with an account that is to be saved: any field, also one that was not sent.
pub(super) fn invalid(account: &Map<String, Value>, gapps_id_is_taken: bool) -> Option<Value> {
    let legacy = account["is_from_legacy_gram1"] == true;
    let text = |name: &str| account.get(name).and_then(Value::as_str);
    let mut wrong = Map::new();
    let mut say = |name: &str, message: &str| drop(wrong.insert(name.to_owned(), json!([message])));
    if text("email").is_some_and(|email| !is_address(email)) {
        say("email", "is invalid");
    }
    if gapps_id_is_taken {
        say("gapps_id", "has already been taken");
    }
    if !matches!(text("gender"), None | Some("male" | "female")) {
        say("gender", "is not included in the list");
    }
    if text("password").unwrap_or_default().is_empty() {
        say("password", "can't be blank");
    }
    if text("buque_texte")
        .is_some_and(|text| !text.chars().all(|c| c.is_alphanumeric() || "'- \"".contains(c)))
    {
        say("buque_texte", "is invalid");
    }
    if text("gadz_fams").is_some_and(|text| !text.chars().all(|c| c.is_ascii_digit() || "()!- ".contains(c)))
    {
        say("gadz_fams", "is invalid");
    }
    for name in ["firstname", "lastname"] {
        if !legacy && text(name).unwrap_or_default().is_empty() {
            say(name, "can't be blank");
        }
    }
    (!wrong.is_empty()).then_some(Value::Object(wrong))
}

fn is_address(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
}
