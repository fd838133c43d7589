//! What forms do: coming in, and all that the page can do without a script.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::multipart::{Field, Multipart, MultipartError, MultipartRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use engine::clock::within;
use futures_util::stream;
use http::page::{Form, Visit};
use http::{Closing, Problem};
use serde_json::json;

use super::answer::{is_program, proved, refused};
use super::page::{explained, failed, of};
use super::{Looks, Web};
use crate::upload::desk::Visitor;
use crate::upload::error::Error;
use crate::upload::refusal::{Reason, Refusal};
use crate::upload::set::State as FileState;
use crate::upload::tus::Part;

/// `POST /hosting/v1/upload`: the form of a client's own page, with a school's number and key.
pub(super) async fn come_in(State(web): State<Web>, Looks(visit): Looks, form: Form) -> Response {
    let (rne, key) = (form.get("rne").unwrap_or_default(), form.get("key").unwrap_or_default());
    match web.uploads.admit_by_key(rne, key).await {
        Ok(Some(session)) => entered(&visit, &session),
        // Nobody learns which of the two it was.
        Ok(None) => {
            let detail = visit.t("upload-no-entry");
            explained(&web, &visit, &Problem::new(StatusCode::FORBIDDEN, "forbidden", detail))
        }
        Err(error) => failed(&web, &visit, error),
    }
}

/// `POST /hosting/v1/upload/tickets/{ticket}`: the ticket is used.
pub(super) async fn redeem(
    State(web): State<Web>,
    Looks(visit): Looks,
    Path(ticket): Path<String>,
    headers: HeaderMap,
) -> Response {
    match web.uploads.redeem(&ticket).await {
        Ok(session) if is_program(&headers) => {
            let base = base(&session);
            let ways = json!({
                "session": base, "files": format!("{base}/files"), "finish": format!("{base}/finish"),
            });
            proved((StatusCode::CREATED, axum::Json(ways)).into_response())
        }
        Ok(session) => entered(&visit, &session),
        Err(error) if is_program(&headers) => refused(&visit, error, web.uploads.limits()),
        Err(error) => failed(&web, &visit, error),
    }
}

/// `POST …/order`: these files come first, in this order.
pub(super) async fn order(
    State(web): State<Web>,
    Looks(visit): Looks,
    Path(session): Path<String>,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let first = files(&form);
    let done = async {
        let visitor = web.uploads.visitor(&session).await?;
        web.uploads.put_first(&visitor, &first).await
    };
    answered(&web, &visit, &session, &headers, done.await).await
}

/// The files that a form names, in its order.
fn files(form: &Form) -> Vec<String> {
    form.all("file").map(str::to_owned).collect()
}

/// `POST …/finish`: the files are handed over.
pub(super) async fn finish(
    State(web): State<Web>,
    Looks(visit): Looks,
    Path(session): Path<String>,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let order = files(&form);
    let done = async {
        let visitor = web.uploads.visitor(&session).await?;
        web.uploads.finish(&visitor, &order).await
    };
    answered(&web, &visit, &session, &headers, done.await).await
}

