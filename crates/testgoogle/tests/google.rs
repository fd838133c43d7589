//! The directory behaves as Google's, and misbehaves on command.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "what goes wrong in a test ends it"
)]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use intendant_testgoogle::{Google, Moment, Order, READ_SCOPE, Reply, SCOPE, Settling, Then};
use jiff::Timestamp;
use serde_json::{Value, json};
use support::{ask, users};

const HASH: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

fn person(address: &str) -> Value {
    json!({
        "primaryEmail": address, "password": HASH, "hashFunction": "SHA-1",
        "name": { "givenName": "A", "familyName": "B" },
        "externalIds": [{ "type": "organization", "value": "uuid" }],
    })
}

fn status(google: &Google, verb: &str, path: &str, body: &Value) -> (u16, String) {
    let answer = users(google, verb, path, body).unwrap();
    (answer.status, answer.reason().to_owned())
}

fn refused(status: u16, reason: &str) -> (u16, String) {
    (status, reason.to_owned())
}

#[test]
fn an_address_belongs_to_one_account() {
    let google = Google::start();
    let id =
        users(&google, "POST", "", &person("a@gadz.org")).unwrap().body["id"].as_str().unwrap().to_owned();
    google.add(json!({ "primaryEmail": "b@gadz.org", "aliases": ["c@gadz.org"] }));
    for taken in ["A@gadz.org", "c@gadz.org"] {
        assert_eq!(status(&google, "POST", "", &person(taken)), refused(409, "duplicate"));
    }
    assert_eq!(status(&google, "PUT", &format!("/{id}"), &json!({ "primaryEmail": "b@gadz.org" })).0, 409);
    assert_eq!(status(&google, "POST", "", &person("a@elsewhere.org")), refused(403, "forbidden"));
    // One's own alias may become the primary address; the old one is an alias then.
    let renamed =
        users(&google, "PUT", "/b@gadz.org", &json!({ "primaryEmail": "c@gadz.org" })).unwrap().body;
    assert_eq!(
        (&renamed["primaryEmail"], &renamed["aliases"]),
        (&json!("c@gadz.org"), &json!(["b@gadz.org"]))
    );
    assert_eq!(google.user("b@gadz.org").unwrap()["primaryEmail"], "c@gadz.org");
}

#[test]
fn what_is_sent_is_kept_and_what_is_absent_stays() {
    let google = Google::start();
    users(&google, "POST", "", &person("a@gadz.org")).unwrap();
    let change = json!({ "name": { "familyName": "C" }, "externalIds": null, "phones": [{ "value": "1" }] });
    assert_eq!(users(&google, "PUT", "/a@gadz.org", &change).unwrap().status, 200);
    let user = google.user("a@gadz.org").unwrap();
    assert_eq!(user["name"], json!({ "givenName": "A", "familyName": "C", "fullName": "A C" }));
    assert_eq!((user.get("externalIds"), &user["phones"]), (None, &json!([{ "value": "1" }])));
    assert_eq!(google.password("a@gadz.org"), Some((HASH.to_owned(), Some("SHA-1".to_owned()))));
    assert!(user.get("password").is_none());
}

#[test]
fn an_account_has_at_most_thirty_aliases() {
    let google = Google::start();
    google.add(json!({ "primaryEmail": "a@gadz.org" }));
    let alias = |number: usize| json!({ "alias": format!("a{number}@gadz.org") });
    for number in 0..30 {
        assert_eq!(status(&google, "POST", "/a@gadz.org/aliases", &alias(number)).0, 200);
    }
    assert_eq!(status(&google, "POST", "/a@gadz.org/aliases", &alias(30)), refused(400, "limitExceeded"));
    assert_eq!(status(&google, "DELETE", "/a@gadz.org/aliases/b@gadz.org", &Value::Null).0, 404);
}

#[test]
fn what_is_outside_of_the_description_is_kept_for_the_end_of_the_test() {
    let google = Google::start();
    let integer = json!({ "externalIds": [{ "type": "custom", "value": 84189 }] });
    google.add(json!({ "primaryEmail": "a@gadz.org" }));
    assert_eq!(status(&google, "PUT", "/a@gadz.org", &integer).0, 400);
    assert_eq!(status(&google, "GET", "/a@gadz.org?nothing=1", &Value::Null).0, 400);
    assert_eq!(
        status(&google, "PUT", "/a@gadz.org", &json!({ "password": "HIDDEN", "hashFunction": "SHA-1" })).0,
        400
    );
    assert_eq!(ask(&google.url(), "POST", "batch/admin/directory_v1", &[], "x").unwrap().status, 404);
    let strange = google.desk().take_strange();
    assert_eq!(strange.len(), 4, "{strange:#?}");
    assert!(strange[0].ends_with("body.externalIds[0].value is 84189, not string"), "{strange:#?}");
    assert!(google.password("a@gadz.org").is_none());
}

