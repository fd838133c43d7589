//! Forms with a file to be imported.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{StatusCode, header};
use futures_util::stream;
use http::{Caller, Problem};
use identities::Error;
use identities::api::Upload;
use tokio::runtime::Builder;

/// What a form comes to: its file, or why there is none.
type Read = Result<Result<Vec<u8>, String>, (StatusCode, String)>;

/// The first line is what stands behind `multipart/form-data`; the rest is the form. It says the same however the network
/// cuts it, its file is a piece of it, and what cannot be read is the sender's mistake and said in words.
pub(crate) fn run(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (head, body) = bytes.split_at_checked(end).unwrap_or_default();
    let kind = format!("multipart/form-data{}", String::from_utf8_lossy(head));
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime for one thread");
    let whole = runtime.block_on(read(&kind, body, body.len().max(1)));
    for size in [1, 7] {
        assert_eq!(
            runtime.block_on(read(&kind, body, size)),
            whole,
            "in pieces of {size} it says something else"
        );
    }
    match whole {
        Ok(Ok(file)) => {
            assert!(
                file.is_empty() || body.windows(file.len()).any(|piece| piece == file),
                "its file is no piece of it"
            );
        }
        Ok(Err(why)) => assert!(!why.is_empty(), "a file is refused without a word"),
        Err((status, why)) => {
            assert!(status.is_client_error(), "{status}: {why}");
            assert!(!why.is_empty(), "a form is refused without a word");
        }
    }
}

async fn read(kind: &str, body: &[u8], size: usize) -> Read {
    let pieces: Vec<_> =
        body.chunks(size).map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece))).collect();
    let request = Request::builder().header(header::CONTENT_TYPE, kind);
    // What no client can send as a header is no form at all.
    let Ok(request) = request.body(Body::from_stream(stream::iter(pieces))) else {
        return Ok(Err("no header".to_owned()));
    };
    let upload = Upload::read(request, &Caller::of_socket(0)).await.map_err(told)?;
    assert!(!upload.field("file").is_some_and(str::is_empty), "a field that is empty counts as none");
    Ok(upload
        .file(Some("csv"), None)
        .map(|file| file.bytes.to_vec())
        .map_err(|error: Error| error.to_string()))
}

fn told(problem: Problem) -> (StatusCode, String) {
    let status = StatusCode::from_u16(problem.status).expect("a status");
    (status, problem.detail.into())
}