/// `POST …/files/{file}/remove`: a file is given up.
pub(super) async fn remove(
    State(web): State<Web>,
    Looks(visit): Looks,
    Path((session, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let done = async {
        let visitor = web.uploads.visitor(&session).await?;
        web.uploads.remove(&visitor, &file).await
    };
    answered(&web, &visit, &session, &headers, done.await).await
}

/// `POST` to the session itself: files as a form sends them, without a script.
pub(super) async fn send(
    State(web): State<Web>,
    Looks(visit): Looks,
    Path(session): Path<String>,
    headers: HeaderMap,
    closing: Closing,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let sent = async {
        let visitor = web.uploads.visitor(&session).await?;
        let form = form.map_err(|_| Problem::bad_request("send the files as a form: multipart/form-data"))?;
        take_in(&web, &visitor, form, &headers, &closing).await
    };
    answered(&web, &visit, &session, &headers, sent.await).await
}

/// Takes in one file after the other. What is wrong with one is said, and the others are taken in all the same.
async fn take_in(
    web: &Web,
    visitor: &Visitor,
    mut form: Multipart,
    headers: &HeaderMap,
    closing: &Closing,
) -> Result<(), Error> {
    visitor.may_change()?;
    let idle = web.uploads.limits().idle;
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    // A form does not say how long each file is: none is longer than what is left of the form.
    let (mut left, mut first_wrong) = (length.unwrap_or(u64::MAX), None);
    while let Some(field) = in_time(idle, form.next_field()).await? {
        let name = field.file_name().unwrap_or_default().to_owned();
        // A field without a file that was chosen.
        if name.is_empty() {
            continue;
        }
        match take_in_one(web, visitor, &name, left, field, closing).await {
            Ok(size) => left = left.saturating_sub(size),
            Err(error @ Error::Refused(_)) => first_wrong = first_wrong.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    first_wrong.map_or(Ok(()), Err)
}

/// Takes in a file that is not longer than `most`; the answer is its length.
async fn take_in_one(
    web: &Web,
    visitor: &Visitor,
    name: &str,
    most: u64,
    mut field: Field<'_>,
    closing: &Closing,
) -> Result<u64, Error> {
    let (uploads, idle) = (&web.uploads, web.uploads.limits().idle);
    let slot = uploads.create(visitor, name, most.min(uploads.limits().file)).await?;
    let (sender, pieces) = tokio::sync::mpsc::channel::<Result<Bytes, Infallible>>(1);
    let body = Body::from_stream(stream::unfold(pieces, |mut pieces| async {
        Some((pieces.recv().await?, pieces))
    }));
    let part = Part { offset: 0, checksum: None, length: None };
    let appended = uploads.append(visitor, &slot.id, part, body, closing.clone());
    let passed = async {
        let mut sender = Some(sender);
        // What is not taken any more is still read: the next file comes behind it.
        while let Some(piece) = in_time(idle, field.chunk()).await? {
            let is_taken = match &sender {
                Some(sender) => sender.send(Ok(piece)).await.is_ok(),
                None => false,
            };
            sender = sender.filter(|_| is_taken);
        }
        Ok(())
    };
    let taken = match tokio::join!(appended, passed) {
        (Ok(_), Ok(())) => uploads.end_here(visitor, &slot.id).await,
        (Err(error), _) | (Ok(_), Err(error)) => Err(error),
    };
    match taken {
        Ok(size) => Ok(size),
        Err(Error::Refused(why)) if matches!(slot.document().state, FileState::Refused { .. }) => {
            Err(why.into())
        }
        // Half a file cannot be gone on with by a form.
        Err(error) => {
            uploads.remove(visitor, &slot.id).await?;
            let is_long = matches!(&error, Error::Refused(why) if why.reason == Reason::Longer);
            Err(if is_long { Refusal::about(Reason::FileSize, name).into() } else { error })
        }
    }
}

async fn in_time<T>(
    idle: Duration,
    next: impl Future<Output = Result<T, MultipartError>>,
) -> Result<T, Error> {
    within(idle, next).await.map_err(|_| Error::Idle(idle.as_secs()))?.map_err(|_| Error::Broke)
}

/// Back to the page, with what went wrong.
async fn answered(
    web: &Web,
    visit: &Visit,
    session: &str,
    headers: &HeaderMap,
    done: Result<(), Error>,
) -> Response {
    if is_program(headers) {
        return match done {
            Ok(()) => proved(StatusCode::NO_CONTENT.into_response()),
            Err(error) => refused(visit, error, web.uploads.limits()),
        };
    }
    match done {
        Ok(()) => entered(visit, session),
        Err(error) => match web.uploads.visitor(session).await {
            Ok(visitor) => of(web, visit, &visitor, Some(error)),
            Err(_) => failed(web, visit, error),
        },
    }
}

fn base(session: &str) -> String {
    format!("/hosting/v1/upload/sessions/{session}")
}

/// To the page of a session.
fn entered(visit: &Visit, session: &str) -> Response {
    let to = format!("{}?lang={}", base(session), visit.lang.tag());
    let mut response = proved(Redirect::to(&to).into_response());
    super::answer::say(response.headers_mut(), &header::REFERRER_POLICY, "no-referrer");
    response
}
