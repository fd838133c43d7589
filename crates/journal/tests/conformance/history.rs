//! Random histories against a model so simple that it is right: lists of jobs.

use std::collections::BTreeMap;

use intendant_journal::{
    Acceptance, Change, EffectSet, Error, Expect, Filter, Journal, NewJob, Order, Page, Retention, Whose,
};
use jiff::Timestamp;
use model::{Class, JobState, OutcomeKind};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use crate::support::*;

/// Something that happens. Jobs are named by their place among those accepted.
#[derive(Clone, Debug)]
enum Happening {
    Accept {
        subject: Option<u8>,
        urgent: bool,
        external: Option<u8>,
    },
    Start(Index),
    /// Well, or not.
    End(Index, bool),
    Retry(Index),
    Interrupt(Index),
    Cancel(Index),
    Prune {
        keep: u8,
    },
    Reopen,
}

fn happening() -> impl Strategy<Value = Happening> {
    let any_job = any::<Index>;
    prop_oneof![
        8 => (prop::option::weighted(0.8, 0..3_u8), any::<bool>(), prop::option::weighted(0.3, 0..6_u8))
            .prop_map(|(subject, urgent, external)| Happening::Accept { subject, urgent, external }),
        8 => any_job().prop_map(Happening::Start),
        5 => (any_job(), any::<bool>()).prop_map(|(job, well)| Happening::End(job, well)),
        3 => any_job().prop_map(Happening::Retry),
        1 => any_job().prop_map(Happening::Interrupt),
        2 => any_job().prop_map(Happening::Cancel),
        1 => (0..4_u8).prop_map(|keep| Happening::Prune { keep }),
        1 => Just(Happening::Reopen),
    ]
}

/// A job of the model.
#[derive(Clone, Debug)]
struct Modelled {
    number: u64,
    subject: Option<u8>,
    urgent: bool,
    external: Option<u8>,
    state: JobState,
    attempts: u32,
    /// Its attempt was begun since the journal was opened.
    ours: bool,
}

impl Modelled {
    fn new_job(&self) -> NewJob {
        let plain = match self.subject {
            Some(subject) => job_of(&subject.to_string(), self.number),
            None => job(self.number),
        };
        let class = if self.urgent { Class::Interactive } else { Class::Bulk };
        let named = NewJob { class, ..plain };
        match self.external {
            // What is asked under the same id is the same when the subject is.
            Some(external) => {
                known_as(&external.to_string(), format!("{:?}", self.subject).as_bytes(), named)
            }
            None => named,
        }
    }
}

#[derive(Default)]
struct Model {
    /// Accepted and not pruned, in order.
    jobs: Vec<Modelled>,
    /// The first use of each external id: job and subject.
    externals: BTreeMap<u8, (u64, Option<u8>)>,
    last: u64,
    now: i64,
}

impl Model {
    fn is_head(&self, job: &Modelled) -> bool {
        let mut before = self.jobs.iter().take_while(|other| other.number != job.number);
        let first = before.all(|other| other.subject != job.subject || other.state.is_terminal());
        !job.state.is_terminal() && (job.subject.is_none() || first)
    }

    /// What accepting it has to answer, as a word.
    fn accept(&mut self, job: Modelled) -> String {
        if let Some((first, subject)) = job.external.and_then(|external| self.externals.get(&external)) {
            let kept = self.jobs.iter().any(|other| other.number == *first);
            return if *subject == job.subject {
                format!("known {first} {kept}")
            } else {
                format!("reused {first}")
            };
        }
        if let Some(external) = job.external {
            self.externals.insert(external, (job.number, job.subject));
        }
        if job.urgent && job.subject.is_some() {
            for other in self.jobs.iter_mut().filter(|o| o.subject == job.subject && !o.state.is_terminal()) {
                other.urgent = true;
            }
        }
        self.jobs.push(job);
        "new".to_owned()
    }

    /// Moves a job if it is in one of these states (and head); says which job it was and whether it moved.
    fn shift(
        &mut self,
        place: Index,
        from: &[JobState],
        heads_only: bool,
        to: JobState,
    ) -> Option<(Modelled, bool)> {
        if self.jobs.is_empty() {
            return None;
        }
        let place = place.index(self.jobs.len());
        let was = self.jobs[place].clone();
        // What was begun before the journal was opened is only taken back.
        let led = was.state != JobState::Running || was.ours || to == JobState::Queued;
        let fits = from.contains(&was.state) && (!heads_only || self.is_head(&was)) && led;
        if fits {
            let starts = to == JobState::Running;
            let job = &mut self.jobs[place];
            (job.state, job.ours) = (to, starts);
            job.attempts += u32::from(starts);
        }
        Some((was, fits))
    }

    fn prune(&mut self, keep: u64) -> u64 {
        let ended = self.jobs.iter().filter(|job| job.state.is_terminal()).count() as u64;
        let mut excess = ended.saturating_sub(keep);
        let removed = excess;
        self.jobs.retain(|job| {
            let goes = job.state.is_terminal() && excess > 0;
            excess -= u64::from(goes);
            !goes
        });
        removed
    }
}

pub async fn any_history_is_told_rightly(bed: &dyn Bed) {
    let bed = bed.another();
    let handle = tokio::runtime::Handle::current();
    // The runner is not asynchronous.
    let run = move || {
        let config = Config { cases: 32, failure_persistence: None, ..Config::default() };
        TestRunner::new(config).run(&prop::collection::vec(happening(), 1..60), |history| {
            handle.block_on(replay(&*bed.another(), history));
            Ok(())
        })
    };
    tokio::task::spawn_blocking(run).await.unwrap().unwrap();
}

