//! The register as commands reach it: over the API.

use api::Client;
use api::Error;
use axum::body::{Body, Bytes};
use axum::http::{Method, header};
use futures_util::Stream;
use http::Query;
use model::text::Encoding;

use crate::api::{
    Counts, Filter, IdentityPage, IdentityView, ImportLine, Move, NewPassword, PasswordJob, Report, RunPage,
    RunView, Selection,
};
use crate::directory::Sort;
use crate::import::Format;
use crate::register::Options;
use crate::state::Deed;

/// What stands above all paths.
const ROOT: &str = "/api/v1/identities";

/// A file that is to be imported.
#[derive(Clone, Debug)]
pub struct File {
    /// Its content.
    pub content: Vec<u8>,
    /// What it is written in.
    pub format: Format,
    /// How its letters are written; without it as its mark says.
    pub encoding: Option<Encoding>,
    /// What becomes what, in YAML; empty = as it is.
    pub mapping: String,
}

/// A page of identities.
pub async fn list(
    client: &Client,
    filter: &Filter,
    sort: Sort,
    after: Option<&str>,
    limit: u32,
) -> Result<IdentityPage, Error> {
    let mut query = Query::new(ROOT);
    filter.write(&mut query);
    query.add("sort", Some(sort.word()));
    query.add("after", after);
    query.add("limit", Some(limit));
    client.get(&query.finish()).await
}

/// An identity.
pub async fn show(client: &Client, id: &str) -> Result<IdentityView, Error> {
    client.get(&path(id, "")).await
}

/// How many are in each state.
pub async fn counts(client: &Client) -> Result<Counts, Error> {
    client.get(&format!("{ROOT}/counts")).await
}

/// What was asked for many, newest first.
pub async fn runs(client: &Client, limit: u32) -> Result<RunPage, Error> {
    let mut query = Query::new(format!("{ROOT}/runs"));
    query.add("limit", Some(limit));
    client.get(&query.finish()).await
}

/// One of them.
pub async fn run(client: &Client, run: &str) -> Result<RunView, Error> {
    client.get(&path("runs", &format!("/{run}"))).await
}

/// Moves identities to another state.
pub async fn move_to(client: &Client, asked: &Move) -> Result<Report, Error> {
    client.post_json(&format!("{ROOT}/state"), asked).await
}

/// Asks the backends for something about identities.
pub async fn carry_out(client: &Client, deed: Deed, selection: &Selection) -> Result<Report, Error> {
    client.post_json(&format!("{ROOT}/{}", deed.as_str()), selection).await
}

/// Erases what the register keeps of an identity that is deleted.
pub async fn erase(client: &Client, id: &str) -> Result<(), Error> {
    client.send(Client::request(Method::DELETE, &path(id, "")), Body::empty()).await.map(drop)
}

/// Changes or resets a password, and waits for the backends.
pub async fn password(client: &Client, id: &str, new: &NewPassword) -> Result<PasswordJob, Error> {
    client.post_json(&path(id, "/password"), new).await
}

/// Imports a file; the answer says how far it is.
pub async fn import(
    client: &Client,
    file: &File,
    options: Options,
) -> Result<impl Stream<Item = Result<ImportLine, Error>> + use<>, Error> {
    let mut query = Query::new(format!("{ROOT}/import"));
    query.add("format", Some(file.format.as_str()));
    query.add("encoding", file.encoding.map(Encoding::as_str));
    query.add("dry_run", options.dry_run.then_some(true));
    query.add("validated", options.validated.then_some(true));
    let (boundary, body) = form(file);
    let kind = format!("multipart/form-data; boundary={boundary}");
    let request = Client::request(Method::POST, &query.finish())
        .header(header::CONTENT_TYPE, kind)
        .header(header::CONTENT_LENGTH, body.len());
    client.ask_lines(request, Body::from(body)).await
}

/// Identities as they are exported, piece by piece.
pub async fn export(
    client: &Client,
    filter: &Filter,
    format: &str,
) -> Result<impl Stream<Item = Result<Bytes, Error>> + use<>, Error> {
    let mut query = Query::new(format!("{ROOT}/export"));
    filter.write(&mut query);
    query.add("format", Some(format));
    client.ask_bytes(Client::request(Method::GET, &query.finish()), Body::empty()).await
}

/// A form with the file and its mapping, and what stands between the two: a text that is in neither.
fn form(file: &File) -> (String, Vec<u8>) {
    let mut boundary = "intendant".to_owned();
    let is_in = |boundary: &str| {
        file.mapping.contains(boundary)
            || file.content.windows(boundary.len()).any(|part| part == boundary.as_bytes())
    };
    while is_in(&boundary) {
        boundary.push_str("-x");
    }
    let head =
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"-\"\r\n\r\n");
    let tail = format!(
        "\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"mapping\"\r\n\r\n{}\r\n--{boundary}--\r\n",
        file.mapping
    );
    let body = [head.as_bytes(), file.content.as_slice(), tail.as_bytes()].concat();
    (boundary, body)
}

fn path(id: &str, rest: &str) -> String {
    // Ids are letters, digits, - and _; what is not names nothing.
    let id: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
    format!("{ROOT}/{}{rest}", id.replace('+', "%20"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundary_is_in_no_part() {
        let file = File {
            content: b"intendant-x".to_vec(),
            format: Format::Csv,
            encoding: None,
            mapping: "intendant".to_owned(),
        };
        assert_eq!(form(&file).0, "intendant-x-x");
    }
}
