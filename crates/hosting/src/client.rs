//! Establishments as commands reach them: over the API.

use api::{Client, Error};
use axum::body::Body;
use axum::http::{Method, header};
use http::Query;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::api::{
    EstablishmentChange, EstablishmentPage, EstablishmentView, Made, NewEstablishment, TicketView,
};

/// What stands above all paths.
const ROOT: &str = "/hosting/v1/establishments";
/// The version of the protocol of uploads.
const TUS: (&str, &str) = ("tus-resumable", "1.0.0");

/// Which establishments.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// In any of these states.
    pub states: Vec<String>,
    /// With this text in number or stamp.
    pub text: Option<String>,
}

/// A page of establishments.
pub async fn list(
    client: &Client,
    which: &Which,
    after: Option<&str>,
    limit: u32,
) -> Result<EstablishmentPage, Error> {
    let mut query = Query::new(ROOT);
    for state in &which.states {
        query.add("state", Some(state));
    }
    query.add("text", which.text.as_ref());
    query.add("after", after);
    query.add("limit", Some(limit));
    client.get(&query.finish()).await
}

/// Asks for one.
pub async fn create(client: &Client, new: &NewEstablishment) -> Result<Made, Error> {
    client.post_json(ROOT, new).await
}

/// One.
pub async fn show(client: &Client, rne: &str) -> Result<EstablishmentView, Error> {
    client.get(&path(rne, "")).await
}

/// Changes one.
pub async fn alter(
    client: &Client,
    rne: &str,
    change: &EstablishmentChange,
) -> Result<EstablishmentView, Error> {
    let body = serde_json::to_vec(change).unwrap_or_default();
    let request =
        Client::request(Method::PUT, &path(rne, "")).header(header::CONTENT_TYPE, "application/json");
    client.ask(request, Body::from(body)).await
}

/// Has one exported and removed.
pub async fn delete(client: &Client, rne: &str) -> Result<EstablishmentView, Error> {
    client.ask(Client::request(Method::DELETE, &path(rne, "")), Body::empty()).await
}

/// Has what failed tried again.
pub async fn retry(client: &Client, rne: &str) -> Result<EstablishmentView, Error> {
    post(client, &path(rne, "/retry")).await
}

/// Gives it another key.
pub async fn rotate(client: &Client, rne: &str) -> Result<Made, Error> {
    post(client, &path(rne, "/key")).await
}

async fn post<T: DeserializeOwned>(client: &Client, path: &str) -> Result<T, Error> {
    client.ask(Client::request(Method::POST, path), Body::empty()).await
}

// === uploads ===

/// Where the files of an upload go.
#[derive(Clone, Debug, Deserialize)]
pub struct Ways {
    /// Where files are announced, and listed.
    pub files: String,
    /// Where they are handed over.
    pub finish: String,
}

/// What was uploaded so far.
#[derive(Clone, Debug, Deserialize)]
pub struct Listing {
    /// The files, the main one first.
    pub files: Vec<Listed>,
}

/// A file that was uploaded, or is being.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Listed {
    /// Its name here.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub size: u64,
    /// So many of them are there.
    pub offset: u64,
}

/// Begins, or goes on: the files of a school that are there already are there still.
pub async fn come_in(client: &Client, rne: &str) -> Result<Ways, Error> {
    let ticket: TicketView = post(client, &path(rne, "/upload-tickets")).await?;
    let request =
        Client::request(Method::POST, local(&ticket.url)).header(header::ACCEPT, "application/json");
    client.ask(request, Body::empty()).await
}

/// What is there.
pub async fn uploaded(client: &Client, ways: &Ways) -> Result<Listing, Error> {
    client.get(&ways.files).await
}

/// Announces a file; where its parts go.
pub async fn announce(client: &Client, ways: &Ways, name: &str, size: u64) -> Result<String, Error> {
    let request = Client::request(Method::POST, &ways.files)
        .header(TUS.0, TUS.1)
        .header("upload-length", size)
        .header("upload-metadata", crate::upload::metadata(name));
    let answer = client.send(request, Body::empty()).await?;
    let place =
        answer.headers().get(header::LOCATION).and_then(|place| place.to_str().ok()).unwrap_or_default();
    Ok(local(place).to_owned())
}

/// How much of a file is there.
pub async fn offset(client: &Client, place: &str) -> Result<u64, Error> {
    let request = Client::request(Method::HEAD, place).header(TUS.0, TUS.1);
    Ok(said_offset(&client.send(request, Body::empty()).await?))
}

/// Sends a part of a file; how much of it is there then.
pub async fn send(client: &Client, place: &str, offset: u64, part: Vec<u8>) -> Result<u64, Error> {
    let request = Client::request(Method::PATCH, place)
        .header(TUS.0, TUS.1)
        .header("upload-offset", offset)
        .header(header::CONTENT_LENGTH, part.len())
        .header(header::CONTENT_TYPE, "application/offset+octet-stream");
    Ok(said_offset(&client.send(request, Body::from(part)).await?))
}

fn said_offset<B>(answer: &axum::http::Response<B>) -> u64 {
    answer
        .headers()
        .get("upload-offset")
        .and_then(|said| said.to_str().ok()?.parse().ok())
        .unwrap_or_default()
}

/// Hands the files over, the main one first.
pub async fn finish(client: &Client, ways: &Ways, files: &[String]) -> Result<(), Error> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(files.iter().map(|file| ("file", file)));
    let request = Client::request(Method::POST, &ways.finish)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    client.send(request, Body::from(form.finish())).await.map(drop)
}

/// A link as this hub answers it: without the name under which others reach it.
pub fn local(url: &str) -> &str {
    let behind = url
        .split_once("://")
        .map_or(url, |(_, rest)| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/"));
    if behind.starts_with('/') { behind } else { "/" }
}

fn path(rne: &str, rest: &str) -> String {
    // Numbers are letters and digits; what is not names nothing.
    let rne: String = form_urlencoded::byte_serialize(rne.trim().as_bytes()).collect();
    format!("{ROOT}/{}{rest}", rne.replace('+', "%20"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_here() {
        assert_eq!(local("https://hub.example/hosting/v1/x?y=1"), "/hosting/v1/x?y=1");
        assert_eq!(
            (local("/hosting/v1/x"), local("https://hub.example"), local("")),
            ("/hosting/v1/x", "/", "/")
        );
        assert_eq!(path("07 50", "/key"), "/hosting/v1/establishments/07%2050/key");
    }
}
