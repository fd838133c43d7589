//! What the headers of tus 1.0 say, and what is answered to them. Pure: core, creation, creation with upload, expiration,
//! checksum and termination.

#[cfg(test)]
mod tests;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;

/// The version.
pub(crate) const VERSION: &str = "1.0.0";
/// What is spoken beside the core.
pub(crate) const EXTENSIONS: &str = "creation,creation-with-upload,expiration,checksum,termination";
/// Digests that a part may come with.
pub(crate) const ALGORITHMS: &str = "sha1,sha256";
/// The media type of a part.
pub(crate) const PART: &str = "application/offset+octet-stream";
/// The part did not arrive as it was sent.
pub(crate) const MISMATCH: u16 = 460;

/// Names of headers.
pub(crate) mod header {
    use super::HeaderName;

    macro_rules! names {
        ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
            $($(#[$doc])* pub(crate) const $name: HeaderName = HeaderName::from_static($text);)*
        };
    }

    names! {
        /// Version of whoever speaks.
        RESUMABLE = "tus-resumable";
        /// Versions that are spoken.
        VERSION = "tus-version";
        /// Extensions.
        EXTENSION = "tus-extension";
        /// Bytes of a file.
        MAX_SIZE = "tus-max-size";
        /// Digests.
        CHECKSUM_ALGORITHM = "tus-checksum-algorithm";
        /// Bytes of this file.
        LENGTH = "upload-length";
        /// Bytes that are there.
        OFFSET = "upload-offset";
        /// What is said of the file.
        METADATA = "upload-metadata";
        /// The length comes later.
        DEFER_LENGTH = "upload-defer-length";
        /// Several uploads become one.
        CONCAT = "upload-concat";
        /// The digest of this part.
        CHECKSUM = "upload-checksum";
        /// Until when it may be resumed.
        EXPIRES = "upload-expires";
        /// The method that is meant.
        OVERRIDE = "x-http-method-override";
    }
}

/// What is wrong with what the headers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// Another version, or none.
    Version,
    /// No length, or none that is a number.
    Length,
    /// A length that comes later, which is not spoken.
    Deferred,
    /// Uploads that become one, which is not spoken.
    Concat,
    /// No offset, or none that is a number.
    Offset,
    /// What is said of the file cannot be read.
    Metadata,
    /// A part of another media type.
    MediaType,
    /// A digest that cannot be read, or is of another kind.
    Checksum,
}

impl Bad {
    /// The status of the answer.
    pub fn status(self) -> StatusCode {
        match self {
            Bad::Version => StatusCode::PRECONDITION_FAILED,
            Bad::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// For programs.
    pub fn code(self) -> &'static str {
        match self {
            Bad::Version => "tus_version",
            Bad::Length => "tus_length",
            Bad::Deferred => "tus_deferred",
            Bad::Concat => "tus_concat",
            Bad::Offset => "tus_offset",
            Bad::Metadata => "tus_metadata",
            Bad::MediaType => "tus_media_type",
            Bad::Checksum => "tus_checksum",
        }
    }

    /// For whoever writes a program.
    pub fn sentence(self) -> &'static str {
        match self {
            Bad::Version => "send `Tus-Resumable: 1.0.0`: no other version is spoken here",
            Bad::Length => "say how long the file is: `Upload-Length`, a number of bytes",
            Bad::Deferred => "say with `Upload-Length` how long the file is: it cannot be told later",
            Bad::Concat => "uploads are not put together here: send the file as one",
            Bad::Offset => "say where the part begins: `Upload-Offset`, a number of bytes",
            Bad::Metadata => {
                "write `Upload-Metadata` as `filename <Base64 of its name in UTF-8>`, with commas between several"
            }
            Bad::MediaType => "send parts with `Content-Type: application/offset+octet-stream`",
            Bad::Checksum => "write `Upload-Checksum` as `sha1 <Base64>` or `sha256 <Base64>`",
        }
    }
}

/// A digest that a part came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checksum {
    /// Which.
    pub algorithm: Algorithm,
    /// The digest.
    pub digest: Vec<u8>,
}

/// A kind of digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// SHA-1, which the protocol requires: it tells accidents, not forgeries.
    Sha1,
    /// SHA-256.
    Sha256,
}

impl Algorithm {
    /// Bytes of a digest.
    fn length(self) -> usize {
        match self {
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 => 32,
        }
    }
}

/// A file that is announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Creation {
    /// Its bytes.
    pub length: u64,
    /// Its name; empty when none was said.
    pub name: String,
    /// Its first part comes along.
    pub part: Option<Part>,
}

