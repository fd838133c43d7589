//! The form with a file to be imported.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::StatusCode;
use engine::clock::within;
use http::body::{Hold, Pool};
use http::{Caller, Problem};
use model::text::Encoding;

use super::FILE;
use crate::error::Error;
use crate::import::{Format, Mapping};
use crate::register::File;

/// Bytes of all files that are being imported at once, whichever door they came by: two callers find room for the
/// longest, and neither keeps out a third one.
const MEMORY: usize = 3 * FILE;
/// How long nothing may come of a form.
const IDLE: Duration = Duration::from_secs(30);
/// A mapping, or another field, is not longer, in bytes.
const FIELD: usize = 1 << 20;
/// No form has more fields.
const FIELDS: usize = 32;

static ROOM: LazyLock<Pool> = LazyLock::new(|| Pool::shared(MEMORY));

/// What a form of an import holds.
#[derive(Debug)]
pub struct Upload {
    bytes: Option<Vec<u8>>,
    memory: Hold,
    name: Option<String>,
    mapping: String,
    /// The other fields, as text.
    fields: Vec<(String, String)>,
}

impl Upload {
    /// Reads a form, within bounds of size, time and memory.
    pub async fn read(request: Request, caller: &Caller) -> Result<Self, Problem> {
        let mut form = Multipart::from_request(request, &()).await.map_err(|_| {
            let detail =
                "send a form, `Content-Type: multipart/form-data`, with the file in the field `file`";
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
        })?;
        let mut upload = Upload {
            bytes: None,
            memory: ROOM.of(caller),
            name: None,
            mapping: String::new(),
            fields: Vec::new(),
        };
        for _ in 0..FIELDS {
            let Some(field) = in_time(form.next_field()).await? else { return Ok(upload) };
            let name = field.name().unwrap_or_default().to_owned();
            match name.as_str() {
                "file" => upload.read_file(field).await?,
                "mapping" => upload.mapping = text(field).await?,
                _ => upload.fields.push((name, text(field).await?)),
            }
        }
        Err(Problem::bad_request(format!("the form has more than {FIELDS} fields")))
    }

    async fn read_file(&mut self, mut field: Field<'_>) -> Result<(), Problem> {
        self.name = field.file_name().map(str::to_owned).filter(|name| !name.is_empty());
        drop(self.memory.keep(0));
        let mut bytes = Vec::new();
        while let Some(chunk) = in_time(field.chunk()).await? {
            if bytes.len() + chunk.len() > FILE {
                return Err(too_large());
            }
            self.memory.grow(chunk.len())?;
            bytes.extend_from_slice(&chunk);
        }
        self.bytes = Some(bytes);
        Ok(())
    }

    /// Another field that is not empty.
    pub fn field(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(given, _)| given == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// Whether a box was ticked.
    pub fn ticked(&self, name: &str) -> bool {
        self.field(name).is_some()
    }

    /// Its file, which is to be read as `format` says, or as its name does.
    pub fn file(self, format: Option<&str>, encoding: Option<Encoding>) -> Result<File, Error> {
        let Upload { bytes, memory, name, mapping, .. } = self;
        let bytes = content(bytes, name.as_deref())?;
        let format = format_of(format, name.as_deref())?;
        let mapping = Mapping::parse(&mapping)?;
        Ok(File { bytes: Arc::new(bytes), format, encoding, mapping, memory: Some(memory) })
    }

    /// Its file as it came: name, content and mapping.
    pub fn parts(self) -> Result<(Option<String>, Vec<u8>, String), Error> {
        let bytes = content(self.bytes, self.name.as_deref())?;
        Ok((self.name, bytes, self.mapping))
    }
}

/// What the file says: a field without a name and without content is none.
fn content(bytes: Option<Vec<u8>>, name: Option<&str>) -> Result<Vec<u8>, Error> {
    let bytes = bytes.filter(|bytes| !bytes.is_empty() || name.is_some());
    bytes.ok_or_else(|| Error::BadFile("the form has no field `file` with it".to_owned()))
}

/// What a file is written in, by a word or by its name.
pub(crate) fn format_of(word: Option<&str>, name: Option<&str>) -> Result<Format, Error> {
    let format = match word {
        Some(word) => Format::ALL.into_iter().find(|format| format.as_str() == word),
        None => name.and_then(Format::of_name),
    };
    format.ok_or_else(|| Error::BadFile("say its format: json, ndjson, csv or ldif".to_owned()))
}

async fn text(mut field: Field<'_>) -> Result<String, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = in_time(field.chunk()).await? {
        if bytes.len() + chunk.len() > FIELD {
            let detail = "a field of the form is longer than 1 MiB";
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| Problem::bad_request("a field of the form is not written in UTF-8"))
}

/// The next piece of a form, if it comes in time.
async fn in_time<T>(next: impl Future<Output = Result<T, MultipartError>>) -> Result<T, Problem> {
    let late = |_| {
        let detail = format!("nothing more of the form came for {} s", IDLE.as_secs());
        Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", detail)
    };
    within(IDLE, next).await.map_err(late)?.map_err(|error| broken(&error))
}

fn broken(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return too_large();
    }
    Problem::bad_request("the form broke off, or is none")
}

fn too_large() -> Problem {
    let detail = "the file is longer than 64 MiB: import it in pieces";
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
}
