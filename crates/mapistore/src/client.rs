//! The registry as commands reach it: over the API.

use api::{Client, Error};
use axum::body::Body;
use axum::http::Method;
use futures_util::{Stream, TryStreamExt as _, stream};
use http::Query;
use http::body::Split;

use crate::api::{News, Notified, Registered, RegistrationPage};
use crate::notify::Notification;
use crate::registry::Filter;
use crate::removal::Removed;

/// What stands above the paths.
const ROOT: &str = "/api/v1/registrations";

fn filtered(path: &str, filter: &Filter) -> Query {
    let mut query = Query::new(path);
    query.add("backend", filter.backend.as_ref());
    query.add("user", filter.user.as_ref());
    query.add("vuser", filter.vuser.as_ref());
    query.add("text", filter.text.as_ref());
    query
}

/// A page of those who are registered.
pub async fn list(
    client: &Client,
    filter: &Filter,
    after: Option<&str>,
    limit: u32,
) -> Result<RegistrationPage, Error> {
    let mut query = filtered(ROOT, filter);
    query.add("after", after);
    query.add("limit", Some(limit));
    client.get(&query.finish()).await
}

/// Who is registered as a user of a backend.
pub async fn users(client: &Client, backend: &str, vuser: &str) -> Result<Registered, Error> {
    let mut query = Query::new(format!("{ROOT}/users"));
    query.add("backend", Some(backend));
    query.add("vuser", Some(vuser));
    client.get(&query.finish()).await
}

/// Takes away what came of somebody on queues.
pub async fn remove(client: &Client, backend: &str, user: &str, vuser: &str) -> Result<Removed, Error> {
    let mut query = Query::new(ROOT);
    query.add("backend", Some(backend));
    query.add("user", Some(user));
    query.add("vuser", Some(vuser));
    client.ask(Client::request(Method::DELETE, &query.finish()), Body::empty()).await
}

/// Notifies somebody.
pub async fn notify(client: &Client, notification: &Notification) -> Result<Notified, Error> {
    client.post_json("/api/v1/notifications", notification).await
}

/// What happens from now on, until the hub stops.
pub async fn events(
    client: &Client,
    filter: &Filter,
) -> Result<impl Stream<Item = Result<News, Error>> + use<>, Error> {
    let path = filtered(&format!("{ROOT}/events"), filter).finish();
    let bytes = client.ask_bytes(Client::request(Method::GET, &path), Body::empty()).await?;
    let lines = (Box::pin(bytes), Split::default());
    Ok(stream::try_unfold(lines, |(mut bytes, mut split)| async {
        loop {
            while let Some(line) = split.line() {
                // Names of events stand in the data too; comments only keep the connection alive.
                let Some(data) = line.strip_prefix(b"data:") else { continue };
                let news = serde_json::from_slice(data)
                    .map_err(|error| Error::Strange { hub: "the hub".to_owned(), why: error.to_string() })?;
                return Ok(Some((news, (bytes, split))));
            }
            match bytes.try_next().await? {
                Some(piece) => split.feed(piece),
                None => return Ok(None),
            }
        }
    }))
}