async fn replay(bed: &dyn Bed, history: Vec<Happening>) {
    let mut model = Model::default();
    let mut journal = bed.open().journal;
    for happening in history {
        model.now += 1_000;
        if let Happening::Reopen = happening {
            journal.close().await;
            drop(journal);
            journal = bed.open().journal;
            model.jobs.iter_mut().for_each(|job| job.ours = false);
        } else {
            happen(&mut model, &*journal, happening).await;
        }
        compare(&model, &*journal).await;
    }
    sound(&*journal).await;
    journal.close().await;
}

async fn happen(model: &mut Model, journal: &dyn Journal, happening: Happening) {
    const WAITING: [JobState; 2] = [JobState::Queued, JobState::Retrying];
    const RUNNING: [JobState; 1] = [JobState::Running];
    let now = at(model.now);
    let (moved, change): (_, fn(&Modelled, Timestamp) -> Change) = match happening {
        Happening::Accept { subject, urgent, external } => {
            model.last += 1;
            let number = model.last;
            let job = Modelled {
                number,
                subject,
                urgent,
                external,
                state: JobState::Queued,
                attempts: 0,
                ours: false,
            };
            let told = match journal.accept(job.new_job(), EffectSet::default()).await.unwrap() {
                Acceptance::New => "new".to_owned(),
                Acceptance::Known(kept, id) => format!("known {} {}", id.0.as_u128(), kept.is_some()),
                Acceptance::IdReused(id) => format!("reused {}", id.0.as_u128()),
                Acceptance::Replayed(id, _) => format!("replayed {}", id.0.as_u128()),
            };
            assert_eq!(told, model.accept(job));
            return;
        }
        Happening::Prune { keep } => {
            let keep = u64::from(keep);
            let retention = Retention { jobs_max: keep, ..everything() };
            assert_eq!(journal.prune(retention, now).await.unwrap().jobs, model.prune(keep));
            return;
        }
        Happening::Start(place) => {
            (model.shift(place, &WAITING, true, JobState::Running), |job, now| match job.attempts {
                0 => start(job.number, now),
                before => restart(job.number, before + 1, now),
            })
        }
        Happening::End(place, true) => {
            (model.shift(place, &RUNNING, true, JobState::Succeeded), |job, now| {
                settle(job.number, job.attempts, OutcomeKind::Done, now)
            })
        }
        Happening::End(place, false) => (model.shift(place, &RUNNING, true, JobState::Failed), |job, now| {
            settle(job.number, job.attempts, OutcomeKind::Hard, now)
        }),
        Happening::Retry(place) => (model.shift(place, &RUNNING, true, JobState::Retrying), |job, now| {
            retry(job.number, job.attempts, now, now)
        }),
        Happening::Interrupt(place) => (model.shift(place, &RUNNING, true, JobState::Queued), |job, now| {
            let expect = if job.ours { Expect::Running } else { Expect::Orphan };
            to(job.number, expect(0, job.attempts), JobState::Queued, now)
        }),
        Happening::Cancel(place) => (model.shift(place, &WAITING, false, JobState::Cancelled), |job, now| {
            to(job.number, Expect::Waiting, JobState::Cancelled, now)
        }),
        Happening::Reopen => return,
    };
    let Some((job, fits)) = moved else { return };
    match journal.change(change(&job, now)).await {
        Ok(()) => assert!(fits, "{job:?} was moved"),
        Err(error @ (Error::Fenced(_) | Error::NotOurs(_))) => {
            assert!(!fits, "{job:?} was not moved: {error}");
        }
        Err(error) => panic!("{job:?}: {error}"),
    }
}

async fn compare(model: &Model, journal: &dyn Journal) {
    let page = Page { after: None, order: Order::Newest, limit: 999 };
    let mut stored = journal.jobs(Filter::default(), page).await.unwrap().rows;
    stored.reverse();
    let stored: Vec<_> = stored
        .into_iter()
        .map(|job| (job.id, job.state, job.head, job.class == Class::Interactive))
        .collect();
    let expected: Vec<_> =
        model.jobs.iter().map(|job| (id(job.number), job.state, model.is_head(job), job.urgent)).collect();
    assert_eq!(stored, expected);

    for tally in journal.tallies().await.unwrap() {
        let counted = model.jobs.iter().filter(|job| job.state == tally.state).count();
        assert_eq!(tally.jobs, counted as u64, "{:?}", tally.state);
    }
    let running: Vec<_> = model.jobs.iter().filter(|job| job.state == JobState::Running).collect();
    for (of, ours) in [(Whose::Ours, true), (Whose::Gone, false)] {
        let open = journal.open_attempts(of).await.unwrap();
        let open: Vec<_> = open.iter().map(|attempt| (attempt.job, attempt.number)).collect();
        let theirs = running.iter().filter(|job| job.ours == ours);
        assert_eq!(open, theirs.map(|job| (id(job.number), job.attempts)).collect::<Vec<_>>());
    }
    let mut busy: Vec<_> = running.iter().filter_map(|job| job.subject).collect();
    busy.sort_unstable();
    assert!(busy.windows(2).all(|pair| pair[0] != pair[1]), "two attempts at once for one subject");
}
