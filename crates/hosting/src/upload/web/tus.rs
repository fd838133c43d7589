//! Resumable uploads (tus 1.0).

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use engine::clock::within;
use futures_util::StreamExt as _;
use http::Closing;
use http::page::Visit;
use serde::Serialize;

use super::answer::{proved, refused, say, sentence};
use super::{Looks, Web};
use crate::upload::desk::{Uploads, Visitor};
use crate::upload::error::Error;
use crate::upload::set::State as FileState;
use crate::upload::slot::Slot;
use crate::upload::tus::{self, header as said};

/// Bytes of the beginning by which a file is known again.
const BEGINNING: usize = 64 << 10;
/// How long it may take to come.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// What pages of other sites may read of answers.
const EXPOSED: &str = "Location, Tus-Resumable, Tus-Version, Tus-Extension, Tus-Max-Size, Tus-Checksum-Algorithm, \
                       Upload-Offset, Upload-Length, Upload-Metadata, Upload-Expires, Retry-After";
/// What they may send.
const ALLOWED: &str = "Content-Type, Tus-Resumable, Upload-Length, Upload-Offset, Upload-Metadata, Upload-Checksum, \
                       X-HTTP-Method-Override, X-Requested-With, X-Request-ID, Accept-Language";

/// Puts on every answer what the protocol wants there, and lets in the pages of the sites that are listed.
pub(super) async fn around(State(web): State<Web>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(said::RESUMABLE, HeaderValue::from_static(tus::VERSION));
    headers.insert(header::VARY, HeaderValue::from_static("Origin"));
    let listed = origin.filter(|origin| web.sites.origins.iter().any(|site| origin == site.as_str()));
    if let Some(origin) = listed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        say(headers, &header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, PATCH, DELETE, OPTIONS");
        say(headers, &header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED);
        say(headers, &header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        say(headers, &header::ACCESS_CONTROL_MAX_AGE, "3600");
    }
    response
}

/// What is spoken.
pub(super) async fn options(State(web): State<Web>) -> Response {
    let headers = tus::headers(&[
        (said::VERSION, tus::VERSION.to_owned()),
        (said::EXTENSION, tus::EXTENSIONS.to_owned()),
        (said::MAX_SIZE, web.uploads.limits().file.to_string()),
        (said::CHECKSUM_ALGORITHM, tus::ALGORITHMS.to_owned()),
    ]);
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// The answer to a program, also to one that is refused.
fn told(web: &Web, visit: &Visit, done: Result<Response, Error>) -> Response {
    done.unwrap_or_else(|error| refused(visit, error, web.uploads.limits()))
}

/// What a request is about.
struct Asked {
    session: String,
    file: String,
}

/// A file is announced; its first part may come along.
pub(super) async fn create(
    State(web): State<Web>,
    Looks(visit): Looks,
    Path(session): Path<String>,
    closing: Closing,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let created = async {
        tus::version(&headers)?;
        let visitor = web.uploads.visitor(&session).await?;
        let creation = tus::creation(&headers)?;
        let slot = web.uploads.create(&visitor, &creation.name, creation.length).await?;
        let mut pairs = about(&visitor);
        pairs.push((header::LOCATION, format!("/hosting/v1/upload/sessions/{session}/files/{}", slot.id)));
        if let Some(part) = creation.part {
            let appended = web.uploads.append(&visitor, &slot.id, part, body, closing).await;
            match appended {
                Ok(offset) => pairs.push((said::OFFSET, offset.to_string())),
                // The file is there, and so is what came of it.
                Err(error) if is_soft(&error) => pairs.push((said::OFFSET, slot.offset().to_string())),
                Err(error) => return Err(error),
            }
        }
        Ok(proved((StatusCode::CREATED, tus::headers(&pairs)).into_response()))
    };
    told(&web, &visit, created.await)
}

/// Whether what is left of a part can be sent again.
fn is_soft(error: &Error) -> bool {
    matches!(error, Error::Broke | Error::Idle(_) | Error::Superseded | Error::Mismatch)
}

/// How much of a file is there.
pub(super) async fn head(
    State(web): State<Web>,
    Looks(visit): Looks,
    Path((session, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let looked = async {
        tus::version(&headers)?;
        let visitor = web.uploads.visitor(&session).await?;
        let (slot, offset) = web.uploads.offset(&visitor, &file).await?;
        let document = slot.document();
        let mut pairs = about(&visitor);
        pairs.extend([
            (said::OFFSET, offset.to_string()),
            (said::LENGTH, document.size.to_string()),
            (said::METADATA, tus::metadata(&document.name)),
            (header::CACHE_CONTROL, "no-store".to_owned()),
        ]);
        Ok(proved((StatusCode::OK, tus::headers(&pairs)).into_response()))
    };
    told(&web, &visit, looked.await)
}

/// A part comes.
pub(super) async fn patch(
    State(web): State<Web>,
    Looks(visit): Looks,
    Path((session, file)): Path<(String, String)>,
    closing: Closing,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let asked = Asked { session, file };
    told(&web, &visit, append(&web.uploads, &asked, &headers, body, closing).await)
}

async fn append(
    uploads: &Uploads,
    asked: &Asked,
    headers: &HeaderMap,
    body: Body,
    closing: Closing,
) -> Result<Response, Error> {
    tus::version(headers)?;
    let visitor = uploads.visitor(&asked.session).await?;
    let part = tus::part(headers)?;
    let offset = uploads.append(&visitor, &asked.file, part, body, closing).await?;
    let mut pairs = about(&visitor);
    pairs.push((said::OFFSET, offset.to_string()));
    Ok(proved((StatusCode::NO_CONTENT, tus::headers(&pairs)).into_response()))
}

/// A file is given up.
pub(super) async fn delete(
    State(web): State<Web>,
    Looks(visit): Looks,
    Path((session, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    told(&web, &visit, remove(&web.uploads, &Asked { session, file }, &headers).await)
}

async fn remove(uploads: &Uploads, asked: &Asked, headers: &HeaderMap) -> Result<Response, Error> {
    tus::version(headers)?;
    let visitor = uploads.visitor(&asked.session).await?;
    uploads.remove(&visitor, &asked.file).await?;
    Ok(proved(StatusCode::NO_CONTENT.into_response()))
}

/// A method that some network would not let pass.
pub(super) async fn meant(
    State(web): State<Web>,
    Looks(visit): Looks,
    Path((session, file)): Path<(String, String)>,
    closing: Closing,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let asked = Asked { session, file };
    let done = match tus::method(&Method::POST, &headers) {
        Method::PATCH => append(&web.uploads, &asked, &headers, body, closing).await,
        Method::DELETE => remove(&web.uploads, &asked, &headers).await,
        _ => return StatusCode::METHOD_NOT_ALLOWED.into_response(),
    };
    told(&web, &visit, done)
}

/// Whether a file that was chosen again begins as the one that is there: the body is the beginning of it.
pub(super) async fn begins_so(
    State(web): State<Web>,
    Looks(visit): Looks,
    Path((session, file)): Path<(String, String)>,
    body: Body,
) -> Response {
    let compared = async {
        let visitor = web.uploads.visitor(&session).await?;
        let beginning =
            within(PATIENCE, beginning(body)).await.map_err(|_| Error::Idle(PATIENCE.as_secs()))??;
        web.uploads.begins_so(&visitor, &file, &beginning).await?;
        Ok(proved(StatusCode::NO_CONTENT.into_response()))
    };
    told(&web, &visit, compared.await)
}

async fn beginning(body: Body) -> Result<Vec<u8>, Error> {
    let (mut pieces, mut beginning) = (body.into_data_stream(), Vec::new());
    while let Some(piece) = pieces.next().await {
        beginning.extend_from_slice(&piece.map_err(|_| Error::Broke)?);
        if beginning.len() >= BEGINNING {
            beginning.truncate(BEGINNING);
            break;
        }
    }
    Ok(beginning)
}

/// The files of a session, for its page and for programs.
pub(super) async fn list(
    State(web): State<Web>,
    Looks(visit): Looks,
    Path(session): Path<String>,
) -> Response {
    let listed = async {
        let visitor = web.uploads.visitor(&session).await?;
        let limits = web.uploads.limits();
        let row = |slot: &std::sync::Arc<Slot>| Row::of(slot, |why| sentence(&visit, why, limits));
        let listing = Listing {
            handed_over: visitor.is_handed_over(),
            may_change: visitor.may_change().is_ok(),
            files: visitor.set.files().iter().map(row).collect(),
        };
        Ok(proved(axum::Json(listing).into_response()))
    };
    told(&web, &visit, listed.await)
}

/// What a session has.
#[derive(Serialize)]
pub(super) struct Listing {
    handed_over: bool,
    may_change: bool,
    /// The main one first.
    files: Vec<Row>,
}

/// A file.
#[derive(Serialize)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) size: u64,
    pub(super) offset: u64,
    /// `coming`, `there` or `refused`.
    pub(super) state: &'static str,
    /// Why it is not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
}

impl Row {
    pub(super) fn of(slot: &Slot, sentence: impl FnOnce(&crate::upload::refusal::Refusal) -> String) -> Self {
        let file = slot.document();
        let (state, why) = match &file.state {
            FileState::Coming => ("coming", None),
            FileState::There { .. } => ("there", None),
            FileState::Refused { why } => ("refused", Some(sentence(why))),
        };
        let offset = if state == "there" { file.size } else { slot.offset() };
        Row { id: slot.id.clone(), name: file.name, size: file.size, offset, state, why }
    }
}

/// What every answer about a file says.
fn about(visitor: &Visitor) -> Vec<(axum::http::HeaderName, String)> {
    vec![(said::EXPIRES, tus::http_date(visitor.set.document().expires_at()))]
}
