//! `intendant google diff`: what is typed, and what is shown of it.

use anyhow::{Result, anyhow};
use api::client::Submission;
use clap::Args;
use model::{JobId, JobState};
use module::Desk;
use module::exit::Exit;
use module::terminal::{Align, Cell, Table};
use serde_json::json;

use crate::diff::{Found, Report, Situation};
use crate::request::DIFF;

/// `intendant google diff`.
#[derive(Args, Debug)]
pub(super) struct Diff {
    /// List accounts in these situations only, one by one or with commas between
    #[arg(long, value_name = "SITUATION", value_delimiter = ',', value_parser = Situation::ALL.map(Situation::as_str))]
    situation: Vec<String>,
    /// Show what this comparison came to, instead of comparing anew; waits for one that is under way
    #[arg(long, value_name = "JOB", conflicts_with = "situation")]
    job: Option<JobId>,
    /// Show the result as JSON
    #[arg(long)]
    json: bool,
}

/// How long the hub is asked to wait with its answer, in seconds; then it is asked again.
const WAIT: u32 = 3600;

/// Has the hub compare all accounts, and shows those that are not the same. Ends with 1 when there are some.
pub(super) async fn run(diff: Diff, desk: &dyn Desk) -> Result<Exit> {
    let screen = desk.screen();
    let job = match diff.job {
        Some(job) => job,
        None => begun(&diff.situation, desk).await?,
    };
    if diff.job.is_none() {
        screen.remark(format!("job {job} compares; `intendant google diff --job {job}` shows it later, too"));
    }
    let report = come_to(job, desk).await?;
    if diff.json {
        screen.json(&report)?;
    } else {
        screen.table(&table(&report))?;
        screen.line(report.summary())?;
        for (count, what) in [
            (report.not_listed, "accounts are not listed: choose some with --situation"),
            (report.listing_was_short_of, "accounts are there that Google's listing lacked"),
            (report.referential_was_short_of, "accounts are there that GrAM's listing lacked"),
        ] {
            if count > 0 {
                screen.line(format!("{count} {what}"))?;
            }
        }
    }
    Ok(Exit::of(report.is_same()))
}

async fn begun(situations: &[String], desk: &dyn Desk) -> Result<JobId> {
    let payload = if situations.is_empty() { json!({}) } else { json!({ "situations": situations }) };
    let document = json!({ "action": DIFF, "payload": payload }).to_string();
    let submitted = desk.client()?.submit(document, &Submission::default()).await?;
    submitted.job.ok_or_else(|| {
        anyhow!("nothing compares: `google` and `google.gram` are not configured, or the backend google is not active")
    })
}

async fn come_to(job: JobId, desk: &dyn Desk) -> Result<Report> {
    let client = desk.client()?;
    loop {
        let waited = client.wait(job, WAIT).await.map_err(|error| {
            anyhow!(error).context(format!("job {job} goes on: `intendant google diff --job {job}` shows it"))
        })?;
        match waited.job.state {
            state if !state.is_terminal() => {}
            JobState::Succeeded => {
                let report = waited.result.as_ref().and_then(Report::find);
                return report.ok_or_else(|| anyhow!("job {job} compared no accounts"));
            }
            state => {
                let state = state.as_str();
                return Err(anyhow!("job {job}: {state}; `intendant jobs show {job}` says why"));
            }
        }
    }
}

fn table(report: &Report) -> Table {
    let headings = ["SITUATION", "ACCOUNT", "GOOGLE ID", "ADDRESS", "WHAT DIFFERS"];
    let mut table = Table::new(headings.map(|heading| (heading, Align::Left)));
    for found in &report.accounts {
        let Found { situation, uuid, google_id, primary_email, .. } = found;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let cells =
            [situation.as_str().to_owned(), text(uuid), text(google_id), text(primary_email), found.words()];
        table.row(cells.map(Cell::from));
    }
    table
}

#[cfg(test)]
mod tests {
    use module::terminal::Look;

    use super::*;

    #[test]
    fn a_table_says_of_each_account_what_the_document_says() {
        let report: Report = serde_json::from_value(json!({
            "counts": { "differs": 1, "same": 2 },
            "accounts": [{
                "situation": "differs", "uuid": "u", "google_id": "1", "primary_email": "a@x.org",
                "fields": [{ "name": "suspended", "ours": "false", "theirs": "true", "why": "changed_at_google" }],
            }],
        }))
        .unwrap();
        let lines = table(&report).lines(&Look::plain(200)).join("\n");
        for word in ["differs", "a@x.org", "suspended: \"false\" here, \"true\" there (changed_at_google)"] {
            assert!(lines.contains(word), "{word} is missing: {lines}");
        }
        assert_eq!(report.summary(), "2 same, 1 differs");
        assert!(!report.is_same());
    }
}
