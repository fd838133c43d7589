//! Jobs as CSV, for spreadsheets.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::{Stream, StreamExt as _, stream};

use crate::dto::{Damaged, Exported, Job};

const COLUMNS: [&str; 17] = [
    "id",
    "accepted_at",
    "state",
    "action",
    "subject",
    "name",
    "source",
    "external_id",
    "class",
    "status",
    "code",
    "message",
    "due_at",
    "deadline",
    "started_at",
    "ended_at",
    "replay_of",
];

/// A response of one row for each job, sent as they come.
pub(super) fn response(jobs: impl Stream<Item = Exported> + Send + 'static) -> Response {
    let heading = stream::once(async { row(COLUMNS.map(str::to_owned)) });
    let rows = heading.chain(jobs.map(|exported| match exported {
        Exported::Job { job, .. } => row(cells(*job)),
        Exported::Damaged { damaged } => row(unreadable(&damaged)),
        // The reader sees that the table is not whole.
        Exported::Broken { problem } => {
            Err(csv::Error::from(std::io::Error::other(problem.detail.into_string())))
        }
    }));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"jobs.csv\"")),
    ];
    (headers, Body::from_stream(rows)).into_response()
}

fn cells(job: Job) -> [String; COLUMNS.len()] {
    let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let time = |at: Option<crate::dto::Time>| at.map(|at| at.to_string()).unwrap_or_default();
    [
        job.id.to_string(),
        job.accepted_at.to_string(),
        job.state.as_str().to_owned(),
        harmless(job.action),
        harmless(job.subject.map(|subject| subject.to_string()).unwrap_or_default()),
        harmless(job.name.unwrap_or_default()),
        harmless(job.source),
        harmless(job.external_id.unwrap_or_default()),
        serde_json::to_value(job.class).map(word).unwrap_or_default(),
        job.status.to_string(),
        job.code.map(|code| code.to_string()).unwrap_or_default(),
        harmless(job.message.unwrap_or_default()),
        job.due_at.to_string(),
        time(job.deadline),
        time(job.started_at),
        time(job.ended_at),
        job.replay_of.map(|job| job.to_string()).unwrap_or_default(),
    ]
}

/// A text that a spreadsheet does not take for a formula: whoever submits requests writes into these cells.
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

/// The row of a job that cannot be read: its state says so, and its message which.
fn unreadable(damaged: &Damaged) -> [String; COLUMNS.len()] {
    let mut cells = COLUMNS.map(|_| String::new());
    for (cell, column) in cells.iter_mut().zip(COLUMNS) {
        match column {
            "state" => "damaged".clone_into(cell),
            "message" => *cell = harmless(format!("{}: {}", damaged.what, damaged.why)),
            _ => {}
        }
    }
    cells
}

fn row(cells: [String; COLUMNS.len()]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells)?;
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_quotes_are_doubled() {
        assert_eq!(harmless("=HYPERLINK(1)".to_owned()), "'=HYPERLINK(1)");
        assert_eq!(harmless("identity:x".to_owned()), "identity:x");
        let mut cells = COLUMNS.map(|_| String::new());
        cells[11] = "no \"group\", line\nbreak".to_owned();
        let line = String::from_utf8(row(cells).unwrap()).unwrap();
        assert!(line.contains("\"no \"\"group\"\", line\nbreak\""), "{line}");
    }
}
