//! The register over HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use axum::body::Body;
use axum::http::Request;
use http::{Caller, KnownScopes, Proof, Scope, Scopes};
use intendant_identities::api;
use intendant_identities::state::State;
use serde_json::{Value, json};
use support::{Bed, form, person};
use tower::ServiceExt as _;

#[tokio::test(flavor = "multi_thread")]
async fn identities_are_made_read_and_replaced() {
    let bed = Bed::new().await;
    let mut document = person("x");
    document.as_object_mut().unwrap().remove("_id");
    let (status, made) = bed.ask("POST", "/api/v1/identities", Some(document.clone())).await;
    assert_eq!((status.as_u16(), &made["state"], &made["rev"]), (201, &json!("to_validate"), &json!(1)));
    let path = format!("/api/v1/identities/{}", made["id"].as_str().unwrap());
    let (status, problem) = bed.ask("POST", "/api/v1/identities", Some(document.clone())).await;
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (409, &json!("exists")),
        "the same uid is the same person"
    );
    let (status, shown) = bed.ask("GET", &path, None).await;
    assert_eq!((status.as_u16(), &shown["document"]["metadata"]["createdBy"]), (200, &json!("uid:0")));

    document["inetOrgPerson"]["mail"] = json!("x@example.org");
    let put = |rev: &str, document: &Value| {
        let request =
            Request::put(path.as_str()).header("content-type", "application/json").header("if-match", rev);
        request.body(Body::from(document.to_string())).unwrap()
    };
    let (status, changed) = bed.send(put("\"1\"", &document)).await;
    assert_eq!((status.as_u16(), &changed["rev"]), (200, &json!(2)));
    let (status, problem) = bed.send(put("\"1\"", &document)).await;
    assert_eq!((status.as_u16(), &problem["code"]), (412, &json!("changed")));
    assert_eq!(bed.send(put("one", &document)).await.0, 400);
    let (status, same) = bed.ask("PUT", &path, Some(document.clone())).await;
    assert_eq!((status.as_u16(), &same["rev"]), (200, &json!(2)), "the same changes nothing");
    for (bad, why) in [(json!([1]), "no JSON object"), (json!({"uid": "a"}), "inetOrgPerson")] {
        let (status, problem) = bed.ask("POST", "/api/v1/identities", Some(bad)).await;
        assert_eq!(status, 422);
        assert!(problem["detail"].as_str().unwrap().contains(why), "{problem}");
    }
    assert_eq!(bed.ask("GET", "/api/v1/identities/none", None).await.0, 404);
    assert_eq!(bed.ask("GET", "/api/v1/identities/none/jobs", None).await.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_workflow() {
    let bed = Bed::new().await;
    let file = "uid,cn,sn,title\na,A One,One,\nb,B Two,Two,fail\nc,C,,\nshort\n";
    let report = bed.import("", "people.csv", file, "").await;
    assert_eq!(
        (&report["new"], &report["incomplete"], &report["refused"], &report["bad"]),
        (
            &json!(3),
            &json!(1),
            &json!(1),
            &json!([{"line": 5, "reason": "it has 1 cells, and the heading 4"}])
        ),
        "{report}"
    );
    let again = bed.import("?validated=true", "people.csv", file, "").await;
    assert_eq!((&again["unchanged"], &again["new"]), (&json!(3), &json!(0)), "again it changes nothing");
    let (_, counts) = bed.ask("GET", "/api/v1/identities/counts", None).await;
    assert_eq!(counts["states"], json!({"to_complete": 1, "to_validate": 2}));

    let validate = json!({"state": "to_synchronise", "filter": {"state": ["to_validate"]}});
    let (_, moved) = bed.ask("POST", "/api/v1/identities/state", Some(validate)).await;
    assert_eq!((&moved["done"], &moved["left"]), (&json!(2), &json!(0)));
    let (_, sent) = bed.ask("POST", "/api/v1/identities/synchronise", None).await;
    assert_eq!((&sent["done"], sent["jobs"].as_array().unwrap().len()), (&json!(2), 2));
    bed.at_rest().await;
    let (_, failed) = bed.ask("GET", "/api/v1/identities?state=in_error", None).await;
    let failed = &failed["identities"][0];
    assert_eq!((&failed["label"], &failed["last"]["state"]), (&json!("B Two · b"), &json!("failed")));
    let id = failed["id"].as_str().unwrap();
    let (_, jobs) = bed.ask("GET", &format!("/api/v1/identities/{id}/jobs"), None).await;
    assert_eq!(
        (&jobs["jobs"][0]["source"], &jobs["jobs"][0]["id"]),
        (&json!("identities"), &failed["last"]["job"])
    );

    let fixed = bed.import("?validated=true", "people.csv", "uid,title\nb,fine\n", "").await;
    assert_eq!(
        (&fixed["changed"], &fixed["incomplete"]),
        (&json!(1), &json!(0)),
        "what it does not name stays"
    );
    bed.ask("POST", "/api/v1/identities/synchronise", None).await;
    bed.at_rest().await;
    let (_, found) =
        bed.ask("GET", "/api/v1/identities?text=two&state=synchronised&state=in_error", None).await;
    assert_eq!(found["identities"][0]["state"], "synchronised");
    let (_, page) = bed.ask("GET", "/api/v1/identities?limit=2", None).await;
    let (_, rest) = bed
        .ask("GET", &format!("/api/v1/identities?limit=2&after={}", page["next"].as_str().unwrap()), None)
        .await;
    assert_eq!(
        (page["identities"].as_array().unwrap().len(), rest["identities"].as_array().unwrap().len()),
        (2, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_writes_nothing_and_what_cannot_be_read_is_said() {
    let bed = Bed::new().await;
    let report = bed.import("?dry_run=true", "x.ndjson", "{\"inetOrgPerson\": {\"uid\": \"a\"}}\n", "").await;
    assert_eq!((&report["new"], &report["dry_run"]), (&json!(1), &json!(true)));
    assert!(bed.register.counts().await.unwrap().is_empty());
    for (query, name, file, mapping, code) in [
        ("", "x.json", "{", "", "bad_file"),
        ("", "x", "", "", "bad_file"),
        ("?format=xml", "x.json", "{}", "", "bad_file"),
        ("", "x.csv", "a,b\n", "fields: [", "bad_mapping"),
    ] {
        let (status, problem) = bed.send(form(query, name, file, mapping)).await;
        assert_eq!((status.as_u16(), &problem["code"]), (422, &json!(code)), "{problem}");
    }
    assert_eq!(bed.ask("POST", "/api/v1/identities/import", Some(json!({}))).await.0, 415);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_exported_can_be_imported_and_changes_nothing() {
    let bed = Bed::new().await;
    bed.ready(&["a", "b"]).await;
    let (_, lines) = bed.ask("GET", "/api/v1/identities/export", None).await;
    let lines = lines.as_str().unwrap().to_owned();
    assert_eq!(lines.lines().count(), 2);
    let report = bed.import("?format=ndjson", "x", &lines, "").await;
    assert_eq!((&report["unchanged"], &report["bad"]), (&json!(2), &json!([])));
    let (_, table) = bed.ask("GET", "/api/v1/identities/export?format=csv&text=b", None).await;
    let table = table.as_str().unwrap();
    assert_eq!(table.lines().nth(1).unwrap(), "b,to_synchronise,b,b Of,Of,,,,,,");
    let other = Bed::new().await;
    assert_eq!(other.import("", "x.csv", table, "").await["new"], 1);
    assert_eq!(other.state("b").await, State::ToValidate);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selection_must_be_said() {
    let bed = Bed::new().await;
    bed.ready(&["a"]).await;
    for verb in ["enable", "disable", "delete"] {
        let path = format!("/api/v1/identities/{verb}");
        assert_eq!(bed.ask("POST", &path, None).await.0, 400, "{verb}");
        assert_eq!(bed.ask("POST", &path, Some(json!({"ids": ["a"], "filter": {}}))).await.0, 400, "{verb}");
    }
    let (status, _) = bed
        .ask("POST", "/api/v1/identities/state", Some(json!({"state": "synchronised", "filter": {}})))
        .await;
    assert_eq!(status, 400, "only jobs come to that");
    let (_, report) = bed.ask("POST", "/api/v1/identities/delete", Some(json!({"ids": ["nobody"]}))).await;
    assert_eq!((&report["left"], &report["examples"][0]["code"]), (&json!(1), &json!("missing")));
    assert_eq!(bed.ask("GET", "/api/v1/identities?state=synced", None).await.0, 400);
    assert_eq!(bed.ask("GET", "/api/v1/identities?sate=synchronised", None).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn above_fifty_the_number_is_named_before_anybody_loses_something() {
    let bed = Bed::new().await;
    let ids: Vec<String> = (0..55).map(|n| format!("p{n}")).collect();
    bed.ready(&ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    bed.ask("POST", "/api/v1/identities/synchronise", None).await;
    bed.at_rest().await;
    let ask = async |verb: &str, body: Value| {
        bed.ask("POST", &format!("/api/v1/identities/{verb}"), Some(body)).await
    };
    // Whom it cannot be done to does not count: nobody can be synchronised twice over, and "nobody" is nobody.
    let named = json!({"ids": ids.iter().map(String::as_str).chain(["nobody"]).collect::<Vec<_>>()});
    for (body, status, code) in [
        (json!({"filter": {}}), 422, "number_needed"),
        (named, 422, "number_needed"),
        (json!({"filter": {}, "expected": 54}), 409, "other_number"),
        (json!({"filter": {"text": "p1"}, "expected": 55}), 409, "other_number"),
    ] {
        let (answered, problem) = ask("delete", body.clone()).await;
        assert_eq!((answered.as_u16(), &problem["code"]), (status, &json!(code)), "{body}");
    }
    assert_eq!(ask("disable", json!({"filter": {}})).await.1["expected"], 55);
    assert_eq!(bed.state("p0").await, State::Synchronised, "nothing was begun");
    assert_eq!(ask("delete", json!({"filter": {"text": "p1"}})).await.1["done"], 11, "fifty need no number");
    bed.at_rest().await;
    assert_eq!(ask("delete", json!({"filter": {}, "expected": 44})).await.1["done"], 44);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_set_while_the_caller_waits() {
    let bed = Bed::new().await;
    bed.ready(&["a"]).await;
    let path = "/api/v1/identities/a/password";
    let reset = || Some(json!({"new_password": "s3cr3t"}));
    let (status, problem) = bed.ask("POST", path, reset()).await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("never_synchronised")));
    bed.ask("POST", "/api/v1/identities/synchronise", None).await;
    bed.at_rest().await;
    let (status, set) = bed.ask("POST", path, reset()).await;
    assert_eq!((status.as_u16(), &set["state"]), (200, &json!("succeeded")));
    assert_eq!(bed.ask("POST", path, Some(json!({"new_password": ""}))).await.0, 400);
    let (status, problem) = bed.ask("POST", path, Some(json!({"newPassword": "s3cr3t"}))).await;
    assert_eq!(status, 400);
    assert!(!problem.to_string().contains("s3cr3t"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_data_of_a_deleted_identity_is_erased() {
    let bed = Bed::new().await;
    bed.ready(&["a", "b"]).await;
    bed.ask("POST", "/api/v1/identities/synchronise", None).await;
    bed.at_rest().await;
    let path = "/api/v1/identities/a";
    let (status, problem) = bed.ask("DELETE", path, None).await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("not_deleted")));
    assert!(problem["detail"].as_str().unwrap().contains("delete it from the backends first"), "{problem}");
    let deleted = bed.ask("POST", "/api/v1/identities/delete", Some(json!({"ids": ["a"]}))).await.1;
    bed.at_rest().await;
    assert_eq!(bed.ask("DELETE", path, None).await.0, 204);
    assert_eq!(bed.ask("GET", path, None).await.0, 404);
    assert_eq!(bed.ask("DELETE", path, None).await.0, 404);
    assert_eq!(
        bed.ask("GET", "/api/v1/identities/counts", None).await.1["states"],
        json!({"synchronised": 1})
    );
    let filter = journal::RecordFilter::of(model::RecordKind::Audit);
    let audit = bed.hub.journal().records(filter, None, 1).await.unwrap().rows.remove(0);
    assert_eq!((audit.code.as_str(), audit.what.as_deref()), ("erased", Some("identity a")));
    let (_, body) = bed.hub.journal().record_body(audit.seq).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&body).contains("a Of"), "nothing of the document is in it");
    // A replay of its deletion finds nothing of it, and breaks nothing; whoever comes back is new.
    let job = deleted["jobs"][0].as_str().unwrap().parse().unwrap();
    assert_eq!(bed.hub.job(job).await.unwrap().state, model::JobState::Succeeded);
    let (status, made) = bed.ask("POST", "/api/v1/identities", Some(person("a"))).await;
    assert_eq!((status.as_u16(), &made["rev"], &made["state"]), (201, &json!(1), &json!("to_validate")));
}

// === who may do what ===

fn known() -> KnownScopes {
    KnownScopes::with([intendant_identities::SCOPE])
}

const READ: &[Scope] = &[intendant_identities::READ, Scope::OPERATE];
const OPERATE: &[Scope] = &[Scope::OPERATE];

/// Every route, and what it asks of its caller.
const TABLE: &[(&str, &str, &[Scope])] = &[
    ("GET", "/api/v1/identities", READ),
    ("POST", "/api/v1/identities", OPERATE),
    ("GET", "/api/v1/identities/counts", READ),
    ("POST", "/api/v1/identities/disable", OPERATE),
    ("POST", "/api/v1/identities/delete", OPERATE),
    ("POST", "/api/v1/identities/enable", OPERATE),
    ("GET", "/api/v1/identities/export", READ),
    ("POST", "/api/v1/identities/import", OPERATE),
    ("GET", "/api/v1/identities/runs", READ),
    ("GET", "/api/v1/identities/runs/{run}", READ),
    ("POST", "/api/v1/identities/state", OPERATE),
    ("POST", "/api/v1/identities/synchronise", OPERATE),
    ("GET", "/api/v1/identities/{id}", READ),
    ("PUT", "/api/v1/identities/{id}", OPERATE),
    ("DELETE", "/api/v1/identities/{id}", &[Scope::ADMIN]),
    ("GET", "/api/v1/identities/{id}/jobs", READ),
    ("POST", "/api/v1/identities/{id}/password", OPERATE),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_whom_it_should() {
    let bed = Bed::new().await;
    let scoped = |scope: Scope| Caller {
        scopes: Scopes::from_iter([scope]),
        by: Proof::Token { id: "t".to_owned(), apart: true },
        ..Caller::of_socket(0)
    };
    let known = known();
    let callers = known.all().map(|scope| (Some(scope), Some(scoped(scope))));
    for (scope, caller) in callers.chain([(None, None)]) {
        for (method, path, any) in TABLE {
            let mut request = Request::builder()
                .method(*method)
                .uri(path.replace("{id}", "x"))
                .body(Body::empty())
                .unwrap();
            if let Some(caller) = &caller {
                request.extensions_mut().insert(caller.clone());
            }
            let status = bed.routes.clone().oneshot(request).await.unwrap().status().as_u16();
            let expected = match scope {
                None => Some(401),
                Some(scope) if any.contains(&scope) || scope == Scope::ADMIN => None,
                Some(_) => Some(403),
            };
            let refused = Some(status).filter(|status| matches!(status, 401 | 403));
            assert_eq!(refused, expected, "{scope:?}, {method} {path}");
        }
    }
}

#[test]
fn the_table_and_the_document_name_the_same_routes_and_rights() {
    let document = serde_json::to_value(api::document()).unwrap();
    let mut described = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            described.push((path.clone(), method.to_uppercase(), operation["security"].clone()));
        }
    }
    let rights = |any: &[Scope]| any.iter().map(|scope| json!({"token": [scope]})).collect::<Value>();

    let mut table: Vec<_> = TABLE
        .iter()
        .map(|(method, path, any)| ((*path).to_owned(), (*method).to_owned(), rights(any)))
        .collect();
    described.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    table.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    assert_eq!(described, table);
}