#[test]
fn the_end_of_the_double_fails_for_it() {
    let ended = std::panic::catch_unwind(|| {
        let google = Google::start();
        users(&google, "GET", "/a@gadz.org?nothing=1", &Value::Null).unwrap();
    });
    assert!(ended.is_err());
}

#[test]
fn who_may_what_is_in_the_token() {
    let google = Google::start();
    let get = |headers: &[(&str, &str)]| {
        let answer =
            ask(&google.url(), "GET", "admin/directory/v1/users/admin@gadz.org", headers, "").unwrap();
        (answer.status, answer.reason().to_owned())
    };
    assert_eq!(get(&[]), refused(401, "required"));
    assert_eq!(get(&[("authorization", "Bearer x")]), refused(401, "authError"));
    let reader = format!("Bearer {}", google.token(&[READ_SCOPE]));
    assert_eq!(get(&[("authorization", &reader)]).0, 200);
    let headers = [("authorization", reader.as_str()), ("content-type", "application/json")];
    let insert =
        ask(&google.url(), "POST", "admin/directory/v1/users", &headers, &person("a@gadz.org").to_string())
            .unwrap();
    assert_eq!((insert.status, insert.reason()), (403, "insufficientPermissions"));
    google.admins(&["other@gadz.org"]);
    let token = google.token(&[SCOPE]);
    google.admins(&["admin@gadz.org"]);
    assert_eq!(get(&[("authorization", &format!("Bearer {token}"))]), refused(403, "forbidden"));
    google.revoke_tokens();
    assert_eq!(get(&[("authorization", &reader)]), refused(401, "authError"));
}

#[test]
fn fresh_accounts_settle_as_long_as_they_are_told() {
    let google = Google::start();
    let settling = Settling {
        invisible_by_id: 1,
        incomplete: 1,
        forbidden: 1,
        duplicate_after_rename: 1,
        ..Settling::default()
    };
    google.settle(settling);
    let id =
        users(&google, "POST", "", &person("a@gadz.org")).unwrap().body["id"].as_str().unwrap().to_owned();
    let get = |key: &str| status(&google, "GET", &format!("/{key}"), &Value::Null).0;
    assert_eq!([get("a@gadz.org"), get(&id), get(&id)], [200, 404, 200]);
    let rename = json!({ "primaryEmail": "b@gadz.org" });
    let put = || status(&google, "PUT", &format!("/{id}"), &rename);
    assert_eq!([put(), put()], [refused(412, "conditionNotMet"), refused(403, "forbidden")]);
    assert_eq!(put().0, 200);
    assert_eq!(put(), refused(409, "duplicate"));
    assert_eq!(put().0, 200);
}

#[test]
fn what_was_given_up_is_held_and_reads_trail() {
    let google = Google::start();
    google.add(json!({ "primaryEmail": "a@gadz.org", "aliases": ["x@gadz.org"] }));
    google.add(json!({ "primaryEmail": "b@gadz.org" }));
    google.settle(Settling { freed_is_held: 1, stale_reads: 1, ..Settling::default() });
    assert_eq!(status(&google, "DELETE", "/a@gadz.org/aliases/x@gadz.org", &Value::Null).0, 204);
    let insert = || status(&google, "POST", "/b@gadz.org/aliases", &json!({ "alias": "x@gadz.org" }));
    assert_eq!(insert(), refused(409, "duplicate"));
    assert_eq!(insert().0, 200);
    let aliases = |key: &str| {
        users(&google, "GET", &format!("/{key}/aliases"), &Value::Null).unwrap().body["aliases"].clone()
    };
    assert_eq!(
        [aliases("b@gadz.org")[0]["alias"].clone(), aliases("b@gadz.org")[0]["alias"].clone()],
        [json!(null), json!("x@gadz.org")]
    );
    google.order(Order::on("users.get").stale());
    let suspended = json!({ "suspended": true });
    users(&google, "PUT", "/b@gadz.org", &suspended).unwrap();
    let get = || users(&google, "GET", "/b@gadz.org", &Value::Null).unwrap().body["suspended"].clone();
    assert_eq!([get(), get(), get()], [json!(false), json!(false), json!(true)]);
}

