//! What backends and routes say that they ask over HTTP: each is looked at from time to time, and shown as
//! a connection of its own. One that does not answer keeps nobody from working.

use std::sync::Arc;
use std::time::Duration;

use engine::{Clock, Hub, Link};
use futures_util::future::join_all;
use model::Dependency;
use reqwest::{Client, redirect};
use tokio::sync::watch;

/// What is at the other end, for those who look at connections.
pub const DEPENDENCY: &str = "dependency";

/// How often they are looked at.
const EVERY: Duration = Duration::from_secs(30);
/// How long one may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether anybody answers at this address, whatever is said; an error is why not.
///
/// # Errors
/// A sentence without the address: nobody is there, or it answers that it is out of order.
pub async fn reach(url: &str) -> Result<(), String> {
    let client = client().map_err(|error| error.to_string())?;
    ask(&client, url).await
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
fn last_cause(error: &reqwest::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// Looks at them again and again, until it is dropped.
#[derive(Debug)]
pub struct Watch(watch::Sender<Vec<Dependency>>);

impl Watch {
    /// Begins with these. Each is a connection in the hub's list, and its reachability there.
    pub fn start(hub: Hub, clock: Clock, declared: Vec<Dependency>) -> Watch {
        let (sender, told) = watch::channel(declared);
        tokio::spawn(keep(told, hub, clock));
        Watch(sender)
    }

    /// Goes on with these: new ones are looked at now, those that are not among them leave the list.
    pub fn set(&self, declared: Vec<Dependency>) {
        self.0.send_replace(declared);
    }
}

async fn keep(mut told: watch::Receiver<Vec<Dependency>>, hub: Hub, clock: Clock) {
    let client = match client() {
        Ok(client) => client,
        Err(error) => return tracing::error!("dependencies cannot be looked at: {error}"),
    };
    let mut watched = Vec::new();
    loop {
        let declared = told.borrow_and_update().clone();
        replace(&mut watched, declared, &hub);
        join_all(watched.iter().map(|(needed, link)| look(&client, needed, link, &clock))).await;
        tokio::select! {
            () = clock.sleep(EVERY) => {}
            changed = told.changed() => if changed.is_err() { return },
        }
    }
}

/// Those that stay keep their connection and what is known of it. One that several declare is there once.
fn replace(watched: &mut Vec<(Dependency, Arc<Link>)>, declared: Vec<Dependency>, hub: &Hub) {
    let same = |one: &Dependency, other: &Dependency| one.name == other.name && one.url == other.url;
    let (stay, gone): (Vec<_>, Vec<_>) =
        watched.drain(..).partition(|(known, _)| declared.iter().any(|needed| same(needed, known)));
    *watched = stay;
    for (_, link) in &gone {
        hub.unlink(link);
    }
    for needed in declared {
        if !watched.iter().any(|(known, _)| same(&needed, known)) {
            let link = hub.link(&needed.name, DEPENDENCY);
            watched.push((needed, link));
        }
    }
}

async fn look(client: &Client, needed: &Dependency, link: &Link, clock: &Clock) {
    match ask(client, &needed.url).await {
        Ok(()) if link.up(clock.now()).is_some() => {
            tracing::info!(dependency = needed.name, "{} answers", needed.name);
        }
        Err(why) if link.down(clock.now(), why.clone()) => {
            tracing::warn!(dependency = needed.name, "{} does not answer: {why}", needed.name);
        }
        _ => {}
    }
}
