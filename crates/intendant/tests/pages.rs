//! The pages that modules bring beside the console's own, and each of their buttons × each role, in the whole program; and
//! the bus's routes for programs × each scope. A route that is missing here fails the test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::json;
use support::World;

/// Who may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Nobody,
    Viewer,
    Operator,
    Admin,
}

use Who::{Admin, Nobody, Operator, Viewer};

const ROUTES: &[(&str, &str, Who)] = &[
    ("get", "/bus", Viewer),
    ("get", "/bus/catalogue", Viewer),
    ("get", "/bus/send", Operator),
    ("post", "/bus/send", Operator),
    ("get", "/bus/messages/{record}", Viewer),
    ("get", "/identities", Viewer),
    ("get", "/identities/new", Operator),
    ("post", "/identities/new", Operator),
    ("get", "/identities/import", Operator),
    ("post", "/identities/import", Operator),
    ("get", "/identities/many", Operator),
    ("post", "/identities/many", Operator),
    ("get", "/identities/{id}", Viewer),
    ("post", "/identities/{id}", Operator),
    ("get", "/identities/{id}/edit", Operator),
    ("post", "/identities/{id}/edit", Operator),
    ("get", "/identities/{id}/erase", Admin),
    ("post", "/identities/{id}/erase", Admin),
    ("post", "/identities/{id}/password", Operator),
];

/// The routes as the sources have them.
fn declared() -> BTreeSet<(String, String)> {
    let sources =
        [include_str!("../../bus/src/pages/mod.rs"), include_str!("../../identities/src/pages/mod.rs")];
    let mut routes = BTreeSet::new();
    for route in sources.iter().flat_map(|source| source.split(".route(").skip(1)) {
        let path = route.split('"').nth(1).unwrap().to_owned();
        let handlers = route.split(".with_state").next().unwrap();
        // The import's handlers stand above the routes, with the size of its files.
        let both = handlers.contains("upload)");
        for method in ["get", "post", "put", "patch", "delete"] {
            if handlers.contains(&format!("{method}(")) || (both && matches!(method, "get" | "post")) {
                routes.insert((method.to_owned(), path.clone()));
            }
        }
    }
    routes
}

#[test]
fn every_route_is_in_the_table() {
    let listed = ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()));
    assert_eq!(listed.collect::<BTreeSet<_>>(), declared());
}

/// The bus's routes for programs, and the scopes of which one is needed.
const API: &[(&str, &str, &[&str])] = &[
    ("get", "/api/v1/bus/catalogue", &["read", "operate", "admin"]),
    ("post", "/api/v1/bus/move", &["operate", "admin"]),
];

#[test]
fn the_bus_s_routes_for_programs_let_in_whom_they_should() {
    let world = World::new();
    world.configure("bus:\n  lists: {url: 'amqp://127.0.0.1:1'}\n");
    let document = world.run(&["openapi"]).json();
    let described = document["paths"].as_object().unwrap().iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys().map(move |method| (method.as_str(), path.as_str()));
        methods.filter(|(_, path)| path.starts_with("/api/v1/bus"))
    });
    let listed = API.iter().map(|(method, path, _)| (*method, *path));
    assert_eq!(listed.collect::<BTreeSet<_>>(), described.collect());

    let hub = world.serve();
    let scopes = ["submit", "read", "operate", "admin", "identities:read"];
    let tokens = scopes.map(|scope| {
        world.run(&["token", "make", &scope.replace(':', "-"), "--scope", scope]).stdout.trim().to_owned()
    });
    for (method, path, any) in API {
        let url = format!("{}{path}", hub.url());
        assert_eq!(ask(method, &url, None, &[]).0, 401, "{path}");
        for (scope, token) in scopes.iter().zip(&tokens) {
            let (status, answer) =
                ask(method, &url, None, &["-H", &format!("Authorization: Bearer {token}")]);
            // Whoever may move a dead letter has to say which.
            let let_in = if *method == "get" { 200..=200 } else { 400..=402 };
            let expected = if any.contains(scope) { let_in } else { 403..=403 };
            assert!(expected.contains(&status), "{path} with {scope}: {answer}");
        }
    }
    hub.stop();
}

/// Status and whole answer, head first, as a browser gets them.
fn ask(method: &str, url: &str, cookie: Option<&str>, more: &[&str]) -> (u16, String) {
    let mut command = Command::new("curl");
    command.args(["-sS", "-i", "--max-time", "60", "-X", &method.to_uppercase(), url]);
    command.args(["-H", "Accept: text/html", "-H", "Sec-Fetch-Site: same-origin"]).args(more);
    if let Some(cookie) = cookie {
        command.args(["-H", &format!("Cookie: {cookie}")]);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let status = said.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("{method} {url}: {output:?}")), said)
}

/// Makes an account and signs in with it; the cookie.
fn sign_in(url: &str, token: &str, role: &str) -> String {
    let account = json!({ "name": role, "role": role, "password": "a long password" }).to_string();
    let bearer = format!("Authorization: Bearer {token}");
    let more = ["-H", bearer.as_str(), "-H", "Content-Type: application/json", "-d", account.as_str()];
    let (status, answer) = ask("post", &format!("{url}/api/v1/accounts"), None, &more);
    assert_eq!(status, 201, "{answer}");
    let form = format!("name={role}&password=a+long+password");
    let (status, answer) = ask("post", &format!("{url}/sign-in"), None, &["-d", &form]);
    assert_eq!(status, 303, "{answer}");
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

#[test]
fn every_route_is_for_those_whom_the_table_names() {
    let world = World::new();
    // No broker is there: the pages are all the same.
    world.configure("http: {address_rate: 1000000}\nbus:\n  lists: {url: 'amqp://127.0.0.1:1'}\n");
    let hub = world.serve();
    let url = hub.url();
    let token = world.run(&["token", "make", "admin", "--scope", "admin"]).stdout.trim().to_owned();
    let role = |who, role| (who, Some(sign_in(&url, &token, role)));
    let people = [(Nobody, None), role(Viewer, "viewer"), role(Operator, "operator"), role(Admin, "admin")];
    for (is, cookie) in &people {
        for (method, path, who) in ROUTES {
            // Nobody of that name is there: what is allowed comes to nothing.
            let path = path.replace("{id}", "nobody").replace("{record}", "77");
            let (status, answer) = ask(method, &format!("{url}{path}"), cookie.as_deref(), &[]);
            let to_sign_in = answer.contains("location: /sign-in?");
            let what = format!("{method} {path} as {is:?}: {answer}");
            if is >= who {
                assert!(!matches!(status, 401 | 403 | 405) && !to_sign_in && status < 500, "{what}");
            } else if *is == Nobody {
                assert!(status == 303 && to_sign_in, "{what}");
            } else {
                assert_eq!(status, 403, "{what}");
            }
        }
    }
    hub.stop();
}
