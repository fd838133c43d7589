//! The password hash of a person is nowhere but at Google: neither in answers nor in the journal's own words.

use serde_json::json;
use testgoogle::{Order, Reply};

use crate::bed::{UPDATE, UUID, World, other, update};

#[tokio::test(flavor = "multi_thread")]
async fn the_hash_is_in_no_answer_whoever_repeats_it() {
    let world = World::new();
    let hash = world.hash.clone();
    let bed = world.open().await;
    let mut seen = Vec::new();
    // Google repeats what it was told.
    world.google.order(Order::on("users.insert").reply(Reply::error(
        400,
        "invalid",
        &format!("Invalid password: {}", hash.to_uppercase()),
    )));
    seen.push(bed.create().await.story);
    // The referential repeats it in what it refuses.
    let refusal = json!({ "password": [format!("{hash} is odd")] });
    world.gram.order(Order::on("accounts.update").reply(Reply::json(422, &refusal)));
    seen.push(bed.create().await.story);
    world.google.add(other("grace@gadz.org"));
    seen.push(bed.done(UPDATE, update(json!({ "primary_email": "grace@gadz.org" }))).await.story);
    bed.done(UPDATE, update(json!({}))).await.succeeded();
    for story in &seen {
        let text = format!("{story:?}").to_lowercase();
        assert!(!text.contains(&hash), "{text}");
    }
    // Nor in what is kept of the account.
    let kept = bed.hub.journal().entities("google_account".to_owned(), None, 10).await.unwrap();
    assert!(kept.rows.iter().any(|entity| entity.key.key == UUID));
    assert!(!format!("{kept:?}").contains(&hash));
    bed.stop().await;
    // It did go to Google.
    assert!(world.google.desk().calls().iter().any(|call| call.body.to_string().contains(&hash)));
}
