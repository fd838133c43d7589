//! Answers: sentences in the language of whoever reads them, as a problem or as a page.

use axum::Extension;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http::page::Visit;
use http::{Problem, Proved};

use super::Web;
use crate::upload::error::Error;
use crate::upload::limits::Limits;
use crate::upload::refusal::Refusal;
use crate::upload::tus::{MISMATCH, VERSION, header as tus};

/// Seconds after which something that is busy may be asked again.
const LATER: u16 = 5;

/// Why something is not taken, as a sentence.
pub(super) fn sentence(visit: &Visit, why: &Refusal, limits: &Limits) -> String {
    let extensions: Vec<String> = limits.extensions.iter().map(|one| format!(".{one}")).collect();
    let key = format!("upload-refused-{}", why.reason.code().replace('_', "-"));
    visit.say(
        &key,
        &[
            ("what", why.what.as_str().into()),
            ("extensions", extensions.join(" ").into()),
            ("files", visit.number(limits.files).into()),
            ("size", size(visit, limits.file).into()),
            ("total", size(visit, limits.total).into()),
            ("unpacked", size(visit, limits.archive.unpacked).into()),
            ("entries", visit.number(limits.archive.entries).into()),
            ("nested", visit.number(limits.archive.nested).into()),
        ],
    )
}

/// A size as people write it.
#[expect(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
pub(crate) fn size(visit: &Visit, bytes: u64) -> String {
    const UNITS: [(&str, u64); 3] =
        [("upload-gib", 1 << 30), ("upload-mib", 1 << 20), ("upload-kib", 1 << 10)];
    let (unit, one) = UNITS.into_iter().find(|(_, one)| bytes >= *one).unwrap_or(("upload-bytes", 1));
    visit.with(unit, "n", &visit.decimal(bytes as f64 / one as f64, 1))
}

/// An error as a problem, in the language of whoever asks.
pub(super) fn problem(visit: &Visit, error: Error, limits: &Limits) -> Problem {
    let new = |status, code, detail: String| Problem::new(status, code, detail);
    match error {
        Error::Refused(why) => {
            let problem = new(why.reason.status(), why.reason.code(), sentence(visit, &why, limits));
            let is_soft = problem.is_soft();
            Problem { retry_after: is_soft.then_some(LATER), ..problem }
        }
        Error::Bad(bad) => new(bad.status(), bad.code(), bad.sentence().to_owned()),
        Error::Offset { .. } => new(StatusCode::CONFLICT, "offset", error.to_string()),
        Error::Mismatch => {
            let status = StatusCode::from_u16(MISMATCH).unwrap_or(StatusCode::BAD_REQUEST);
            Problem { title: "Checksum Mismatch".into(), ..new(status, "checksum", error.to_string()) }
        }
        Error::Superseded => new(StatusCode::CONFLICT, "superseded", error.to_string()),
        Error::Idle(_) => new(StatusCode::REQUEST_TIMEOUT, "timeout", error.to_string()),
        Error::Broke => Problem::bad_request(error.to_string()),
        Error::Problem(problem) => problem,
        Error::Disk(error) => {
            tracing::error!("an upload cannot be written: {error}");
            Problem::later("unwritable", LATER, visit.t("upload-unwritable"))
        }
    }
}

/// The answer to a program, with what the protocol adds.
pub(super) fn refused(visit: &Visit, error: Error, limits: &Limits) -> Response {
    let more = match &error {
        Error::Offset { have } => Some((tus::OFFSET, have.to_string())),
        Error::Bad(crate::upload::tus::Bad::Version) => Some((tus::VERSION, VERSION.to_owned())),
        _ => None,
    };
    let mut response = problem(visit, error, limits).into_response();
    if let Some((name, value)) = more {
        say(response.headers_mut(), &name, &value);
    }
    response
}

/// Puts what is for a browser's eyes on a page of ours.
pub(super) fn shown(web: &Web, response: Response) -> Response {
    dressed(&web.sites.policy, response)
}

/// The same with a policy of its own.
pub(crate) fn dressed(policy: &str, mut response: Response) -> Response {
    let headers = response.headers_mut();
    say(headers, &header::CONTENT_SECURITY_POLICY, policy);
    say(headers, &header::REFERRER_POLICY, "no-referrer");
    response
}

/// Somebody has proved that he may come in.
pub(crate) fn proved(response: Response) -> Response {
    (Extension(Proved), response).into_response()
}

pub(super) fn say(headers: &mut HeaderMap, name: &HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Whether a program asks, and no browser.
pub(super) fn is_program(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|accept| accept == "application/json")
}
