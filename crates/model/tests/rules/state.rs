use model::{DeliveryState, JobState, StepState};

/// A table of moves: one line a state, one mark for each state it may become.
fn table<S: Copy>(all: &[S], may: impl Fn(S, S) -> bool, word: impl Fn(S) -> &'static str) -> String {
    let line = |from: S| {
        let marks: String = all.iter().map(|to| if may(from, *to) { 'x' } else { '.' }).collect();
        format!("{:13} {marks}\n", word(from))
    };
    all.iter().map(|from| line(*from)).collect()
}

#[test]
fn moves_of_jobs() {
    let expected = "\
queued        .xx.xxx
running       x.xxxx.
retrying      xx..xx.
succeeded     .......
failed        .......
cancelled     .......
superseded    .......
";
    assert_eq!(table(&JobState::ALL, JobState::may_become, JobState::as_str), expected);
}

#[test]
fn moves_of_steps() {
    let expected = "\
pending       .x.xx
running       x.xxx
succeeded     .....
failed        .....
skipped       .....
";
    assert_eq!(table(&StepState::ALL, StepState::may_become, StepState::as_str), expected);
}

#[test]
fn moves_of_deliveries() {
    let expected = "\
pending       xxx.
delivered     ....
undeliverable xx.x
dropped       ....
";
    assert_eq!(table(&DeliveryState::ALL, DeliveryState::may_become, DeliveryState::as_str), expected);
}

#[test]
fn only_what_has_ended_is_terminal() {
    for state in JobState::ALL {
        let moves = JobState::ALL.into_iter().any(|next| state.may_become(next));
        assert_eq!(state.is_terminal(), !moves, "{state:?}");
    }
    for state in StepState::ALL {
        let moves = StepState::ALL.into_iter().any(|next| state.may_become(next));
        assert_eq!(state.is_terminal(), !moves, "{state:?}");
    }
    let terminal: Vec<_> = DeliveryState::ALL.into_iter().filter(|s| s.is_terminal()).collect();
    assert_eq!(terminal, [DeliveryState::Delivered, DeliveryState::Undeliverable, DeliveryState::Dropped]);
}

#[test]
fn words_and_serialisation_agree() {
    for state in JobState::ALL {
        assert_eq!(JobState::from_word(state.as_str()), Some(state));
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
    assert_eq!(JobState::from_word("Queued"), None);
    for state in StepState::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
    for state in DeliveryState::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
    }
}
