//! The judge of a crash test, outside of the hub: it compares what the scripts saw and what the submitters were
//! promised with what the journal says in the end.
//!
//! Every attempt of a script appends `job step attempt start` and `job step attempt end` to one file ([`script`]);
//! every submitter keeps the ids that were acknowledged; the journal is read when all is over.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::path::Path;
use std::str::FromStr;

/// One execution of one step, as the script that ran it saw itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Run {
    /// The job's id.
    pub job: String,
    /// The step's place, from 0.
    pub step: u16,
    /// The attempt's number, from 1.
    pub attempt: u32,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job {} step {} attempt {}", self.job, self.step, self.attempt)
    }
}

/// Which end of a run a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The script began.
    Start,
    /// The script is about to exit, with its answer given.
    End,
}

/// A line of the file that the scripts write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The run.
    pub run: Run,
    /// Its begin or its end.
    pub edge: Edge,
}

/// A line that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not `job step attempt start|end`")]
pub struct BadLine(String);

impl FromStr for Line {
    type Err = BadLine;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let [job, step, attempt, edge] =
                <[&str; 4]>::try_from(text.split(' ').collect::<Vec<_>>()).ok()?;
            let edge = match edge {
                "start" => Edge::Start,
                "end" => Edge::End,
                _ => return None,
            };
            let run = Run { job: job.to_owned(), step: step.parse().ok()?, attempt: attempt.parse().ok()? };
            Some(Line { run, edge })
        };
        parse().ok_or_else(|| BadLine(text.to_owned()))
    }
}

/// Reads the file that the scripts wrote. Each line is one write, so that there is no half line.
pub fn read(text: &str) -> Result<Vec<Line>, BadLine> {
    text.lines().map(str::parse).collect()
}

/// A shell script that tells `log` of its begin and end, and runs `work` in between. `work` may read `$JOB`, `$STEP`
/// and `$ATTEMPT`; it sets `status` when the script shall fail, and answers on standard output.
pub fn script(log: &Path, work: &str) -> String {
    let log = log.display();
    format!(
        "#!/bin/sh\n\
         IFS=/ read -r JOURNAL JOB STEP ATTEMPT <<END\n$INTENDANT_RUN\nEND\n\
         status=0\n\
         echo \"$JOB $STEP $ATTEMPT start\" >> '{log}'\n\
         {work}\n\
         echo \"$JOB $STEP $ATTEMPT end\" >> '{log}'\n\
         exit $status\n"
    )
}

/// A step as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepView {
    /// Its place.
    pub index: u16,
    /// Whether it has ended for good: succeeded, failed or skipped.
    pub ended: bool,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// The numbers of its attempts, each with whether its end is recorded.
    pub attempts: Vec<(u32, bool)>,
}

/// A job as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobView {
    /// Its id.
    pub id: String,
    /// Its place in the order.
    pub seq: i64,
    /// What it is about.
    pub subject: Option<String>,
    /// Whether it has ended.
    pub ended: bool,
    /// Its steps.
    pub steps: Vec<StepView>,
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Violation {
    /// A request was acknowledged and is not in the journal.
    #[error("job {0} was acknowledged, and the journal does not know it")]
    Lost(String),
    /// The queue is empty and a job has not ended.
    #[error("job {0} never ended")]
    Unfinished(String),
    /// A script ran, and the journal knows nothing of that attempt: it was not recorded before the start.
    #[error("{0} ran, and the journal does not know it")]
    Unrecorded(Run),
    /// An attempt's number came twice.
    #[error("{0} was started twice")]
    Repeated(Run),
    /// An attempt was started after one of the same step with a higher number, or with the same.
    #[error("{run} was started after attempt {after}")]
    Backwards {
        /// The later start.
        run: Run,
        /// The number before it.
        after: u32,
    },
    /// A step was started again after the journal had recorded its end.
    #[error("{run} was started although the step is recorded as ended with attempt {ended}")]
    RanAgain {
        /// The start that should not have been.
        run: Run,
        /// The attempt with which the step ended.
        ended: u32,
    },
    /// A step counts as succeeded, and its last attempt never came to its end.
    #[error("{0} is recorded as a success, and the script never reached its end")]
    Invented(Run),
    /// A job of a subject ran after a later one of that subject.
    #[error("{run} ran after the later job {later} of subject {subject}")]
    Order {
        /// What ran too late.
        run: Run,
        /// The job it should have preceded.
        later: String,
        /// Their subject.
        subject: String,
    },
    /// Two attempts for one subject were alive at the same time.
    #[error("{run} was still alive when {other} had started, both for subject {subject}")]
    Overlap {
        /// The one that should have been gone.
        run: Run,
        /// The one that started meanwhile.
        other: Run,
        /// Their subject.
        subject: String,
    },
}

