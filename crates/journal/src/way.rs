//! Along which ways a listing of jobs goes, whatever engine keeps them: each has an index of its own.

use jiff::SignedDuration;
use model::JobState;
use uuid::Uuid;

use crate::api::{Filter, Tally, Waiting};

/// A page looks at so many rows at most.
pub(crate) const LOOKED_AT: i64 = 5_000;
/// Jobs are numbered in the order of their times, but for this: they wait before they are written, and clocks are set.
pub(crate) const BLUR: SignedDuration = SignedDuration::from_mins(5);

/// A way through the jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    All,
    /// To those that a whole id leads to.
    Known,
    Subject,
    Live,
    /// Those that ended and did not succeed.
    Unlucky,
    /// Dead letters.
    Dead,
    Cause,
    FailedOn,
    /// Those in some lanes.
    Ready,
}

/// How far a page goes on a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// To the end: it is short.
    Whole,
    /// So many entries of its index.
    Entries,
    /// So many numbers: rows of the table itself are too large to be counted first, and there are few gaps.
    Numbers,
}

impl Way {
    pub(crate) fn length(self) -> Length {
        match self {
            Way::All => Length::Numbers,
            Way::Known | Way::Ready => Length::Whole,
            _ => Length::Entries,
        }
    }

    /// Whether jobs in this state are met on it.
    fn meets(self, state: JobState) -> bool {
        match self {
            Way::All | Way::Known | Way::Subject => true,
            Way::Live => !state.is_terminal(),
            Way::Unlucky => state.is_terminal() && state != JobState::Succeeded,
            Way::Dead | Way::Cause | Way::FailedOn => state == JobState::Failed,
            Way::Ready => matches!(state, JobState::Queued | JobState::Retrying),
        }
    }
}

/// What a filter comes to.
pub(crate) struct Plan {
    /// The states that its jobs can be in.
    pub(crate) states: Vec<JobState>,
    /// It asks for dead letters.
    pub(crate) dead: bool,
    /// All of them lead to what fits, none of it is met on two.
    pub(crate) ways: Vec<Way>,
}

impl Plan {
    /// For this filter, where so many jobs are in each state. `is_known`: its text leads to jobs by their ids; `are_few`: so
    /// few wait in its lanes that all can be looked at.
    pub(crate) fn new(filter: &Filter, tallies: &[Tally], is_known: bool, are_few: bool) -> Self {
        // What waits is live and does not run; what succeeded has no code.
        let possible = |state: &JobState| match (&filter.waiting, &filter.code) {
            (Some(_), _) => matches!(state, JobState::Queued | JobState::Retrying),
            (None, Some(_)) => *state != JobState::Succeeded,
            (None, None) => true,
        };
        let by_end = filter.ended_since.is_some() || filter.ended_until.is_some();
        let possible = |state: &JobState| possible(state) && (state.is_terminal() || !by_end);
        let dead = filter.dead || filter.cause.is_some();
        let failed = |state: &JobState| *state == JobState::Failed || !(dead || filter.failed_on.is_some());
        let states = JobState::ALL.into_iter().filter(possible).filter(failed);
        let states = states.filter(|state| filter.states.is_empty() || filter.states.contains(state));
        // A state that no job is in needs no search. One whose tally cannot be read may hold any number.
        let told = |state: &JobState| tallies.iter().find(|tally| tally.state == *state);
        let there = |state: &JobState| told(state).is_none_or(|tally| tally.jobs > 0);
        let states: Vec<JobState> = states.filter(there).collect();
        let mut ways = match &filter.waiting {
            _ if is_known => vec![Way::Known],
            Some(Waiting::Lanes { .. }) if are_few => vec![Way::Ready],
            _ if filter.subject.is_some() => vec![Way::Subject],
            _ if filter.cause.is_some() => vec![Way::Cause],
            _ if filter.failed_on.is_some() => vec![Way::FailedOn],
            _ if dead => vec![Way::Dead],
            // Without the many that succeeded, the rest has indices of its own.
            _ if !states.contains(&JobState::Succeeded) => vec![Way::Live, Way::Unlucky],
            _ => vec![Way::All],
        };
        ways.retain(|way| states.iter().any(|state| way.meets(*state)));
        Plan { states, dead, ways }
    }
}

/// How many jobs fit a filter that asks for nothing but states; `None` = it asks for more.
pub(crate) fn told_by_tallies(filter: &Filter, tallies: &[Tally]) -> Option<u64> {
    if *filter != (Filter { states: filter.states.clone(), ..Filter::default() }) {
        return None;
    }
    let wanted = tallies.iter().filter(|t| filter.states.is_empty() || filter.states.contains(&t.state));
    Some(wanted.map(|tally| tally.jobs).sum())
}

/// Which dead letters a filter asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Letters {
    All,
    On(String),
    Of(model::CauseId),
}

/// What a filter asks for that wants nothing but all dead letters, those of a backend, or those of a cause; `None` = it asks
/// for more.
pub(crate) fn only_letters(filter: &Filter) -> Option<Letters> {
    let Filter { dead, cause, failed_on, states, .. } = filter.clone();
    let only =
        Filter { dead, cause, failed_on: failed_on.clone(), states: states.clone(), ..Filter::default() };
    let failed = states.iter().all(|state| *state == JobState::Failed);
    if only != *filter || !failed {
        return None;
    }
    match (cause, failed_on) {
        (Some(cause), None) => Some(Letters::Of(cause)),
        (None, Some(backend)) if dead => Some(Letters::On(backend)),
        (None, None) if dead => Some(Letters::All),
        _ => None,
    }
}

/// A text that may be a whole id, ours or a caller's: a UUID, or 24 hexadecimal digits, as databases of documents have them.
pub(crate) struct WholeId<'a> {
    pub(crate) id: Option<Uuid>,
    pub(crate) text: &'a str,
    pub(crate) hyphenated: Option<String>,
}

/// The whole id that a text is.
pub(crate) fn whole_id(text: &str) -> Option<WholeId<'_>> {
    let text = text.trim();
    let id = Uuid::parse_str(text).ok();
    let is_object_id = text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let hyphenated = id.map(|id| id.hyphenated().to_string());
    (id.is_some() || is_object_id).then_some(WholeId { id, text, hyphenated })
}
