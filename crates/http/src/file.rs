//! Files that are sent: whole, or the part that somebody still lacks (RFC 9110 §13 and §14).

use std::io;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http_range_header::{EndPosition, RangeUnsatisfiableError, StartPosition, parse_range_header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, SeekFrom};

use crate::problem::Problem;

/// Bytes that are read at once.
const PIECE: usize = 64 << 10;
/// Bytes of a name that is sent along; others cut it anyway.
const NAME: usize = 255;

/// What stands as it is in a name (RFC 8187, `attr-char`).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// A file that is sent.
#[derive(Debug)]
pub struct SentFile {
    /// What is in it. It does not change while it is sent.
    pub file: File,
    /// Its media type.
    pub kind: &'static str,
    /// The name under which it is kept at the other end; without one a browser shows it.
    pub name: Option<String>,
    /// What tells its content from any other, such as its SHA-256: letters and digits.
    pub tag: String,
}

/// What of a file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Whole,
    /// From the first of these bytes to the last.
    Part(u64, u64),
    /// Nothing that there is.
    Nothing,
}

impl SentFile {
    /// The answer to a request for it.
    pub async fn answer(mut self, method: &Method, headers: &HeaderMap) -> Result<Response, Problem> {
        let length = self.file.metadata().await.map_err(|error| Problem::bug(&error))?.len();
        let tag = format!("\"{}\"", self.tag);
        if !fits(headers, &header::IF_MATCH, &tag, true) {
            return Err(Problem::changed_meanwhile("this file"));
        }
        let mut response = if headers.contains_key(header::IF_NONE_MATCH)
            && fits(headers, &header::IF_NONE_MATCH, &tag, false)
        {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            match wanted(method, headers, &tag, length) {
                Wanted::Whole => self.part(method, 0, length, StatusCode::OK).await?,
                Wanted::Part(first, last) => {
                    let mut response =
                        self.part(method, first, last - first + 1, StatusCode::PARTIAL_CONTENT).await?;
                    say(&mut response, header::CONTENT_RANGE, &format!("bytes {first}-{last}/{length}"));
                    response
                }
                Wanted::Nothing => {
                    let detail =
                        format!("the file has {length} bytes: the part that you ask for is not there");
                    let problem = Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range", detail);
                    let mut response = problem.into_response();
                    say(&mut response, header::CONTENT_RANGE, &format!("bytes */{length}"));
                    return Ok(response);
                }
            }
        };
        say(&mut response, header::ETAG, &tag);
        say(&mut response, header::ACCEPT_RANGES, "bytes");
        if let Some(name) = &self.name {
            say(&mut response, header::CONTENT_DISPOSITION, &attachment(name));
        }
        Ok(response)
    }

    async fn part(
        &mut self,
        method: &Method,
        first: u64,
        length: u64,
        status: StatusCode,
    ) -> Result<Response, Problem> {
        let body = if *method == Method::HEAD {
            Body::empty()
        } else {
            let mut file = self.file.try_clone().await.map_err(|error| Problem::bug(&error))?;
            file.seek(SeekFrom::Start(first)).await.map_err(|error| Problem::bug(&error))?;
            Body::from_stream(stream::try_unfold((file, length), next))
        };
        let mut response = (status, body).into_response();
        say(&mut response, header::CONTENT_LENGTH, &length.to_string());
        say(&mut response, header::CONTENT_TYPE, self.kind);
        Ok(response)
    }
}

/// The next piece of a file of which so many bytes are left to send.
async fn next((mut file, left): (File, u64)) -> io::Result<Option<(Bytes, (File, u64))>> {
    if left == 0 {
        return Ok(None);
    }
    let mut piece = vec![0; PIECE.min(usize::try_from(left).unwrap_or(PIECE))];
    let read = file.read(&mut piece).await?;
    if read == 0 {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the file became shorter while it was sent",
        ));
    }
    piece.truncate(read);
    Ok(Some((piece.into(), (file, left - read as u64))))
}

