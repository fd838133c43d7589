//! Who may do what: every route, every caller, its own and another's job. A route that is missing from the table fails
//! the test, and so does one whose document says something else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use http::{Caller, Role, Scope};
use intendant_api::dto::{NewAccount, NewToken};
use serde_json::{Value, json};
use support::{Bed, document, send};

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Needs {
    /// Nothing.
    Nothing,
    /// That it says who it is.
    Anybody,
    /// One of these scopes.
    Scope(&'static [Scope]),
    /// `read` for every job, `submit` for those that it handed in.
    OwnJob,
}

const READ: Needs = Needs::Scope(&[Scope::READ]);
const SUBMIT: Needs = Needs::Scope(&[Scope::SUBMIT]);
const OPERATE: Needs = Needs::Scope(&[Scope::OPERATE]);
const ADMIN: Needs = Needs::Scope(&[Scope::ADMIN]);

/// Every route. Where a body is wanted, one that is well-formed and does no harm to the other rows.
const TABLE: &[(&str, &str, Needs, &str)] = &[
    ("GET", "/healthz", Needs::Nothing, ""),
    ("GET", "/readyz", Needs::Nothing, ""),
    ("GET", "/api/v1/jobs", READ, ""),
    ("POST", "/api/v1/jobs", SUBMIT, r#"{"action": "DO", "concernedTo": "matrix"}"#),
    ("POST", "/api/v1/jobs/batch", SUBMIT, "\n"),
    ("GET", "/api/v1/jobs/count", READ, ""),
    ("GET", "/api/v1/jobs/export", READ, ""),
    ("POST", "/api/v1/jobs/retry", OPERATE, r#"{"filter": {"action": "NEVER"}}"#),
    ("GET", "/api/v1/jobs/causes", READ, ""),
    ("POST", "/api/v1/jobs/aside", OPERATE, r#"{"filter": {"action": "NEVER"}, "reason": "none"}"#),
    ("POST", "/api/v1/jobs/cancel", OPERATE, r#"{"filter": {"action": "NEVER"}}"#),
    ("GET", "/api/v1/jobs/{id}", Needs::OwnJob, ""),
    ("GET", "/api/v1/jobs/{id}/wait", Needs::OwnJob, ""),
    ("POST", "/api/v1/jobs/{id}/retry", OPERATE, "{}"),
    ("POST", "/api/v1/jobs/{id}/cancel", OPERATE, ""),
    ("GET", "/api/v1/events?job={id}", Needs::OwnJob, ""),
    ("GET", "/api/v1/refusals", READ, ""),
    ("POST", "/api/v1/refusals/aside", OPERATE, r#"{"records": [1000], "reason": "none"}"#),
    ("GET", "/api/v1/refusals/{record}", READ, ""),
    ("POST", "/api/v1/refusals/{record}/resubmit", OPERATE, ""),
    ("GET", "/api/v1/backends", READ, ""),
    ("GET", "/api/v1/backends/check", OPERATE, ""),
    ("POST", "/api/v1/backends/reload", ADMIN, ""),
    ("POST", "/api/v1/backends/{name}/ping", OPERATE, ""),
    ("POST", "/api/v1/backends/{name}/pause", OPERATE, ""),
    ("POST", "/api/v1/backends/{name}/resume", OPERATE, ""),
    ("PUT", "/api/v1/backends/{name}/concurrency", OPERATE, "{}"),
    ("GET", "/metrics", READ, ""),
    ("GET", "/api/v1/deliveries", READ, ""),
    ("GET", "/api/v1/deliveries/causes", READ, ""),
    ("GET", "/api/v1/refusals/causes", READ, ""),
    ("POST", "/api/v1/refusals/resubmit", OPERATE, r#"{"all": true}"#),
    ("POST", "/api/v1/deliveries/retry", OPERATE, r#"{"all": true}"#),
    ("POST", "/api/v1/deliveries/drop", OPERATE, r#"{"all": true, "reason": "x"}"#),
    ("GET", "/api/v1/actions", READ, ""),
    ("GET", "/api/v1/failsafe", READ, ""),
    ("GET", "/api/v1/failsafe/{set}", READ, ""),
    ("POST", "/api/v1/failsafe/{set}/approve", OPERATE, r#"{"through": "2026-01-01T00:00:00Z"}"#),
    ("POST", "/api/v1/failsafe/{set}/reject", OPERATE, r#"{"through": "2026-01-01T00:00:00Z"}"#),
    ("GET", "/api/v1/audit", ADMIN, ""),
    ("GET", "/api/v1/audit/{record}", ADMIN, ""),
    ("GET", "/api/v1/settings", ADMIN, ""),
    ("GET", "/api/v1/me", Needs::Anybody, ""),
    ("GET", "/api/v1/tokens", ADMIN, ""),
    ("POST", "/api/v1/tokens", ADMIN, "{}"),
    ("DELETE", "/api/v1/tokens/{token}", ADMIN, ""),
    ("GET", "/api/v1/accounts", ADMIN, ""),
    ("POST", "/api/v1/accounts", ADMIN, "{}"),
    ("GET", "/api/v1/accounts/{name}", ADMIN, ""),
    ("PATCH", "/api/v1/accounts/{name}", ADMIN, "{}"),
    ("DELETE", "/api/v1/accounts/{name}", ADMIN, ""),
    ("POST", "/api/v1/sign-in-links", ADMIN, r#"{"account": "nobody"}"#),
    ("GET", "/api/v1/status", READ, ""),
    ("GET", "/api/v1/nodes", READ, ""),
    ("POST", "/api/v1/nodes/{life}/drain", ADMIN, ""),
    ("POST", "/api/v1/nodes/{life}/resume", ADMIN, ""),
];

/// Somebody who calls, with what it may do and the job that it handed in.
struct Somebody {
    name: String,
    header: String,
    scopes: Vec<Scope>,
    own: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_whom_it_should() {
    let bed = Bed::done().await;
    let admin = Caller::of_socket(0);
    let mut callers = Vec::new();
    for scope in bed.access.scopes().all() {
        let scopes = vec![scope.to_string()];
        let new = NewToken { name: format!("t-{}", callers.len()), scopes, expires_at: None };
        let made = bed.access.make_token(new, &admin).await.unwrap();
        callers.push((
            format!("token with {scope}"),
            format!("Authorization: Bearer {}", made.secret),
            vec![scope],
        ));
    }
    for (role, scopes) in [
        (Role::Viewer, vec![Scope::READ, support::RENT.scope]),
        (Role::Operator, vec![Scope::SUBMIT, Scope::OPERATE, support::RENT.scope]),
        (Role::Admin, vec![Scope::ADMIN]),
    ] {
        let name = role.to_string();
        let password = Some("a long password".to_owned());
        bed.access.make_account(NewAccount { name: name.clone(), role, password }, &admin).await.unwrap();
        let origin = "127.0.0.1".parse().unwrap();
        let origin = access::Origin::at(origin, false);
        let cookie = bed.access.sign_in(&name, "a long password", &origin).await.unwrap().cookie;
        let cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        callers.push((name, format!("Cookie: {cookie}\r\nSec-Fetch-Site: same-origin"), scopes));
    }

    let other = bed.ended(&document("other")).await.to_string();
    let mut somebodies = Vec::new();
    for (name, header, scopes) in callers {
        let allowed = allows(&scopes, &[Scope::SUBMIT]);
        let own = if allowed { submit(&bed, &header).await } else { other.clone() };
        somebodies.push(Somebody { name, header, scopes, own });
    }
    for row in TABLE {
        let nobody = status(&bed, row, &other, "X-Nobody: 1").await;
        assert_eq!(nobody == 401, row.2 != Needs::Nothing, "nobody, {} {}: {nobody}", row.0, row.1);
        for somebody in &somebodies {
            for (whose, job) in [("another's", &other), ("its own", &somebody.own)] {
                let found = status(&bed, row, job, &somebody.header).await;
                let own = *job == somebody.own && allows(&somebody.scopes, &[Scope::SUBMIT]);
                let expected = match row.2 {
                    Needs::Nothing | Needs::Anybody => None,
                    Needs::Scope(any) if allows(&somebody.scopes, any) => None,
                    Needs::OwnJob if own || allows(&somebody.scopes, &[Scope::READ]) => None,
                    // That there is such a job is no business of somebody who may only submit.
                    Needs::OwnJob if allows(&somebody.scopes, &[Scope::SUBMIT]) => Some(404),
                    Needs::Scope(_) | Needs::OwnJob => Some(403),
                };
                let refused = Some(found).filter(|_| matches!(found, 401 | 403) || expected == Some(found));
                assert_eq!(refused, expected, "{}, {whose} job, {} {}: {found}", somebody.name, row.0, row.1);
            }
        }
    }
}

/// Written out once more, so that a mistake in the program is none here.
fn allows(scopes: &[Scope], any: &[Scope]) -> bool {
    let has = |scope| scopes.contains(&scope);
    any.iter().any(|scope| has(*scope) || has(Scope::ADMIN) || (*scope == Scope::READ && has(Scope::OPERATE)))
}

async fn submit(bed: &Bed, header: &str) -> String {
    let body = document("own").to_string();
    let headers = format!("{header}\r\nContent-Type: application/json");
    let (status, answer) = send(&bed.url, "POST", "/api/v1/jobs?wait=30", &headers, &body).await;
    assert_eq!(status, 200, "{answer}");
    serde_json::from_str::<Value>(&answer).unwrap()["job"].as_str().unwrap().to_owned()
}

async fn status(bed: &Bed, row: &(&str, &str, Needs, &str), job: &str, header: &str) -> u16 {
    let (method, path, _, body) = row;
    let path = path
        .replace("{id}", job)
        .replace("{record}", "99")
        .replace("{token}", "none")
        .replace("{life}", "none")
        .replace("{set}", "none");
    let path = path.replace("{name}", "00done");
    let kind = if path.ends_with("batch") { "application/x-ndjson" } else { "application/json" };
    let headers = format!("{header}\r\nContent-Type: {kind}");
    send(&bed.url, method, &path, &headers, body).await.0
}

#[test]
fn the_table_and_the_document_name_the_same_routes_and_rights() {
    let document =
        serde_json::to_value(intendant_api::document(Vec::new(), &http::KnownScopes::default())).unwrap();
    let mut described = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation.get("responses").is_some() {
                described.push((method.to_uppercase(), path.clone(), operation["security"].clone()));
            }
        }
    }
    let needs = |needs: Needs| match needs {
        Needs::Nothing => json!([{}]),
        Needs::Anybody => json!([{"token": []}]),
        Needs::Scope(any) => any.iter().map(|scope| json!({"token": [scope]})).collect(),
        Needs::OwnJob => json!([{"token": ["read"]}, {"token": ["submit"]}]),
    };
    let mut table: Vec<_> = TABLE
        .iter()
        .map(|(method, path, rights, _)| {
            ((*method).to_owned(), path.split('?').next().unwrap().to_owned(), needs(*rights))
        })
        .collect();
    let order = |a: &(String, String, Value), b: &(String, String, Value)| (&a.1, &a.0).cmp(&(&b.1, &b.0));
    described.sort_by(order);
    table.sort_by(order);
    assert_eq!(described, table);
}
