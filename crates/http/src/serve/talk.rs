//! What goes out on a connection: answers that are made below the routes look like all others, and nobody holds a
//! connection by not reading.

use std::future::pending;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::StatusCode;
use axum::response::Response;
use engine::clock::within;
use engine::port::BoxFuture;
use hyper::body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frame::SAID;
use crate::problem::{PROBLEM_JSON, Problem};

/// How long somebody of whom nothing is known may read nothing of an answer.
const STRANGER: Duration = Duration::from_secs(30);
/// The same for others: a person looks at the pages of a long listing.
const KNOWN: Duration = Duration::from_mins(10);
/// The heads of answers that are made below the routes are shorter.
const HEAD: usize = 256;

/// How the talk on a connection stands.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    /// Something of an answer of ours may not have gone out.
    answering: AtomicBool,
    /// All of it has been handed over.
    answered: AtomicBool,
    /// Somebody has proved who he is.
    known: AtomicBool,
}

impl Talk {
    /// A request has come.
    pub(crate) fn asked(&self) {
        self.answered.store(false, Ordering::Relaxed);
        self.answering.store(true, Ordering::Relaxed);
    }

    /// Whoever is on the other side has proved who he is.
    pub(crate) fn knows(&self) {
        self.known.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_known(&self) -> bool {
        self.known.load(Ordering::Relaxed)
    }

    /// An answer whose end is noticed.
    pub(crate) fn answer(self: &Arc<Self>, response: Response) -> Response<Answer> {
        let talk = Arc::clone(self);
        response.map(|body| Answer { body, talk })
    }

    /// All that was handed over has gone out.
    fn flushed(&self) {
        if self.answered.swap(false, Ordering::Relaxed) {
            self.answering.store(false, Ordering::Relaxed);
        }
    }
}

/// The body of an answer.
pub(crate) struct Answer {
    body: Body,
    talk: Arc<Talk>,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.talk.answered.store(true, Ordering::Relaxed);
    }
}

/// A connection as HTTP is spoken on it.
pub(crate) struct Wire<I> {
    io: I,
    talk: Arc<Talk>,
    /// An answer in place of one that was made below the routes, and how much of it has gone out.
    instead: Option<(Vec<u8>, usize)>,
    /// Runs while nothing goes out.
    stalled: Option<BoxFuture<'static, ()>>,
}

impl<I> Wire<I> {
    pub(crate) fn new(io: I, talk: Arc<Talk>) -> Self {
        Wire { io, talk, instead: None, stalled: None }
    }

    /// Passes on what came of an attempt to send, and gives up when nothing has gone out for long.
    fn moving<T>(&mut self, cx: &mut Context<'_>, sent: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if sent.is_ready() {
            self.stalled = None;
            return sent;
        }
        let patience = if self.talk.is_known() { KNOWN } else { STRANGER };
        let stalled = self
            .stalled
            .get_or_insert_with(|| Box::pin(async move { drop(within(patience, pending::<()>()).await) }));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(ErrorKind::TimedOut, "nobody reads what is sent")))
    }
}

impl<I: AsyncWrite + Unpin> Wire<I> {
    /// Sends what stands in for another answer.
    fn send_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((bytes, sent)) = &mut self.instead {
            let rest = bytes.get(*sent..).unwrap_or_default();
            if rest.is_empty() {
                self.instead = None;
                break;
            }
            match ready!(Pin::new(&mut self.io).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                more => *sent += more,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.send_instead(cx))?;
        let status = if self.talk.answering.load(Ordering::Relaxed) { None } else { refusal(bytes) };
        match status {
            None => Pin::new(&mut self.io).poll_write(cx, bytes),
            Some(status) => {
                self.instead = Some((whole(status), 0));
                Poll::Ready(Ok(bytes.len()))
            }
        }
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Wire<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Wire<I> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let sent = self.write(cx, buf);
        self.moving(cx, sent)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut sent = self.send_instead(cx);
        if let Poll::Ready(Ok(())) = sent {
            sent = Pin::new(&mut self.io).poll_flush(cx);
        }
        if let Poll::Ready(Ok(())) = sent {
            self.talk.flushed();
        }
        self.moving(cx, sent)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut sent = self.send_instead(cx);
        if let Poll::Ready(Ok(())) = sent {
            sent = Pin::new(&mut self.io).poll_shutdown(cx);
        }
        self.moving(cx, sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = if self.talk.answering.load(Ordering::Relaxed) && self.instead.is_none() {
            Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
        } else {
            let first = bufs.iter().find(|buf| !buf.is_empty()).map_or(&[][..], |buf| buf);
            self.write(cx, first)
        };
        self.moving(cx, sent)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

/// The status of an answer that was made below the routes: a bare head that refuses.
fn refusal(bytes: &[u8]) -> Option<StatusCode> {
    let head = std::str::from_utf8(bytes.get(..bytes.len().min(HEAD + 1))?).ok()?;
    let rest = head.strip_prefix("HTTP/1.1 4").filter(|_| head.len() <= HEAD)?;
    if head.find("\r\n\r\n")? + 4 != head.len() {
        return None;
    }
    StatusCode::from_bytes(format!("4{}", rest.get(..2)?).as_bytes()).ok()
}

/// The answer in its place.
fn whole(status: StatusCode) -> Vec<u8> {
    let detail = match status {
        StatusCode::URI_TOO_LONG => "the address that is asked for is too long",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            "the head of the request is too long: it may have 64 KiB and 100 lines"
        }
        _ => "this is no request of HTTP/1.1",
    };
    let problem = Problem::new(status, "bad_head", detail);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {PROBLEM_JSON}\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    );
    for (name, value) in SAID {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("\r\n");
    [head.into_bytes(), body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_refusal_is_replaced() {
        let bare =
            b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        assert_eq!(refusal(bare), Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
        for other in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"[..],
            b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\nno",
            b"HTTP/1.1 400 Bad Request\r\n",
            b"\xff\r\n\r\n",
            b"",
        ] {
            assert_eq!(refusal(other), None, "{}", String::from_utf8_lossy(other));
        }
        let long = format!("HTTP/1.1 400 Bad Request\r\nx: {}\r\n\r\n", "x".repeat(300));
        assert_eq!(refusal(long.as_bytes()), None);
    }
}
