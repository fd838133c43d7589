//! Identities as a stream of lines or rows, however many.

use crate::ReadIdentities;
use api::dto::{ExportFormat, Time};
use api::{NDJSON, ndjson};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use http::{May, Params, Problem};
use model::word::code;
use serde_json::{Value, json};

use super::dto::damaged;
use super::{Api, Filter};
use crate::document::person;
use crate::error::Error;
use crate::identity::Identity;
use crate::register::Broken;

/// The members of `inetOrgPerson` that are columns.
const PERSON: [&str; 8] =
    ["uid", "cn", "sn", "givenName", "displayName", "mail", "employeeNumber", "employeeType"];

/// `GET /identities/export`: whole documents as NDJSON, or the most important members as CSV. Both can be imported again.
#[utoipa::path(
    get,
    path = "/identities/export",
    tag = "identities",
    operation_id = "identities_export",
    params(Filter, ("format" = Option<String>, Query, description = "`ndjson` or `csv`")),
    responses((status = 200, description = "Done", body = Value, content_type = "application/x-ndjson")),
    security(("token" = ["identities:read"]), ("token" = ["operate"])),
)]
pub(super) async fn export(
    State(api): State<Api>,
    _: May<ReadIdentities>,
    mut params: Params,
) -> Result<Response, Problem> {
    let filter = Filter::read(&mut params)?;
    let format = params.value("format", "ndjson or csv")?.unwrap_or(ExportFormat::Ndjson);
    params.finish()?;
    let rows = api.register.pages(filter.into()).map_ok(|page| {
        let damaged = page.damaged.into_iter().map(Err);
        stream::iter(page.identities.into_iter().map(Ok).chain(damaged).map(Ok))
    });
    let rows = rows.try_flatten();
    Ok(match format {
        ExportFormat::Ndjson => named(ndjson(rows.map(line)), NDJSON, "identities.ndjson"),
        ExportFormat::Csv => table(rows),
    })
}

/// An identity, or one that cannot be read; an error ends the export.
type Row = Result<Result<Identity, Broken>, Error>;

fn line(row: Row) -> Value {
    match row {
        Ok(Ok(identity)) => identity.document(identity.state.number()),
        // The others follow.
        Ok(Err(broken)) => json!({ "damaged": damaged(broken) }),
        // The reader sees that the export is not whole.
        Err(error) => json!({ "broken": Problem::from(error) }),
    }
}

fn table(rows: impl Stream<Item = Row> + Send + 'static) -> Response {
    let heading = ["_id", "state"].into_iter().chain(PERSON).chain(["lastBackendSync"]);
    let heading = row(heading.map(str::to_owned));
    let rows = stream::once(std::future::ready(heading)).chain(rows.map(|found| {
        let identity = match found.map_err(|error| csv::Error::from(std::io::Error::other(error)))? {
            Ok(identity) => identity,
            Err(Broken { id, .. }) => {
                let empty = std::iter::repeat_n(String::new(), PERSON.len() + 1);
                return row([id, code::DAMAGED.to_string()].into_iter().chain(empty));
            }
        };
        let synchronised = identity.kept.synchronised_at.map(|at| Time(at).to_string());
        let person = PERSON.map(|name| harmless(person(&identity.kept.document, name).unwrap_or_default()));
        let first = [identity.id, identity.state.as_str().to_owned()];
        row(first.into_iter().chain(person).chain([synchronised.unwrap_or_default()]))
    }));
    named(
        Body::from_stream(rows).into_response(),
        "text/csv; charset=utf-8; header=present",
        "identities.csv",
    )
}

fn named(mut response: Response, kind: &'static str, file: &str) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(disposition) = HeaderValue::try_from(format!("attachment; filename=\"{file}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

fn row(cells: impl Iterator<Item = String>) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// A text that a spreadsheet does not take for a formula. An import takes the `'` away again.
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}
