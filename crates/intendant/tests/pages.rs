//! The pages that modules bring, and each of their buttons × each role, and their routes for programs × each scope, in the
//! whole program: who may use one is what the module says of it, and what happens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::process::Command;

use http::page::{PageRoute, Who};
use http::{KnownScopes, Role, Scopes};
use intendant::assembly::Modules;
use serde_json::{Value, json};
use support::{Serving, World};

fn modules() -> Modules {
    Modules::new(intendant::modules::all())
}

/// A hub with all modules at work. No broker is there: pages and routes are all the same.
fn hub(world: &World) -> Serving {
    world.configure("http: {address_rate: 1000000}\nbus:\n  lists: {url: 'amqp://127.0.0.1:1'}\n");
    world.serve()
}

/// Puts into a path what nobody has: what is allowed comes to nothing.
fn of_nobody(path: &str) -> String {
    path.replace("{id}", "nobody").replace("{rne}", "0000000A").replace("{record}", "77")
}

/// A route for programs: its method, its path, the scopes of which one is needed.
type Described = (String, String, Vec<String>);

/// What modules describe beside the hub's own.
fn described() -> Vec<Described> {
    let all: Value = serde_json::from_str(&modules().openapi()).unwrap();
    let own = serde_json::to_value(api::document(Vec::new(), &KnownScopes::default())).unwrap();
    let paths = all["paths"].as_object().unwrap().iter().filter(|(path, _)| own["paths"].get(path).is_none());
    let operations = paths.flat_map(|(path, item)| {
        item.as_object().unwrap().iter().map(move |(method, operation)| {
            let any = operation["security"].as_array().unwrap().iter();
            let any =
                any.filter_map(|one| one["token"].as_array()).flatten().map(|scope| scope.as_str().unwrap());
            (method.clone(), path.clone(), any.map(str::to_owned).collect())
        })
    });
    // What a signed link opens is opened by nothing else, and has tests of its own.
    operations.filter(|(_, _, any): &Described| !any.is_empty()).collect()
}

#[test]
fn routes_for_programs_let_in_whom_their_description_names() {
    let world = World::new();
    let hub = hub(&world);
    let known = modules().scopes();
    let tokens: Vec<_> = known
        .all()
        .map(|scope| {
            let (name, scope_name) = (scope.as_str().replace(':', "-"), scope.as_str());
            let made = world.run(&["token", "make", &name, "--scope", scope_name]).stdout;
            (scope, format!("Authorization: Bearer {}", made.trim()))
        })
        .collect();
    let described = described();
    assert!(described.iter().any(|(_, path, _)| path.starts_with("/api/v1/bus")), "{described:?}");
    for (method, path, any) in &described {
        let url = format!("{}{}", hub.url(), of_nobody(path));
        assert_eq!(ask(method, &url, None, &[]).0, 401, "{path}");
        for (scope, bearer) in &tokens {
            let has = Scopes::from_iter([*scope]);
            let may = any.iter().any(|needed| has.allow(known.find(needed).unwrap()));
            let (status, answer) =
                ask(method, &url, None, &["-H", bearer, "-H", "Content-Type: application/json"]);
            let what = format!("{method} {path} with {scope}: {answer}");
            if may {
                assert!(!matches!(status, 401 | 403 | 405) && status < 500, "{what}");
            } else {
                // Where a key is asked for, a token that is none is as good as nothing.
                let key = path.starts_with("/hosting/") && method == "post" && status == 401;
                assert!(status == 403 || key, "{what}");
            }
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
fn pages_are_for_those_whom_they_name() {
    let world = World::new();
    let hub = hub(&world);
    let url = hub.url();
    let token = world.run(&["token", "make", "admin", "--scope", "admin"]).stdout.trim().to_owned();
    let known = modules().scopes();
    let people = [Role::Viewer, Role::Operator, Role::Admin];
    let people = people.map(|role| (Some(role), Some(sign_in(&url, &token, role.as_str()))));
    for (role, cookie) in people.iter().chain([&(None, None)]) {
        for PageRoute { method, path, who } in modules().pages() {
            let may = match who {
                Who::Anybody => true,
                Who::Person => role.is_some(),
                Who::May(scope) => role.is_some_and(|role| known.of(role).allow(scope)),
            };
            let (status, answer) = ask(method, &format!("{url}{}", of_nobody(path)), cookie.as_deref(), &[]);
            let to_sign_in = answer.contains("location: /sign-in?");
            let what = format!("{method} {path} as {role:?}: {answer}");
            if may {
                assert!(!matches!(status, 401 | 403 | 405) && !to_sign_in && status < 500, "{what}");
            } else if role.is_none() {
                assert!(status == 303 && to_sign_in, "{what}");
            } else {
                assert_eq!(status, 403, "{what}");
            }
        }
    }
    hub.stop();
}
