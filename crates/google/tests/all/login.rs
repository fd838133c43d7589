//! An administrator grants access to an installed application, and the grant is kept and renewed.

use std::sync::Arc;
use std::time::Duration;

use engine::Clock;
use intendant_google::Way;
use intendant_google::token::{ClientSecret, Flow, Store, TokenFile, TokenRedis};
use model::Secret;
use testkit::service::Kind;

use crate::bed::World;

/// Grants access as a person does in a browser; the address at which it ends.
async fn consent(world: &World, flow: &Flow) -> String {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = browser.get(flow.url(&world.google.admin())).send().await.unwrap();
    answer.headers()["location"].to_str().unwrap().to_owned()
}

fn secret(world: &World) -> ClientSecret {
    ClientSecret::new(&Secret::new(world.google.client_secret().to_string())).unwrap()
}

/// The section of a hub that has been granted access, with where the grant is kept.
fn section(world: &World, kept: &str) -> String {
    let client = world.path("client.json");
    std::fs::write(&client, world.google.client_secret().to_string()).unwrap();
    let own = world.section("");
    let line = own.lines().find(|line| line.contains("service_account")).unwrap();
    own.replace(line, &format!("  client_secret: file:{}\n  {kept}", client.display()))
}

async fn granted(world: &World, store: &Arc<dyn Store>) {
    let way = Way { proxy: None, authorities: None, timeout: Duration::from_secs(30) };
    let flow = Flow::begin(secret(world), 4711).unwrap();
    let pasted = flow.read(&consent(world, &flow).await).unwrap();
    let stored = flow.finish(pasted, &way.client().unwrap(), &Clock::system()).await.unwrap();
    assert!(stored.covers(testgoogle::SCOPE));
    store.put(&world.google.admin(), &stored).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_pasted_becomes_a_grant_on_which_accounts_are_made() {
    let world = World::new();
    let store: Arc<dyn Store> = Arc::new(TokenFile::new(world.path("tokens.yaml")));
    granted(&world, &store).await;
    let before = store.get(&world.google.admin()).await.unwrap().unwrap();
    // The token of the grant is over: it is renewed, and what is new is kept.
    world.google.revoke_tokens();
    let section = section(&world, &format!("tokens: {}", world.path("tokens.yaml").display()));
    let mut old = before.clone();
    old.expiration_time_millis = 0;
    store.put(&world.google.admin(), &old).await.unwrap();
    let bed = world.open_as(&section, Clock::system()).await;
    bed.create().await.succeeded();
    let after = store.get(&world.google.admin()).await.unwrap().unwrap();
    assert_ne!(before.access_token, after.access_token);
    assert_eq!(before.refresh_token, after.refresh_token);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_no_in_the_browser_grants_nothing() {
    let world = World::new();
    world.google.deny_consent(true);
    let flow = Flow::begin(secret(&world), 4711).unwrap();
    let why = flow.read(&consent(&world, &flow).await).unwrap_err();
    assert!(why.contains("access_denied"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_grant_all_wait_and_are_told_what_to_do() {
    let world = World::new();
    let kept = format!("tokens: {}", world.path("tokens.yaml").display());
    let bed = world.open_as(&section(&world, &kept), Clock::system()).await;
    let job = bed.submit(crate::bed::CREATE, crate::bed::create()).await;
    let story = bed.waits(job).await;
    let message = story.job.message.unwrap_or_default();
    assert!(message.contains("intendant google login"), "{message}");
    let store: Arc<dyn Store> = Arc::new(TokenFile::new(world.path("tokens.yaml")));
    granted(&world, &store).await;
    bed.ended(job).await.succeeded();
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_is_kept_in_redis_under_the_keys_of_the_original() {
    let redis = Kind::Redis.start().unwrap();
    let world = World::new();
    let store: Arc<dyn Store> = Arc::new(TokenRedis::new(redis.url()).unwrap());
    granted(&world, &store).await;
    let bed = world.open_as(&section(&world, &format!("redis: {}", redis.url())), Clock::system()).await;
    bed.create().await.succeeded();
    bed.stop().await;
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let key = format!("g-user-token:{}", world.google.admin());
    let text: String = redis::cmd("GET").arg(key).query_async(&mut connection).await.unwrap();
    assert!(text.contains("refresh_token"), "{text}");
}
