//! Importing a file: it is sent, looked at, and then imported as it was looked at.

use askama::Template;
use axum::extract::{Request, State as Extract};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::page::{Form, Visit};
use http::{Caller, May, Named, Operate, Problem};
use model::text::Encoding;

use super::Pages;
use super::staged::{How, Staged};
use crate::api::{ImportReport, Upload, encoding, format_of};
use crate::error::Error;
use crate::import::{Format, Mapping};
use crate::register::{File, Options, Portions};

/// Bad records that are shown.
const SHOWN: usize = 500;

#[derive(Template)]
#[template(path = "import.html")]
struct Ask<'p> {
    v: &'p Visit,
    formats: [&'static str; 4],
    encodings: [&'static str; 3],
    how: How,
    fault: Option<String>,
}

#[derive(Template)]
#[template(path = "preview.html")]
struct Preview<'p> {
    v: &'p Visit,
    file: Staged,
    name: String,
    formats: [&'static str; 4],
    encodings: [&'static str; 3],
    /// What the import would come to, or why nothing of the file can be read.
    told: Result<Told, String>,
}

#[derive(Template)]
#[template(path = "imported.html")]
struct Done<'p> {
    v: &'p Visit,
    told: Told,
    validated: bool,
}

/// A report with what is shown of it.
struct Told {
    report: ImportReport,
    /// Bad records that are not shown.
    more: u64,
}

impl Told {
    fn new(mut report: ImportReport) -> Self {
        let left = report.bad.iter().skip(SHOWN).map(|bad| bad.count).sum();
        report.bad.truncate(SHOWN);
        Told { report, more: left }
    }

    /// How many there are beside those of whom it is told who they are.
    fn more_people(&self) -> u64 {
        self.report.new.saturating_sub(self.report.people.len() as u64)
    }

    /// The same of those that are changed.
    fn more_changes(&self) -> u64 {
        self.report.changed.saturating_sub(self.report.changes.len() as u64)
    }

    /// The members that are changed, those of most people first.
    fn members(&self) -> Vec<(&str, u64)> {
        let mut members: Vec<_> = self.report.members.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        members.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        members
    }
}

/// `GET /identities/import`.
pub(super) async fn ask(visit: Visit, _: May<Operate>) -> Response {
    form(&visit, How::default(), None)
}

/// `POST /identities/import`: takes the file, and shows what it would do.
pub(super) async fn send(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    request: Request,
) -> Result<Response, Problem> {
    let upload = Upload::read(request, &caller).await?;
    let how = read_how(|name| upload.field(name).map(str::to_owned))?;
    match upload.parts() {
        Err(error @ Error::BadFile(_)) => Ok(form(&visit, how, Some(error.to_string()))),
        Err(error) => Err(error.into()),
        Ok((name, bytes, mapping)) => {
            let how = How { mapping, ..how };
            let kept =
                pages.waiting.keep(pages.register.hub(), &caller.actor.0, name, bytes, how.clone()).await?;
            match kept {
                Some(token) => Ok(Redirect::to(&place(&token)).into_response()),
                None => Ok(form(&visit, how, Some(visit.t("import-too-large")))),
            }
        }
    }
}

/// `GET /identities/import/{token}`: what the file would do.
pub(super) async fn preview(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    Named(token): Named<String>,
) -> Result<Response, Problem> {
    let Some(file) = staged(&pages, &caller, &token).await? else { return Ok(gone(&visit)) };
    let told = match open(&file).await {
        Ok(portions) => {
            let options = Options { dry_run: true, validated: false };
            let report = pages.register.import(portions, options, &caller.actor, |_| {}).await?;
            Ok(Told::new(ImportReport::new(report, true)))
        }
        Err(error @ (Error::BadFile(_) | Error::BadMapping(_))) => Err(error.to_string()),
        Err(error) => return Err(error.into()),
    };
    let status = if told.is_ok() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let content = Preview {
        v: &visit,
        name: file.name.clone().unwrap_or_default(),
        file,
        formats: Format::ALL.map(Format::as_str),
        encodings: Encoding::ALL.map(Encoding::as_str),
        told,
    };
    Ok(visit.page(visit.t("import-preview")).status(status).show(&content))
}

/// `POST /identities/import/{token}/how`: the same file, read otherwise.
pub(super) async fn read_as(
    Extract(pages): Extract<Pages>,
    May { caller, .. }: May<Operate>,
    Named(token): Named<String>,
    given: Form,
) -> Result<Response, Problem> {
    let how = read_how(|name| given.get(name).map(str::to_owned))?;
    let how = How { mapping: given.raw("mapping").unwrap_or_default().to_owned(), ..how };
    pages.waiting.read_as(pages.register.hub(), &caller.actor.0, &token, how).await?;
    Ok(Redirect::to(&place(&token)).into_response())
}

/// `POST /identities/import/{token}`: imports that file.
pub(super) async fn import(
    Extract(pages): Extract<Pages>,
    visit: Visit,
    May { caller, .. }: May<Operate>,
    Named(token): Named<String>,
    given: Form,
) -> Result<Response, Problem> {
    let Some(file) = staged(&pages, &caller, &token).await? else { return Ok(gone(&visit)) };
    let portions = match open(&file).await {
        // The page says what is wrong with it.
        Err(Error::BadFile(_) | Error::BadMapping(_)) => {
            return Ok(Redirect::to(&place(&token)).into_response());
        }
        portions => portions?,
    };
    let validated = given.is_ticked("validated");
    let options = Options { dry_run: false, validated };
    let (register, actor) = (pages.register.clone(), caller.actor.clone());
    // It goes on to the end, also when the browser goes away in the middle.
    let work = tokio::spawn(async move { register.import(portions, options, &actor, |_| {}).await });
    let report = work.await.map_err(|error| Problem::bug(&error))??;
    // What broke off before this is done again with the same button.
    pages.waiting.drop(pages.register.hub(), &caller.actor.0, &token).await;
    let content = Done { v: &visit, told: Told::new(ImportReport::new(report, false)), validated };
    Ok(visit.page(visit.t("identities-imported")).show(&content))
}

fn place(token: &str) -> String {
    format!("/identities/import/{token}")
}

async fn staged(pages: &Pages, caller: &Caller, token: &str) -> Result<Option<Staged>, Error> {
    pages.waiting.get(pages.register.hub(), &caller.actor.0, token).await
}

async fn open(file: &Staged) -> Result<Portions, Error> {
    let How { format, encoding, mapping } = &file.how;
    let format = format_of(format.map(Format::as_str), file.name.as_deref())?;
    let mapping = Mapping::parse(mapping)?;
    let bytes = std::sync::Arc::clone(&file.bytes);
    Portions::open(File { bytes, format, encoding: *encoding, mapping, memory: None }).await
}

/// The choices of a form, but for the mapping.
fn read_how(field: impl Fn(&str) -> Option<String>) -> Result<How, Problem> {
    let format = field("format").map(|word| format_of(Some(&word), None)).transpose()?;
    Ok(How { format, encoding: encoding(field("encoding").as_deref())?, mapping: String::new() })
}

/// The form again: the file does not wait any more.
fn gone(visit: &Visit) -> Response {
    form(visit, How::default(), Some(visit.t("import-gone")))
}

fn form(visit: &Visit, how: How, fault: Option<String>) -> Response {
    let status = if fault.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let content = Ask {
        v: visit,
        formats: Format::ALL.map(Format::as_str),
        encodings: Encoding::ALL.map(Encoding::as_str),
        how,
        fault,
    };
    visit.page(visit.t("identities-import")).status(status).show(&content)
}
