//! What the routes of a bus depend on (seed 003): each dependency is looked at from time to time, and shown as a
//! connection of its own.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use engine::{Clock, Hub, Link};
use futures_util::future::join_all;
use reqwest::{Client, redirect};

use crate::route::{Dependency, Routes};

/// What is at the other end, for those who look at connections.
pub const DEPENDENCY: &str = "dependency";

/// How often they are looked at.
const EVERY: Duration = Duration::from_secs(30);
/// How long one may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether a dependency answers, whatever it says; an error is why not.
pub async fn reach(dependency: &Dependency) -> Result<(), String> {
    let client = client().map_err(|error| error.to_string())?;
    ask(&client, &dependency.url).await
}

fn client() -> Result<Client, reqwest::Error> {
    // Whoever came first has installed the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .timeout(PATIENCE)
        .redirect(redirect::Policy::none())
        .user_agent(concat!("intendant/", env!("CARGO_PKG_VERSION")))
        .build()
}

async fn ask(client: &Client, url: &str) -> Result<(), String> {
    match client.get(url).send().await {
        Ok(answer) if answer.status().is_server_error() => Err(format!("it answers {}", answer.status())),
        Ok(_) => Ok(()),
        Err(error) => Err(last_cause(&error.without_url())),
    }
}

/// The last cause says what happened.
fn last_cause(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// Looks at all of them again and again, for as long as it is polled.
pub(crate) async fn watch(routes: &Routes, hub: &Hub, clock: &Clock) {
    let mut known = BTreeSet::new();
    let declared = routes.iter().flat_map(|route| &route.spec.depends_on);
    let watched: Vec<(Dependency, Arc<Link>)> = declared
        .filter(|needed| known.insert(needed.name.clone()))
        .map(|needed| (needed.clone(), hub.link(&needed.name, DEPENDENCY)))
        .collect();
    let client = match client() {
        Ok(client) if !watched.is_empty() => client,
        Ok(_) => return,
        Err(error) => return tracing::error!("dependencies cannot be looked at: {error}"),
    };
    loop {
        join_all(watched.iter().map(async |(needed, link)| match ask(&client, &needed.url).await {
            Ok(()) if link.up(clock.now()) => {
                tracing::info!(dependency = needed.name, "{} answers", needed.name);
            }
            Err(why) if link.down(clock.now(), why.clone()) => {
                tracing::warn!(dependency = needed.name, "{} does not answer: {why}", needed.name);
            }
            _ => {}
        }))
        .await;
        clock.sleep(EVERY).await;
    }
}