/// Which part is wanted. Several at once are answered with all of it, as is what is not understood.
fn wanted(method: &Method, headers: &HeaderMap, tag: &str, length: u64) -> Wanted {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(range) = text(&header::RANGE).filter(|_| *method == Method::GET) else { return Wanted::Whole };
    // Whoever has a part of another file, or knows it by a time only, gets all of this one.
    if headers.contains_key(header::IF_RANGE) && text(&header::IF_RANGE) != Some(tag) {
        return Wanted::Whole;
    }
    let parsed = match parse_range_header(range) {
        Ok(parsed) => parsed,
        Err(RangeUnsatisfiableError::ZeroSuffix) => return Wanted::Nothing,
        Err(_) => return Wanted::Whole,
    };
    let [part] = parsed.ranges.as_slice() else { return Wanted::Whole };
    let first = match part.start {
        StartPosition::Index(first) => first,
        StartPosition::FromLast(count) => length.saturating_sub(count),
    };
    let last = match part.end {
        EndPosition::Index(last) if part.start == StartPosition::Index(first) && last < first => {
            return Wanted::Whole;
        }
        EndPosition::Index(last) => last.min(length.saturating_sub(1)),
        EndPosition::LastByte => length.saturating_sub(1),
    };
    if first >= length { Wanted::Nothing } else { Wanted::Part(first, last) }
}

/// Whether a condition names this tag, or any. One that is not there is fulfilled when it is `strong`.
fn fits(headers: &HeaderMap, name: &HeaderName, tag: &str, strong: bool) -> bool {
    let mut said = headers.get_all(name).iter().peekable();
    if said.peek().is_none() {
        return strong;
    }
    said.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim).any(
        |one| {
            let one = if strong { one } else { one.strip_prefix("W/").unwrap_or(one) };
            one == "*" || one == tag
        },
    )
}

