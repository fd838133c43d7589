//! The referential behaves as GrAM does.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "what goes wrong in a test ends it"
)]

mod support;

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use intendant_testgoogle::{Gram, Order, Reply};
use serde_json::{Value, json};
use support::{Answer, ask};

const UUID: &str = "36a7e016-a300-4f52-85f4-6804dede6c6b";

fn call(gram: &Gram, verb: &str, path: &str, body: &Value) -> Answer {
    let (name, password) = gram.client();
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{name}:{password}")));
    let headers = [("authorization", basic.as_str()), ("content-type", "application/json")];
    let text = if body.is_null() { String::new() } else { body.to_string() };
    ask(&gram.url(), verb, &format!("api/v2/{path}"), &headers, &text).unwrap()
}

#[test]
fn an_account_is_shown_and_its_hash_to_whom_it_may() {
    let gram = Gram::start();
    let hash = gram.add_person(UUID, 84_189, "Jo", "Doe");
    let get = |query: &str| call(&gram, "GET", &format!("accounts/{UUID}.json{query}"), &Value::Null).body;
    assert_eq!((get("").get("password"), get("")["id_soce"].clone()), (None, json!(84_189)));
    assert_eq!(get("?show_password_hash=true")["password"], hash);
    gram.order(Order::on("accounts.get").hidden());
    assert_eq!(get("?show_password_hash=true")["password"], "HIDDEN");
    assert_eq!(call(&gram, "GET", "accounts/nobody.json", &Value::Null).status, 404);
    let found = call(&gram, "GET", "accounts.json?id_soce=84189&show_password_hash=true", &Value::Null).body;
    assert_eq!((found.as_array().unwrap().len(), &found[0]["password"]), (1, &json!(hash)));
    assert_eq!(call(&gram, "GET", "accounts.json?id_soce=1", &Value::Null).body, json!([]));
    assert_eq!(ask(&gram.url(), "GET", "api/v2/accounts.json", &[], "").unwrap().status, 302);
}

#[test]
fn a_change_is_kept_told_and_refused_for_any_field() {
    let gram = Gram::start();
    gram.add_person(UUID, 1, "Jo", "Doe");
    let told = Arc::new(Mutex::new(Vec::new()));
    gram.on_change({
        let told = Arc::clone(&told);
        move |uuid, changes| told.lock().unwrap().push((uuid.to_owned(), changes.clone()))
    });
    let put = |id: &str| call(&gram, "PUT", &format!("accounts/{UUID}.json"), &json!({ "gapps_id": id }));
    let saved = put("12");
    assert_eq!((saved.status, saved.body.get("password")), (200, None));
    put("12");
    assert_eq!(*told.lock().unwrap(), [(UUID.to_owned(), json!({ "gapps_id": [null, "12"] }))]);
    gram.change(UUID, json!({ "gender": "unknown" }));
    let refused = put("13");
    assert_eq!((refused.status, &refused.body["gender"][0]), (422, &json!("is not included in the list")));
    assert_eq!(gram.gapps_id(UUID).as_deref(), Some("12"));
    gram.change(UUID, json!({ "gender": null }));
    put("");
    assert_eq!(gram.gapps_id(UUID), None);
    gram.order(Order::on("accounts.update").reply_after(Reply::empty(500)));
    assert_eq!((put("14").status, gram.gapps_id(UUID).as_deref()), (500, Some("14")));
    assert_eq!(gram.written().len(), 5);
}

#[test]
fn other_calls_are_kept_for_the_end_of_the_test() {
    let gram = Gram::start();
    assert_eq!(call(&gram, "GET", "accounts/.json", &Value::Null).status, 404);
    assert_eq!(gram.desk().take_strange().len(), 1);
}
