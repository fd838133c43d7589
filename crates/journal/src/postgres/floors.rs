//! How far lines are known to be empty. Rows of ended jobs that nobody may vacuum yet, since somebody holds an old snapshot, still
//! lie in the index by which the first of a line is found: whoever begins behind them need not walk over them each time.

use std::collections::HashMap;

use model::Subject;

use super::page::Page;
use super::shard;

/// So many subjects are remembered that were seen last, and at most twice as many.
const SUBJECTS: usize = 32_768;

/// Behind which number the first job of a line stands, or will: subjects of our own shards, as of our last commit.
#[derive(Clone, Default)]
pub(super) struct Floors {
    seen: HashMap<String, i64>,
    before: HashMap<String, i64>,
}

impl Floors {
    /// Nobody in the line of this subject has this number or a lower one.
    pub(super) fn of(&self, subject: &str) -> i64 {
        self.seen.get(subject).or_else(|| self.before.get(subject)).copied().unwrap_or(i64::MIN)
    }

    /// Takes in what a batch has found, once it is committed.
    pub(super) fn learn(&mut self, found: Vec<(String, i64)>) {
        for (subject, behind) in found {
            if self.seen.len() >= SUBJECTS {
                self.before = std::mem::take(&mut self.seen);
            }
            self.seen.insert(subject, behind);
        }
    }
}

/// What the page says of lines whose beginning it knows.
pub(super) fn found(page: &Page) -> Vec<(String, i64)> {
    let ours = page.lines.iter().filter(|(subject, _)| page.owned.has(shard::of_subject(subject)));
    let mut empty: HashMap<&str, i64> = HashMap::new();
    let mut found = Vec::new();
    for (subject, line) in ours {
        match line.known.keys().next() {
            Some(first) if *first <= line.horizon => found.push((subject.clone(), first - 1)),
            None if line.horizon == i64::MAX => {
                empty.insert(subject, i64::MIN);
            }
            _ => {}
        }
    }
    for row in page.jobs.rows().filter(|row| row.placed && !row.is_live()) {
        if let Some(behind) =
            row.job.subject.as_ref().map(Subject::as_str).and_then(|subject| empty.get_mut(subject))
        {
            *behind = row.job.seq.0.max(*behind);
        }
    }
    found.extend(
        empty
            .into_iter()
            .filter(|(_, behind)| *behind > i64::MIN)
            .map(|(subject, behind)| (subject.to_owned(), behind)),
    );
    found
}
