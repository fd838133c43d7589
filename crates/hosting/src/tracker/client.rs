//! Followed schools as commands reach them: over the API.

use ::api::{Client, Error};
use axum::body::Body;
use axum::http::{Method, header};
use futures_util::Stream;
use http::Query;

use super::api::{ImportLine, NewFollowed, SchoolFollowed, SchoolPage, SchoolView};

/// What stands above all paths.
const ROOT: &str = "/api/v1/schools";

/// A page of followed schools.
pub async fn list(
    client: &Client,
    states: &[String],
    text: Option<&str>,
    after: Option<&str>,
    limit: u32,
) -> Result<SchoolPage, Error> {
    let mut query = Query::new(ROOT);
    for state in states {
        query.add("state", Some(state));
    }
    query.add("text", text);
    query.add("after", after);
    query.add("limit", Some(limit));
    client.get(&query.finish()).await
}

/// One, with its steps; `look` = its host is asked now.
pub async fn show(client: &Client, rne: &str, look: bool) -> Result<SchoolView, Error> {
    let mut query = Query::new(path(rne));
    query.add("look", look.then_some(true));
    client.get(&query.finish()).await
}

/// Follows one.
pub async fn follow(client: &Client, new: &NewFollowed) -> Result<SchoolFollowed, Error> {
    client.post_json(ROOT, new).await
}

/// Follows one no longer.
pub async fn unfollow(client: &Client, rne: &str) -> Result<(), Error> {
    client.send(Client::request(Method::DELETE, &path(rne)), Body::empty()).await.map(drop)
}

/// Follows those of a table; the answer says how far it is.
pub async fn import(
    client: &Client,
    table: Vec<u8>,
    leave_out: bool,
    tell: bool,
) -> Result<impl Stream<Item = Result<ImportLine, Error>> + use<>, Error> {
    let mut query = Query::new(format!("{ROOT}/import"));
    query.add("leave_out", leave_out.then_some(true));
    query.add("tell", tell.then_some(true));
    let request = Client::request(Method::POST, &query.finish())
        .header(header::CONTENT_TYPE, "text/csv")
        .header(header::CONTENT_LENGTH, table.len());
    client.ask_lines(request, Body::from(table)).await
}

fn path(rne: &str) -> String {
    // Numbers are letters and digits; what is not names nothing.
    let rne: String = form_urlencoded::byte_serialize(rne.trim().as_bytes()).collect();
    format!("{ROOT}/{}", rne.replace('+', "%20"))
}