/// A part that comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Where it begins.
    pub offset: u64,
    /// Its digest.
    pub checksum: Option<Checksum>,
    /// Its bytes, if it says so.
    pub length: Option<u64>,
}

/// Whether the version is the one that is spoken.
pub(crate) fn version(headers: &HeaderMap) -> Result<(), Bad> {
    if text(headers, &header::RESUMABLE) == Some(VERSION) { Ok(()) } else { Err(Bad::Version) }
}

/// The method that is meant: some networks let only the oldest ones pass.
pub(crate) fn method(method: &Method, headers: &HeaderMap) -> Method {
    let meant = text(headers, &header::OVERRIDE).filter(|_| *method == Method::POST);
    meant.and_then(|meant| meant.trim().to_ascii_uppercase().parse().ok()).unwrap_or_else(|| method.clone())
}

/// Reads the announcement of a file.
pub(crate) fn creation(headers: &HeaderMap) -> Result<Creation, Bad> {
    if headers.contains_key(header::CONCAT) {
        return Err(Bad::Concat);
    }
    if headers.contains_key(header::DEFER_LENGTH) {
        return Err(Bad::Deferred);
    }
    let length = number(headers, &header::LENGTH).ok_or(Bad::Length)?;
    let name = name(headers)?;
    let comes_along = media_type(headers).is_some_and(|kind| kind.eq_ignore_ascii_case(PART));
    let part = comes_along.then(|| beginning_at(0, headers)).transpose()?;
    Ok(Creation { length, name, part })
}

/// Reads the head of a part.
pub(crate) fn part(headers: &HeaderMap) -> Result<Part, Bad> {
    if !media_type(headers).is_some_and(|kind| kind.eq_ignore_ascii_case(PART)) {
        return Err(Bad::MediaType);
    }
    beginning_at(number(headers, &header::OFFSET).ok_or(Bad::Offset)?, headers)
}

fn beginning_at(offset: u64, headers: &HeaderMap) -> Result<Part, Bad> {
    let checksum = text(headers, &header::CHECKSUM);
    if headers.contains_key(header::CHECKSUM) && checksum.is_none() {
        return Err(Bad::Checksum);
    }
    let checksum = checksum.map(|said| read_checksum(said).ok_or(Bad::Checksum)).transpose()?;
    Ok(Part { offset, checksum, length: number(headers, &axum::http::header::CONTENT_LENGTH) })
}

fn read_checksum(said: &str) -> Option<Checksum> {
    let (algorithm, digest) = said.trim().split_once(' ')?;
    let algorithm = match algorithm.to_ascii_lowercase().as_str() {
        "sha1" => Algorithm::Sha1,
        "sha256" => Algorithm::Sha256,
        _ => return None,
    };
    let digest = BASE64_STANDARD.decode(digest.trim()).ok()?;
    (digest.len() == algorithm.length()).then_some(Checksum { algorithm, digest })
}

/// The name of the file among what is said of it. Keys stand once each.
fn name(headers: &HeaderMap) -> Result<String, Bad> {
    let Some(said) = headers.get(header::METADATA) else { return Ok(String::new()) };
    let said = said.to_str().map_err(|_| Bad::Metadata)?;
    let (mut keys, mut name) = (Vec::new(), String::new());
    for pair in said.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once(' ').unwrap_or((pair, ""));
        if keys.contains(&key) {
            return Err(Bad::Metadata);
        }
        keys.push(key);
        let value = BASE64_STANDARD.decode(value.trim()).map_err(|_| Bad::Metadata)?;
        match key {
            "filename" => name = String::from_utf8(value).map_err(|_| Bad::Metadata)?,
            // Some clients say it so.
            "name" if name.is_empty() => name = String::from_utf8(value).map_err(|_| Bad::Metadata)?,
            _ => {}
        }
    }
    Ok(name)
}

/// Metadata as it is said again: the name.
pub(crate) fn metadata(name: &str) -> String {
    format!("filename {}", BASE64_STANDARD.encode(name))
}

/// A moment as HTTP writes it (RFC 9110 §5.6.7).
pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Headers of an answer.
pub(crate) fn headers(pairs: &[(HeaderName, String)]) -> HeaderMap {
    let value = |(name, text): &(HeaderName, String)| Some((name.clone(), HeaderValue::from_str(text).ok()?));
    pairs.iter().filter_map(value).collect()
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    // Said twice it says nothing.
    values.next().filter(|_| values.next().is_none())?.to_str().ok()
}

/// A number without a sign, as the protocol writes it.
fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    let text = text(headers, name)?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn media_type(headers: &HeaderMap) -> Option<&str> {
    let kind = text(headers, &axum::http::header::CONTENT_TYPE)?;
    Some(kind.split(';').next().unwrap_or_default().trim())
}
