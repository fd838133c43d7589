//! Importing a file.

use api::ndjson;
use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::stream;
use http::{May, Operate, Params, Problem};
use model::text::Encoding;
use tokio::sync::mpsc;

use super::{Api, Given, ImportLine, ImportReport, Upload};
use crate::register::{Options, Portions};

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
        ("encoding" = Option<String>, Query, description = "`utf-8`, `utf-16` or `latin-1`; without it as the file's mark says, or UTF-8"),
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
    let encoding = encoding(params.one("encoding")?.as_deref())?;
    let options = Options { dry_run: params.flag("dry_run")?, validated: params.flag("validated")? };
    params.finish()?;
    let portions =
        Portions::open(Upload::read(request, &caller).await?.file(word.as_deref(), encoding)?).await?;
    let of = portions.of;
    let (tell, told) = mpsc::channel(WAITING);
    // It goes on to the end, also when the caller goes away in the middle.
    tokio::spawn(async move {
        let progress = |records: u64| {
            if records.is_multiple_of(STEP) {
                let _ = tell.try_send(ImportLine::Handled { records, of });
            }
        };
        let last = match api.register.import(portions, options, &caller.actor, progress).await {
            Ok(imported) => ImportLine::Report(ImportReport::new(imported, options.dry_run)),
            Err(error) => ImportLine::Broken(error.into()),
        };
        let _ = tell.send(last).await;
    });
    Ok(ndjson(stream::unfold(told, |mut told| async { Some((told.recv().await?, told)) })))
}

/// How the letters of a file are written, as its word says.
pub(crate) fn encoding(word: Option<&str>) -> Result<Option<Encoding>, Problem> {
    let read = |word: &str| {
        let known = Encoding::ALL.map(Encoding::as_str).join(", ");
        Encoding::of_word(word).ok_or_else(|| {
            Problem::bad_request(format!("{word:?} is no encoding of a file: known are {known}"))
        })
    };
    word.map(read).transpose()
}