#[test]
fn orders_are_for_the_calls_that_fit() {
    let google = Google::start();
    google.order(Order::on("users.insert").key("A@gadz.org").skip(1).error(503, "backendError"));
    google.order(Order::on("users.*").key("c@gadz.org").times(2).reply(Reply::html(502)));
    let insert = |address: &str| status(&google, "POST", "", &person(address));
    assert_eq!(insert("b@gadz.org").0, 200);
    assert_eq!(insert("a@gadz.org").0, 200);
    google.remove("a@gadz.org");
    assert_eq!(insert("a@gadz.org"), refused(503, "backendError"));
    assert_eq!(insert("a@gadz.org").0, 200);
    assert_eq!([insert("c@gadz.org").0, insert("c@gadz.org").0, insert("c@gadz.org").0], [502, 502, 200]);
    google.order(Order::on("users.insert").invited());
    assert_eq!(insert("d@gadz.org").0, 202);
    assert!(google.user("d@gadz.org").is_none());
    google.order(Order::on("users.update").error_after(409, "duplicate"));
    assert_eq!(status(&google, "PUT", "/c@gadz.org", &json!({ "primaryEmail": "e@gadz.org" })).0, 409);
    assert_eq!(google.user("c@gadz.org").unwrap()["primaryEmail"], "e@gadz.org");
}

#[test]
fn an_answer_is_lost_before_or_after_the_effect() {
    let google = Google::start();
    google.order(Order::on("users.insert").hang_up());
    google.order(Order::on("users.insert").hang_up_after());
    assert!(users(&google, "POST", "", &person("a@gadz.org")).is_none());
    assert!(google.user("a@gadz.org").is_none());
    assert!(users(&google, "POST", "", &person("a@gadz.org")).is_none());
    assert!(google.user("a@gadz.org").is_some());
    google.down();
    assert!(users(&google, "GET", "/a@gadz.org", &Value::Null).is_none());
    google.up();
    assert_eq!(users(&google, "GET", "/a@gadz.org", &Value::Null).unwrap().status, 200);
    let statuses: Vec<_> = google.desk().calls().into_iter().map(|call| call.status).collect();
    assert_eq!(statuses, [None, None, Some(200)]);
}

#[test]
fn a_test_sees_each_moment_of_a_call() {
    let google = Arc::new(Google::start());
    let seen = Arc::new(Mutex::new(Vec::new()));
    google.desk().watch({
        let (google, seen) = (Arc::downgrade(&google), Arc::clone(&seen));
        move |call, moment| {
            let there = google.upgrade().is_some_and(|google| google.user("a@gadz.org").is_some());
            seen.lock().unwrap().push((call.number, moment, there));
            if (call.number, moment) == (1, Moment::Arrived) { Then::HangUp } else { Then::GoOn }
        }
    });
    assert!(users(&google, "POST", "", &person("a@gadz.org")).is_none());
    assert_eq!(users(&google, "POST", "", &person("a@gadz.org")).unwrap().status, 200);
    let told = || Some(seen.lock().unwrap().clone()).filter(|told| told.len() == 4);
    let told = testkit::wait::until(Duration::from_mins(1), told).unwrap();
    let second = [(2, Moment::Arrived, false), (2, Moment::Done, true), (2, Moment::Answered, true)];
    assert_eq!(told, [[(1, Moment::Arrived, false)].as_slice(), &second].concat());
    google.desk().unwatch();
}

#[test]
fn the_quota_counts_a_sliding_minute() {
    let google = Google::start();
    let second = Arc::new(Mutex::new(1_800_000_000));
    google.desk().go_by({
        let second = Arc::clone(&second);
        move || Timestamp::from_second(*second.lock().unwrap()).unwrap()
    });
    google.quota(Some(2));
    let get = |later: i64| {
        *second.lock().unwrap() += later;
        status(&google, "GET", "/admin@gadz.org", &Value::Null)
    };
    assert_eq!([get(0).0, get(30).0], [200, 200]);
    assert_eq!(get(29), refused(403, "userRateLimitExceeded"));
    assert_eq!(get(120).0, 200);
    assert_eq!((google.busiest_minute(), google.refused_by_quota()), (3, 1));
}

#[test]
fn a_listing_may_be_short_without_a_word() {
    let google = Google::start();
    for number in 0..4 {
        google.add(json!({ "primaryEmail": format!("a{number}@gadz.org") }));
    }
    let count = |query: &str| {
        let answer = users(&google, "GET", &format!("?customer=my_customer&{query}"), &Value::Null).unwrap();
        answer.body["users"].as_array().unwrap().len()
    };
    google.order(Order::on("users.list").short(2));
    assert_eq!([count("fields=users(id)"), count("fields=users(id)")], [3, 5]);
    google.change("a1@gadz.org", json!({ "suspended": true }));
    assert_eq!([count("query=isSuspended%3Dtrue"), count("query=email:a2*")], [1, 1]);
}