/// Compares the three testimonies. `acknowledged` are job ids; `drained` says that the hub was given the time to
/// finish everything.
pub fn verify(lines: &[Line], acknowledged: &[String], journal: &[JobView], drained: bool) -> Vec<Violation> {
    let jobs: HashMap<&str, &JobView> = journal.iter().map(|job| (job.id.as_str(), job)).collect();
    let mut violations = promises(acknowledged, journal, &jobs, drained);
    violations.extend(numbers(lines, &jobs));
    violations.extend(ends(lines, journal));
    violations.extend(subjects(lines, &jobs));
    violations
}

/// What was acknowledged is there and has ended.
fn promises(
    acknowledged: &[String],
    journal: &[JobView],
    jobs: &HashMap<&str, &JobView>,
    drained: bool,
) -> Vec<Violation> {
    let lost = acknowledged.iter().filter(|id| !jobs.contains_key(id.as_str())).cloned().map(Violation::Lost);
    let live = journal.iter().filter(|job| drained && !job.ended);
    lost.chain(live.map(|job| Violation::Unfinished(job.id.clone()))).collect()
}

/// Each attempt is recorded before it starts, starts once, and has a higher number than those before it.
fn numbers(lines: &[Line], jobs: &HashMap<&str, &JobView>) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut started = BTreeSet::new();
    let mut last: HashMap<(&str, u16), u32> = HashMap::new();
    for run in starts(lines) {
        let recorded = step(jobs, run).is_some_and(|s| s.attempts.iter().any(|(n, _)| *n == run.attempt));
        if !recorded {
            violations.push(Violation::Unrecorded(run.clone()));
        }
        if !started.insert(run) {
            violations.push(Violation::Repeated(run.clone()));
            continue;
        }
        let before = last.insert((&run.job, run.step), run.attempt).unwrap_or(0);
        if before >= run.attempt {
            violations.push(Violation::Backwards { run: run.clone(), after: before });
        }
    }
    violations
}

/// A step that ended is not run again, and a recorded success is a run that reached its end.
fn ends(lines: &[Line], journal: &[JobView]) -> Vec<Violation> {
    let reached: BTreeSet<&Run> = lines.iter().filter(|l| l.edge == Edge::End).map(|l| &l.run).collect();
    let mut runs_of: HashMap<(&str, u16), Vec<&Run>> = HashMap::new();
    for run in starts(lines) {
        runs_of.entry((&run.job, run.step)).or_default().push(run);
    }
    let mut violations = Vec::new();
    for job in journal {
        for step in job.steps.iter().filter(|step| step.ended) {
            let recorded = step.attempts.iter().filter(|(_, ended)| *ended).map(|(number, _)| *number);
            let last = Run { job: job.id.clone(), step: step.index, attempt: recorded.max().unwrap_or(0) };
            let runs = runs_of.get(&(job.id.as_str(), step.index)).into_iter().flatten();
            for run in runs.filter(|run| run.attempt > last.attempt) {
                violations.push(Violation::RanAgain { run: (*run).clone(), ended: last.attempt });
            }
            if step.succeeded && !reached.contains(&last) {
                violations.push(Violation::Invented(last));
            }
        }
    }
    violations
}

/// The jobs of a subject run one after the other, in the order of the journal.
fn subjects(lines: &[Line], jobs: &HashMap<&str, &JobView>) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut alive: HashMap<&str, &Run> = HashMap::new();
    let mut newest: HashMap<&str, &JobView> = HashMap::new();
    for line in lines {
        let run = &line.run;
        let Some(job) = jobs.get(run.job.as_str()) else { continue };
        let Some(subject) = job.subject.as_deref() else { continue };
        match line.edge {
            Edge::Start => {
                // One without an end was killed: it must write no more.
                alive.insert(subject, run);
                let later = newest.get(subject).filter(|newest| newest.seq > job.seq);
                if let Some(later) = later {
                    let (later, subject) = (later.id.clone(), subject.to_owned());
                    violations.push(Violation::Order { run: run.clone(), later, subject });
                } else {
                    newest.insert(subject, job);
                }
            }
            Edge::End => {
                if let Some(other) = alive.get(subject).filter(|alive| **alive != run) {
                    let (other, subject) = ((*other).clone(), subject.to_owned());
                    violations.push(Violation::Overlap { run: run.clone(), other, subject });
                }
            }
        }
    }
    violations
}

fn starts(lines: &[Line]) -> impl Iterator<Item = &Run> {
    lines.iter().filter(|line| line.edge == Edge::Start).map(|line| &line.run)
}

fn step<'a>(jobs: &HashMap<&str, &'a JobView>, run: &Run) -> Option<&'a StepView> {
    jobs.get(run.job.as_str())?.steps.iter().find(|step| step.index == run.step)
}

#[cfg(test)]
mod tests;
