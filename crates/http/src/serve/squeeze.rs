//! Answers are packed for those who can read that: pages, scripts, documents. Streams are not: what is said in them must
//! arrive when it is said.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::problem::Problem;

/// Smaller answers are hardly smaller when packed.
const WORTH: u64 = 1 << 10;
/// Larger ones are not packed: that takes time of all others.
const MOST: u64 = 8 << 20;
/// What is larger is packed apart from the threads on which all else runs.
const LARGE: usize = 64 << 10;
/// Files that never change and are kept packed. There are a dozen.
const KEPT: usize = 64;

/// Files that never change, packed, by path.
type Kept = Arc<Mutex<HashMap<String, Bytes>>>;

/// Packs what these routes answer. To be called last, around all else.
pub fn squeezed(routes: Router) -> Router {
    routes.layer(from_fn_with_state(Kept::default(), squeeze))
}

async fn squeeze(State(kept): State<Kept>, request: Request, next: Next) -> Response {
    let reads_gzip = reads_gzip(request.headers());
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let size = response.body().size_hint().exact().unwrap_or_default();
    if !is_text(response.headers()) || response.status() == StatusCode::PARTIAL_CONTENT {
        return response;
    }
    let (mut head, body) = response.into_parts();
    head.headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    if !reads_gzip || !(WORTH..=MOST).contains(&size) || head.headers.contains_key(header::CONTENT_ENCODING) {
        return Response::from_parts(head, body);
    }
    let for_ever = is_for_ever(&head.headers) && head.status == StatusCode::OK;
    let known = for_ever.then(|| kept.lock().unwrap_or_else(PoisonError::into_inner).get(&path).cloned());
    let packed = match known.flatten() {
        Some(packed) => packed,
        None => match packed(body, for_ever).await {
            Ok(packed) => packed,
            Err(error) => return Problem::bug(&error).into_response(),
        },
    };
    if for_ever {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.insert(path, packed.clone());
        }
    }
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Response::from_parts(head, Body::from(packed))
}

/// A body that is there whole, packed; as well as can be when it is kept.
async fn packed(body: Body, for_ever: bool) -> Result<Bytes, axum::Error> {
    let whole = to_bytes(body, usize::MAX).await?;
    let level = if for_ever { Compression::best() } else { Compression::new(4) };
    let large = for_ever || whole.len() > LARGE;
    let pack = move || {
        let mut packer = GzEncoder::new(Vec::with_capacity(whole.len() / 4), level);
        packer.write_all(&whole)?;
        packer.finish()
    };
    let done =
        if large { tokio::task::spawn_blocking(pack).await.map_err(axum::Error::new)? } else { pack() };
    done.map(Bytes::from).map_err(axum::Error::new)
}

/// Whether an answer in gzip is understood: named, or all are, and not refused.
fn reads_gzip(headers: &HeaderMap) -> bool {
    let given = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    given.flat_map(|value| value.split(',')).any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = quality.split_once('=').is_some_and(|(_, q)| q.trim().parse() == Ok(0.0));
        matches!(name.trim(), "gzip" | "x-gzip" | "*") && !refused
    })
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_text = kind.starts_with("text/") || kind.ends_with("json") || kind.ends_with("+xml");
    is_text && kind != "text/event-stream"
}

fn is_for_ever(headers: &HeaderMap) -> bool {
    let said = headers.get(header::CACHE_CONTROL).and_then(|said| said.to_str().ok());
    said.is_some_and(|said| said.contains("immutable"))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use axum::routing::get;
    use flate2::read::GzDecoder;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(path: &str, codings: &str) -> Response {
        const FILE: [(header::HeaderName, &str); 2] =
            [(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, "public, immutable")];
        let routes = Router::new()
            .route("/page", get(|| async { ([(header::CONTENT_TYPE, "text/html")], "page ".repeat(1000)) }))
            .route("/file", get(|| async { (FILE, "file ".repeat(50_000)) }))
            .route("/small", get(|| async { ([(header::CONTENT_TYPE, "text/html")], "small") }))
            .route(
                "/events",
                get(|| async { ([(header::CONTENT_TYPE, "text/event-stream")], "x".repeat(5000)) }),
            );
        let request =
            Request::get(path).header(header::ACCEPT_ENCODING, codings).body(Body::empty()).unwrap();
        squeezed(routes).oneshot(request).await.unwrap()
    }

    fn is_packed(response: &Response) -> bool {
        response.headers().get(header::CONTENT_ENCODING).is_some_and(|coding| coding == "gzip")
    }

    #[tokio::test]
    async fn what_is_read_is_what_was_said_in_fewer_bytes() {
        for (path, whole) in [("/page", "page ".repeat(1000)), ("/file", "file ".repeat(50_000))] {
            let response = ask(path, "br;q=1, gzip").await;
            assert!(is_packed(&response) && response.headers()[header::VARY] == "accept-encoding");
            let packed = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            assert!(packed.len() * 10 < whole.len());
            let mut read = String::new();
            GzDecoder::new(&*packed).read_to_string(&mut read).unwrap();
            assert_eq!(read, whole);
        }
    }

    #[tokio::test]
    async fn who_cannot_read_it_and_what_is_small_or_a_stream_gets_it_as_it_is() {
        for (path, codings) in
            [("/page", ""), ("/page", "gzip;q=0"), ("/page", "br"), ("/small", "gzip"), ("/events", "gzip")]
        {
            assert!(!is_packed(&ask(path, codings).await), "{path} {codings}");
        }
    }
}
