//! What RabbitMQ's management plugin tells of the job queue: how fast messages come and go.

use std::time::Duration;

use form_urlencoded::byte_serialize;
use reqwest::{Client, redirect};
use serde::Deserialize;

use crate::settings::Settings;

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Messages of the job queue each second, as RabbitMQ averages them over the last samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Published to it.
    pub published: f64,
    /// Handed out to whoever consumes it.
    pub delivered: f64,
    /// Acknowledged.
    pub acknowledged: f64,
}

#[derive(Deserialize)]
struct Queue {
    /// Absent until the first message.
    #[serde(default)]
    message_stats: Stats,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Stats {
    #[serde(rename = "publish_details")]
    published: Rate,
    #[serde(rename = "deliver_get_details")]
    delivered: Rate,
    #[serde(rename = "ack_details")]
    acknowledged: Rate,
}

#[derive(Default, Deserialize)]
struct Rate {
    rate: f64,
}

/// Asks for the rates, where configuration says whom.
///
/// # Errors
/// A sentence: nobody answers, the user may not ask, there is no such queue.
pub async fn rates(settings: &Settings) -> Option<Result<Rates, String>> {
    let root = settings.management.as_deref()?;
    Some(ask(settings, root).await)
}

async fn ask(settings: &Settings, root: &str) -> Result<Rates, String> {
    let said = |error: reqwest::Error| error.without_url().to_string();
    // Whoever came first has installed the same one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client =
        Client::builder().timeout(PATIENCE).redirect(redirect::Policy::none()).build().map_err(said)?;
    let uri = settings.address.uri();
    let part = |text: &str| byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let url =
        format!("{}/api/queues/{}/{}", root.trim_end_matches('/'), part(&uri.vhost), part(&settings.queue()));
    let user = uri.authority.userinfo;
    let answer = client.get(url).basic_auth(user.username, Some(user.password)).send().await.map_err(said)?;
    match answer.status().as_u16() {
        200 => {}
        401 => return Err("the management API refuses the user: give it the tag `monitoring`".to_owned()),
        404 => return Err("the management API knows no such queue".to_owned()),
        other => return Err(format!("the management API answers {other}")),
    }
    let text = answer.text().await.map_err(said)?;
    let queue: Queue =
        serde_json::from_str(&text).map_err(|_| "what answers is no management API".to_owned())?;
    let Stats { published, delivered, acknowledged } = queue.message_stats;
    Ok(Rates { published: published.rate, delivered: delivered.rate, acknowledged: acknowledged.rate })
}
