//! Importing a file.

use askama::Template;
use axum::extract::{Request, State as Extract};
use axum::http::StatusCode;
use axum::response::Response;
use http::page::Visit;
use http::{May, Operate, Problem};

use super::Pages;
use crate::api::Upload;
use crate::error::Error;
use crate::import::Format;
use crate::register::{Imported, Options, Portions};

/// Bad records that are shown.
const SHOWN: usize = 500;

#[derive(Template)]
#[template(path = "import.html")]
struct Ask<'p> {
    v: &'p Visit,
    formats: [&'static str; 4],
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "imported.html")]
struct Told<'p> {
    v: &'p Visit,
    report: Imported,
    dry_run: bool,
    validated: bool,
    /// Bad records that are not shown.
    more: usize,
}

/// `GET /identities/import`.
pub(super) async fn ask(visit: Visit, _: May<Operate>) -> Response {
    form(&visit, None)
}

/// `POST /identities/import`.
pub(super) async fn import(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    request: Request,
) -> Result<Response, Problem> {
    let upload = Upload::read(request, &caller).await?;
    let options = Options { dry_run: upload.ticked("dry_run"), validated: upload.ticked("validated") };
    let word = upload.field("format").map(str::to_owned);
    let opened = match upload.file(word.as_deref()) {
        Ok(file) => Portions::open(file).await,
        Err(error) => Err(error),
    };
    let portions = match opened {
        Ok(portions) => portions,
        Err(error @ (Error::BadFile(_) | Error::BadMapping(_))) => {
            return Ok(form(&visit, Some(error.to_string())));
        }
        Err(error) => return Err(error.into()),
    };
    let register = pages.register;
    // It goes on to the end, also when the browser goes away in the middle.
    let work = tokio::spawn(async move { register.import(portions, options, &caller.actor, |_| {}).await });
    let mut report = work.await.map_err(|error| Problem::bug(&error))??;
    let more = report.bad.len().saturating_sub(SHOWN);
    report.bad.truncate(SHOWN);
    let Options { dry_run, validated } = options;
    let content = Told { v: &visit, report, dry_run, validated, more };
    Ok(visit.page(visit.t("identities-imported")).show(&content))
}

fn form(visit: &Visit, fault: Option<String>) -> Response {
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let content = Ask { v: visit, formats: Format::ALL.map(Format::as_str), fault };
    visit.page(visit.t("identities-import")).status(status).show(&content)
}