/// `Content-Disposition` of something to be kept under this name (RFC 6266, with RFC 8187 for what is not ASCII).
pub fn attachment(name: &str) -> String {
    let mut end = name.len().min(NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let name = name.get(..end).unwrap_or_default();
    let plain: String =
        name.chars()
            .map(|c| {
                if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%' | '/') || c == ' ' { c } else { '_' }
            })
            .collect();
    if plain == name {
        return format!("attachment; filename=\"{plain}\"");
    }
    let encoded = utf8_percent_encode(name, ENCODED);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

fn say(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    const TAG: &str = "5f3a";
    const CONTENT: &[u8] = b"0123456789";

    struct Answer {
        status: u16,
        headers: HeaderMap,
        body: Vec<u8>,
    }

    impl Answer {
        fn header(&self, name: &str) -> &str {
            self.headers.get(name).map_or("", |value| value.to_str().unwrap())
        }
    }

    async fn ask(method: Method, content: &[u8], said: &[(&str, &str)]) -> Answer {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let pair =
            |(name, value): &(&str, &str)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        let headers: HeaderMap = said.iter().map(pair).collect();
        let sent = SentFile {
            file: File::open(file.path()).await.unwrap(),
            kind: "application/zip",
            name: Some("Élèves.zip".to_owned()),
            tag: TAG.to_owned(),
        };
        let response = sent.answer(&method, &headers).await.unwrap_or_else(Problem::into_response);
        let (head, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap().to_vec();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    async fn get(said: &[(&str, &str)]) -> Answer {
        ask(Method::GET, CONTENT, said).await
    }

    #[tokio::test]
    async fn whole_it_says_all_that_a_resumption_needs() {
        let all = get(&[]).await;
        assert_eq!((all.status, all.body.as_slice()), (200, CONTENT));
        assert_eq!((all.header("etag"), all.header("accept-ranges")), ("\"5f3a\"", "bytes"));
        assert_eq!((all.header("content-length"), all.header("content-type")), ("10", "application/zip"));
        let head = ask(Method::HEAD, CONTENT, &[("range", "bytes=2-3")]).await;
        assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, "10"));
        let empty = ask(Method::GET, b"", &[]).await;
        assert_eq!((empty.status, empty.header("content-length")), (200, "0"));
    }

    #[tokio::test]
    async fn a_part_is_what_was_asked_for() {
        for (range, part, said) in [
            ("bytes=2-4", "234", "bytes 2-4/10"),
            ("bytes=7-", "789", "bytes 7-9/10"),
            ("bytes=7-99", "789", "bytes 7-9/10"),
            ("bytes=-3", "789", "bytes 7-9/10"),
            ("bytes=-99", "0123456789", "bytes 0-9/10"),
            ("bytes=0-0", "0", "bytes 0-0/10"),
        ] {
            let answer = get(&[("range", range)]).await;
            assert_eq!(
                (answer.status, String::from_utf8(answer.body.clone()).unwrap()),
                (206, part.to_owned()),
                "{range}"
            );
            assert_eq!(answer.header("content-range"), said);
            assert_eq!(answer.header("content-length"), part.len().to_string());
        }
        for beyond in ["bytes=10-", "bytes=99-100", "bytes=-0"] {
            let answer = get(&[("range", beyond)]).await;
            assert_eq!((answer.status, answer.header("content-range")), (416, "bytes */10"), "{beyond}");
        }
        assert_eq!(ask(Method::GET, b"", &[("range", "bytes=0-")]).await.status, 416);
        // Several, none, and nonsense: all of it.
        for odd in ["bytes=0-1,4-5", "lines=1-2", "bytes=4-2", "bytes=x", "bytes=99999999999999999999-"] {
            let answer = get(&[("range", odd)]).await;
            assert_eq!((answer.status, answer.body.as_slice()), (200, CONTENT), "{odd}");
        }
    }

    #[tokio::test]
    async fn conditions_are_heeded() {
        let part = ("range", "bytes=2-4");
        for (tag, status) in [
            ("\"5f3a\"", 206),
            ("\"other\"", 200),
            ("W/\"5f3a\"", 200),
            ("Wed, 21 Oct 2015 07:28:00 GMT", 200),
        ] {
            assert_eq!(get(&[part, ("if-range", tag)]).await.status, status, "{tag}");
        }
        assert_eq!(get(&[("if-none-match", "\"x\", W/\"5f3a\"")]).await.status, 304);
        assert_eq!(get(&[("if-none-match", "*")]).await.status, 304);
        assert_eq!(get(&[("if-none-match", "\"x\"")]).await.status, 200);
        assert_eq!(get(&[("if-match", "\"x\"")]).await.status, 412);
        assert_eq!(get(&[("if-match", "\"x\", \"5f3a\""), part]).await.status, 206);
    }

    #[test]
    fn a_name_is_readable_everywhere_and_breaks_no_header() {
        assert_eq!(attachment("base.zip"), "attachment; filename=\"base.zip\"");
        assert_eq!(
            attachment("Élèves \"A\".zip"),
            "attachment; filename=\"_l_ves _A_.zip\"; filename*=UTF-8''%C3%89l%C3%A8ves%20%22A%22.zip"
        );
        let hostile = attachment("a\r\nSet-Cookie: x=1\u{202e}/../é");
        assert!(!hostile.contains(['\r', '\n', '/']) && HeaderValue::from_str(&hostile).is_ok(), "{hostile}");
        assert!(attachment(&"é".repeat(10_000)).len() < 2_000);
    }

    #[tokio::test]
    async fn one_that_becomes_shorter_does_not_pass_for_whole() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), CONTENT).unwrap();
        let opened = File::open(file.path()).await.unwrap();
        let state = (opened, 11);
        let first = next(state).await.unwrap().unwrap();
        assert_eq!(first.0.as_ref(), CONTENT);
        assert!(next(first.1).await.is_err());
    }
}
