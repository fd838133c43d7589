//! Clients that others wrote find in the double what they find at Google.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "what goes wrong in a test ends it"
)]

use intendant_testgoogle::{Google, SCOPE};
use serde_json::{Value, json};
use testkit::directory::Client;

fn lead(client: Client, name: &str, full_name: &str) {
    let google = Google::start();
    let said = client.lead(&google.url(), &google.token(&[SCOPE])).unwrap();
    let said: Value = serde_json::from_str(&said).unwrap();
    let addresses = |numbers: &[usize]| -> Vec<String> {
        numbers.iter().map(|number| format!("{name}{number}@gadz.org")).collect()
    };
    let key = &said["key"];
    let expected = json!({
        "inserted": format!("{name}0@gadz.org"),
        "got": { "id": key, "name": { "fullName": full_name } },
        "aliases": ["y@gadz.org"],
        "renamed": ["renamed@gadz.org", true, [format!("{name}0@gadz.org"), "y@gadz.org"],
            [{ "type": "organization", "value": "u0" }]],
        "patched": false,
        "pages": [addresses(&[1, 2]), addresses(&[3, 4]), ["renamed@gadz.org"]],
        "deleted": addresses(&[1]),
        "back": format!("{name}1@gadz.org"),
        "error": [404, "notFound"],
        "key": key,
    });
    assert_eq!(said, expected);
    let password = google.password("renamed@gadz.org").unwrap();
    assert_eq!(password, ("da39a3ee5e6b4b0d3255bfef95601890afd80709".to_owned(), Some("SHA-1".to_owned())));
    google.desk().assert_nothing_strange();
}

#[test]
fn of_python() {
    lead(Client::Python, "python", "Py Thon 0");
}

#[test]
fn of_node() {
    lead(Client::Node, "node", "No De 0");
}
