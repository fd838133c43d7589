//! Identities become accounts, as a file says.

use engine::Accepted;
use model::{Effects, Request};
use serde_json::{Value, json};

use crate::bed::{Bed, Ended, World, aliases};

const MAPPING: &str = "
key: '{/concernedTo}'
first_name: '{/payload/inetOrgPerson/givenName}'
last_name: '{/payload/inetOrgPerson/sn}'
primary_email: '{/payload/inetOrgPerson/uid}@gadz.org'
aliases: ['{/payload/inetOrgPerson/mail}']
";

async fn asked(bed: &Bed, action: &str, payload: Value) -> Ended {
    let body = json!({ "concernedTo": "66c22991bdc3c9a7563a9d4f", "payload": payload, "options": {} });
    let accepted = bed.hub.accept(Request::new("test", action, body), Effects::default()).await.unwrap();
    let Accepted::New(job) = accepted else { panic!("{accepted:?}") };
    bed.ended(job).await
}

fn ada(uid: &str) -> Value {
    json!({ "inetOrgPerson": { "uid": uid, "givenName": "Ada", "sn": "Lovelace", "mail": [format!("{uid}@gadzarts.org")] } })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_gets_an_account_that_follows_it() {
    let world = World::new();
    std::fs::write(world.path("mapping.yml"), MAPPING).unwrap();
    let more = format!("  mapping: {}\n", world.path("mapping.yml").display());
    let bed = world.open_with(&more).await;
    asked(&bed, "IDENTITY_CREATE", ada("ada")).await.succeeded();
    let user = world.google.user("ada@gadz.org").unwrap();
    assert_eq!(aliases(&user), ["ada@gadzarts.org"]);
    assert!(user["externalIds"].to_string().contains("66c22991bdc3c9a7563a9d4f"));
    // Once more changes nothing, under another name it is renamed.
    asked(&bed, "IDENTITY_UPDATE", ada("ada")).await.succeeded();
    asked(&bed, "IDENTITY_UPDATE", ada("augusta")).await.succeeded();
    assert_eq!(world.google.user("augusta@gadz.org").unwrap()["id"], user["id"]);
    assert_eq!(world.google.desk().calls_of("users.update").len(), 1);
    for (action, suspended) in [("IDENTITY_DISABLE", true), ("IDENTITY_ENABLE", false)] {
        asked(&bed, action, json!({})).await.succeeded();
        assert_eq!(world.google.user("augusta@gadz.org").unwrap()["suspended"], suspended);
    }
    asked(&bed, "IDENTITY_DELETE", json!({})).await.succeeded();
    assert_eq!(world.google.users().len(), 0);
    assert_eq!(world.gram.written().len(), 0, "the referential has nothing to do with it");
    // What is missing is named.
    let ended = asked(&bed, "IDENTITY_CREATE", json!({})).await;
    assert!(ended.outcome.message.as_ref().unwrap().contains("/payload/inetOrgPerson/givenName"));
    assert_eq!(ended.failed().0, 422);
    bed.stop().await;
}
