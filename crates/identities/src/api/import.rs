//! Importing a file.

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream;
use http::api::ndjson;
use http::{May, Operate, Params, Problem};
use tokio::sync::mpsc;

use super::{Api, FILE, Given, ImportLine, ImportReport};
use crate::error::Error;
use crate::import::{self, Format, Mapping, Record};
use crate::register::Options;

/// Progress is told every so many records.
const STEP: u64 = 100;
/// Lines that wait for a slow reader. What does not fit is left out: the next one says more.
const WAITING: usize = 64;

/// `POST /identities/import`: a form with the file, and its mapping. Every line of the answer says how far it is; the last
/// one is the report, with every record that could not be used. What could is imported.
#[utoipa::path(
    post,
    path = "/identities/import",
    tag = "identities",
    operation_id = "identities_import",
    params(
        ("format" = Option<String>, Query, description = "`json`, `ndjson`, `csv` or `ldif`; without it what the file's name says"),
        ("dry_run" = Option<bool>, Query, description = "Only say what would be done"),
        ("validated" = Option<bool>, Query, description = "What is new or changed goes out with the next synchronisation"),
    ),
    request_body(content = Given, content_type = "multipart/form-data"),
    responses((status = 200, description = "Done", body = ImportLine, content_type = "application/x-ndjson")),
    security(("token" = ["operate"])),
)]
pub(super) async fn import(
    State(api): State<Api>,
    May { caller, .. }: May<Operate>,
    mut params: Params,
    request: Request,
) -> Result<Response, Problem> {
    let word = params.one("format")?;
    let options = Options { dry_run: params.flag("dry_run")?, validated: params.flag("validated")? };
    params.finish()?;
    let upload = Upload::read(request).await?;
    let records = upload.records(word.as_deref())?;
    let of = u64::try_from(records.len()).unwrap_or(u64::MAX);
    let (tell, told) = mpsc::channel(WAITING);
    // It goes on to the end, also when the caller goes away in the middle.
    tokio::spawn(async move {
        let progress = |records: u64| {
            if records.is_multiple_of(STEP) {
                let _ = tell.try_send(ImportLine::Handled { records, of });
            }
        };
        let last = match api.register.import(records, options, &caller.actor, progress).await {
            Ok(imported) => ImportLine::Report(ImportReport::new(imported, options.dry_run)),
            Err(error) => ImportLine::Broken(error.into()),
        };
        let _ = tell.send(last).await;
    });
    Ok(ndjson(stream::unfold(told, |mut told| async { Some((told.recv().await?, told)) })))
}

/// What a form of an import holds.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    file: Option<Vec<u8>>,
    name: Option<String>,
    mapping: String,
    /// The other fields, as text.
    fields: Vec<(String, String)>,
}

impl Upload {
    /// Reads a form.
    pub(crate) async fn read(request: Request) -> Result<Self, Problem> {
        let mut form = Multipart::from_request(request, &()).await.map_err(|_| {
            let detail =
                "send a form, `Content-Type: multipart/form-data`, with the file in the field `file`";
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
        })?;
        let mut upload = Upload::default();
        while let Some(field) = form.next_field().await.map_err(|e| broken(&e))? {
            let name = field.name().unwrap_or_default().to_owned();
            let file_name = field.file_name().map(str::to_owned).filter(|name| !name.is_empty());
            match name.as_str() {
                "file" => {
                    upload.file = Some(field.bytes().await.map_err(|e| broken(&e))?.into());
                    upload.name = file_name;
                }
                "mapping" => upload.mapping.push_str(&field.text().await.map_err(|e| broken(&e))?),
                _ => upload.fields.push((name, field.text().await.map_err(|e| broken(&e))?)),
            }
        }
        Ok(upload)
    }

    /// Another field that is not empty.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(given, _)| given == name)?;
        Some(value.trim()).filter(|value| !value.is_empty())
    }

    /// Whether a box was ticked.
    pub(crate) fn ticked(&self, name: &str) -> bool {
        self.field(name).is_some()
    }

    /// The records of its file.
    pub(crate) fn records(&self, format: Option<&str>) -> Result<Vec<Record>, Error> {
        let bad = |why: &str| Error::BadFile(why.to_owned());
        let file = self
            .file
            .as_deref()
            .filter(|file| !file.is_empty() || self.name.is_some())
            .ok_or_else(|| bad("the form has no field `file` with it"))?;
        if file.len() > FILE {
            return Err(bad("it is longer than 64 MiB: import it in pieces"));
        }
        let format = match format {
            Some(word) => Format::ALL.into_iter().find(|format| format.as_str() == word),
            None => self.name.as_deref().and_then(Format::of_name),
        };
        let format = format.ok_or_else(|| bad("say its format: json, ndjson, csv or ldif"))?;
        let mapping = Mapping::parse(&self.mapping)?;
        import::read(file, format, &mapping).map_err(Error::BadFile)
    }
}

fn broken(error: &MultipartError) -> Problem {
    let status = error.status();
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        let detail = "the file is longer than 64 MiB: import it in pieces";
        return Problem::new(status, "too_large", detail);
    }
    Problem::bad_request("the form broke off, or is none")
}
