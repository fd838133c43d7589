//! Rights are looked at again while an answer is under way: whoever loses his right loses what is being sent to him.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use engine::clock::within;
use engine::port::BoxFuture;
use hyper::body::{Frame, SizeHint};
use jiff::Timestamp;

use super::Access;
use http::Problem;
use http::Scopes;
use http::{Caller, Proof};

/// How often it is looked at where nothing is told of changes: time passes by itself.
const LOOK: Duration = Duration::from_secs(2);
/// How long an answer that is almost there may still take: somebody may have ended his own right.
const GRACE: Duration = Duration::from_secs(2);

impl Access {
    /// Lets an answer be made and sent as long as the caller may do what it could when it asked.
    pub(super) async fn as_long_as_it_may(
        &self,
        caller: Caller,
        answer: impl Future<Output = Response>,
    ) -> Response {
        let mut ended = self.ended(caller);
        let mut answer = pin!(answer);
        let (response, over) = tokio::select! {
            biased;
            response = &mut answer => (Some(response), false),
            () = &mut ended => (within(GRACE, answer).await.ok(), true),
        };
        let Some(response) = response else { return gone().into_response() };
        // What is there already goes out whole.
        if response.body().size_hint().exact().is_some() {
            return response;
        }
        if over {
            return gone().into_response();
        }
        let polite = is_event_stream(response.headers());
        response.map(|body| Body::new(Guarded { body, ended, polite }))
    }

    /// Resolves when a caller may not do any more what it may do now.
    fn ended(&self, caller: Caller) -> BoxFuture<'static, ()> {
        let (access, mut told) = (self.clone(), self.0.changed.subscribe());
        Box::pin(async move {
            while access.scopes_now(&caller, access.0.hub.now()) == Some(caller.scopes.clone()) {
                // Whether it was told or time has passed, it is looked at again.
                let _ = within(LOOK, told.changed()).await;
            }
        })
    }

    /// What a caller may do now; `None` = it is nobody any more.
    fn scopes_now(&self, caller: &Caller, now: Timestamp) -> Option<Scopes> {
        match &caller.by {
            Proof::Socket | Proof::Key => Some(caller.scopes.clone()),
            Proof::Token { id, .. } => self.scopes_of(id, now),
            Proof::Session { id, .. } => self.role_in(id, now).map(|role| self.0.rules.scopes.of(role)),
        }
    }
}

fn gone() -> Problem {
    let detail = "what let you do this was taken back or ran out while it was under way: sign in again, or use another \
                  token";
    Problem { detail: detail.into(), ..Problem::unauthenticated() }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/event-stream"))
}

/// A body that ends with the right of its reader.
struct Guarded {
    body: Body,
    ended: BoxFuture<'static, ()>,
    /// It may end at any place; others break off, so that nobody takes a part for the whole.
    polite: bool,
}

impl HttpBody for Guarded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.ended.as_mut().poll(cx).is_ready() {
            // It is not asked again.
            self.ended = Box::pin(std::future::pending());
            self.body = Body::empty();
            let why = || axum::Error::new(std::io::Error::other("the reader's right has ended"));
            return Poll::Ready((!self.polite).then(|| Err(why())));
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
