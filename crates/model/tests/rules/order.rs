use model::{JobState, Seq, Subject, heads, null_to_empty};
use proptest::prelude::*;
use serde_json::{Value, json};

type Row = (Seq, Option<Subject>, JobState);

fn jobs() -> impl Strategy<Value = Vec<Row>> {
    let job = (0..4_u8, 0..JobState::ALL.len());
    proptest::collection::vec(job, 0..30)
        .prop_map(|jobs| {
            let subject = |n: u8| (n > 0).then(|| Subject::new("identity", &n.to_string()).unwrap());
            jobs.into_iter()
                .zip(1..)
                .map(|((n, state), seq)| (Seq(seq), subject(n), JobState::ALL[state]))
                .collect::<Vec<Row>>()
        })
        .prop_shuffle()
}

proptest! {
    #[test]
    fn a_head_is_live_and_nothing_live_of_its_subject_is_before_it(jobs in jobs()) {
        let heads = heads(&jobs);
        prop_assert!(heads.is_sorted());
        for (seq, subject, state) in &jobs {
            let before = |(s, other, st): &Row| other == subject && s < seq && !st.is_terminal();
            let free = subject.is_none() || !jobs.iter().any(before);
            prop_assert_eq!(heads.contains(seq), !state.is_terminal() && free);
        }
    }
}

#[test]
fn ended_jobs_free_the_next() {
    let subject = || Subject::new("identity", "1");
    let jobs = [
        (Seq(1), subject(), JobState::Failed),
        (Seq(2), subject(), JobState::Retrying),
        (Seq(3), subject(), JobState::Queued),
        (Seq(4), None, JobState::Queued),
        (Seq(5), None, JobState::Running),
        (Seq(6), Subject::new("account", "1"), JobState::Queued),
    ];
    assert_eq!(heads(&jobs), [Seq(2), Seq(4), Seq(5), Seq(6)]);
}

#[test]
fn nulls_become_empty_at_any_depth() {
    let mut body = json!({"concernedTo": null, "payload": {"list": [null, {"x": null}], "n": 0, "b": false, "s": "null"}});
    null_to_empty(&mut body);
    assert_eq!(
        body,
        json!({"concernedTo": "", "payload": {"list": ["", {"x": ""}], "n": 0, "b": false, "s": "null"}})
    );
    let mut root = Value::Null;
    null_to_empty(&mut root);
    assert_eq!(root, "");
}
