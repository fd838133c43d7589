//! What a database has committed, in the order in which it did, whatever anybody was told: read from its log by logical decoding.

use std::collections::{BTreeMap, BTreeSet};

use model::JobId;
use uuid::Uuid;

use super::database::sql;
use super::number;

/// Begins to listen. The server has `wal_level = logical`.
pub fn listen(url: &str) {
    sql(url, "SELECT pg_create_logical_replication_slot('judge', 'test_decoding')");
}

/// What was committed since, checked on the way: nobody writes without its pen or behind its burial, nothing is written twice, and
/// of a subject one job runs at a time.
#[derive(Default)]
pub struct Story {
    lives: BTreeMap<i64, Life>,
    events: BTreeMap<i64, i64>,
    jobs: BTreeMap<u64, Job>,
    running: BTreeMap<String, u64>,
    /// Jobs in the order of their first starts.
    pub begun: Vec<u64>,
    /// Attempts, each with its job.
    pub attempts: BTreeSet<(u64, u32)>,
    /// So many lives were ended by others.
    pub buried: usize,
    /// So many batches were written.
    pub batches: usize,
}

#[derive(Clone, Copy, Debug)]
struct Life {
    epoch: i64,
    batch: i64,
    over: bool,
}

#[derive(Debug)]
struct Job {
    subject: String,
    attempt: u32,
    ended: bool,
}

/// A row that was written, as the plug-in `test_decoding` shows it.
#[derive(Debug)]
struct Row {
    table: String,
    what: String,
    text: String,
}

impl Row {
    fn of(line: &str) -> Option<Row> {
        let (table, rest) = line.strip_prefix("table ")?.split_once(": ")?;
        let (what, text) = rest.split_once(": ")?;
        let table = table.rsplit('.').next()?.to_owned();
        Some(Row { table, what: what.to_owned(), text: format!(" {text} ") })
    }

    /// A column; `None` = it is null, or not told.
    fn text(&self, column: &str) -> Option<&str> {
        let (_, rest) = self.text.split_once(&format!(" {column}["))?;
        let (_, value) = rest.split_once("]:")?;
        match value.strip_prefix('\'') {
            Some(quoted) => quoted.split('\'').next(),
            None => value.split(' ').next().filter(|value| *value != "null"),
        }
    }

    fn number(&self, column: &str) -> i64 {
        self.text(column).unwrap().parse().unwrap()
    }

    fn job(&self) -> u64 {
        number(JobId(Uuid::parse_str(self.text("id").unwrap()).unwrap()))
    }
}

impl Story {
    /// All that was committed since somebody listens.
    pub fn read(url: &str) -> Self {
        let lines = sql(
            url,
            "SELECT data FROM pg_logical_slot_get_changes('judge', NULL, NULL)
             WHERE data LIKE 'BEGIN%' OR data LIKE 'table %.pen: %' OR data LIKE 'table %.live: %'
                OR data LIKE 'table %.done: %' OR data LIKE 'table %.event: %'",
        );
        let (mut story, mut rows) = (Story::default(), Vec::new());
        for line in &lines {
            match Row::of(line) {
                Some(row) => rows.push(row),
                None => story.follow(std::mem::take(&mut rows)),
            }
        }
        story.follow(rows);
        story
    }

    /// So many jobs have ended.
    pub fn ended(&self) -> BTreeSet<u64> {
        self.jobs.iter().filter(|(_, job)| job.ended).map(|(number, _)| *number).collect()
    }

    pub fn jobs(&self) -> BTreeSet<u64> {
        self.jobs.keys().copied().collect()
    }

    fn follow(&mut self, rows: Vec<Row>) {
        let (pens, written): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|row| row.table == "pen");
        let steps: BTreeSet<i64> =
            pens.iter().filter(|pen| self.steps(pen)).map(|pen| pen.number("node")).collect();
        if !written.is_empty() {
            assert_eq!(steps.len(), 1, "written without the pen of one: {pens:?} {written:?}");
            self.batches += 1;
        }
        for pen in &pens {
            self.pass(pen);
        }
        for row in &written {
            match (&*row.table, &*row.what) {
                ("event", "INSERT") => {
                    let (origin, seq) = (row.number("origin"), row.number("seq"));
                    assert!(steps.contains(&origin), "written by somebody else: {row:?}");
                    let last = self.events.insert(origin, seq).unwrap_or(0);
                    assert_eq!(seq, last + 1, "events of {origin}, in their order, each once");
                }
                ("live", "INSERT") => {
                    let subject = row.text("subject").unwrap().to_owned();
                    let new = Job { subject, attempt: 0, ended: false };
                    assert!(self.jobs.insert(row.job(), new).is_none(), "twice: {row:?}");
                }
                ("live", "UPDATE") => self.moves(row),
                ("done", "INSERT") => {
                    let (number, job) = (row.job(), self.jobs.get_mut(&row.job()).unwrap());
                    assert!(!std::mem::replace(&mut job.ended, true), "it ends twice: {row:?}");
                    let left = self.running.remove(&job.subject);
                    assert!(left.is_none_or(|left| left == number), "{left:?} runs as {number} ends");
                }
                _ => {}
            }
        }
    }

    /// Whether it is a batch of a life that is not over, and the next one.
    fn steps(&self, pen: &Row) -> bool {
        let before = self.lives.get(&pen.number("node"));
        before.is_some_and(|before| {
            !before.over && pen.number("epoch") == before.epoch && pen.number("batch") == before.batch + 1
        })
    }

    /// What becomes of a life.
    fn pass(&mut self, pen: &Row) {
        let node = pen.number("node");
        let (epoch, batch) = (pen.number("epoch"), pen.number("batch"));
        let life = Life { epoch, batch, over: pen.text("over") == Some("true") };
        if let Some(before) = self.lives.insert(node, life) {
            assert!(!before.over, "{node} writes behind its burial: {before:?}, {life:?}");
            assert!(epoch >= before.epoch && batch >= before.batch, "{node} goes back: {before:?}, {life:?}");
            self.buried += usize::from(life.over && epoch > before.epoch);
        }
    }

    fn moves(&mut self, row: &Row) {
        let (number, job) = (row.job(), self.jobs.get_mut(&row.job()).unwrap());
        if row.number("state") != 1 {
            if self.running.get(&job.subject) == Some(&number) {
                self.running.remove(&job.subject);
            }
            return;
        }
        let other = self.running.insert(job.subject.clone(), number);
        assert!(other.is_none_or(|other| other == number), "{other:?} and {number} run at once");
        let attempt = u32::try_from(row.number("open_number")).unwrap();
        if attempt != job.attempt {
            assert_eq!(attempt, job.attempt + 1, "of {number}");
            if attempt == 1 {
                self.begun.push(number);
            }
            job.attempt = attempt;
            self.attempts.insert((number, attempt));
        }
    }
}
