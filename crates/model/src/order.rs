//! The order of jobs.

use std::collections::HashMap;

use crate::id::Seq;
use crate::state::JobState;
use crate::word::Subject;

/// The heads among these jobs, by `seq`: the oldest live job of each subject, and every live job without one. Only
/// heads run. The journal keeps the same fact in a column; this is what it must say.
pub fn heads(jobs: &[(Seq, Option<Subject>, JobState)]) -> Vec<Seq> {
    let mut heads = Vec::new();
    let mut oldest: HashMap<&Subject, Seq> = HashMap::new();
    for (seq, subject, _) in jobs.iter().filter(|(_, _, state)| !state.is_terminal()) {
        match subject {
            None => heads.push(*seq),
            Some(subject) => {
                let head = oldest.entry(subject).or_insert(*seq);
                *head = (*head).min(*seq);
            }
        }
    }
    heads.extend(oldest.into_values());
    heads.sort_unstable();
    heads
}
