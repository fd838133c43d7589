use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn said(state: &str, history: &[(&str, i64)]) -> Reported {
    let reached = |(state, second): &(&str, i64)| Reached { state: (*state).to_owned(), at: at(*second) };
    Reported {
        state: state.to_owned(),
        history: history.iter().map(reached).collect(),
        ..Reported::default()
    }
}

fn school() -> Followed {
    let mut school = Followed::new("0750655E".parse().unwrap(), "bcdi", at(0));
    school.kept.contact = Some(Contact { mail: "cdi@lycee.example".to_owned(), language: "fr".to_owned() });
    school.kept.greet = true;
    school
}

fn notices(school: &Followed) -> Vec<(&str, Notice)> {
    school.kept.steps.iter().map(|step| (step.state.as_str(), step.notice)).collect()
}

#[test]
fn of_several_steps_between_two_looks_all_have_their_time_and_the_newest_is_told() {
    let mut school = school();
    assert!(school.note(&said("START", &[("START", 1)]), at(5)));
    assert!(!school.note(&said("START", &[("START", 1)]), at(6)), "it is told once");
    let history = [("START", 1), ("BCDIDBWAIT", 10), ("BCDIDBUPLOADED", 20), ("BCDIDBUPLOADEDRIGHT", 30)];
    assert!(school.note(&said("BCDIDBUPLOADEDRIGHT", &history), at(40)));
    assert_eq!(
        notices(&school),
        [
            ("START", Notice::Written),
            ("BCDIDBWAIT", Notice::Passed),
            ("BCDIDBUPLOADED", Notice::Passed),
            ("BCDIDBUPLOADEDRIGHT", Notice::Written)
        ]
    );
    assert_eq!(
        school.kept.steps.iter().map(|step| step.at).collect::<Vec<_>>(),
        [at(1), at(10), at(20), at(30)]
    );
}

#[test]
fn a_change_that_went_by_between_two_looks_is_a_step() {
    let mut school = school();
    let ready = [("START", 1), ("BCDIREADY", 10)];
    assert!(school.note(&said("BCDIREADY", &ready), at(11)));
    let altered = [("START", 1), ("BCDIREADY", 10), ("BCDIALTER", 20), ("BCDIREADY", 30)];
    assert!(school.note(&said("BCDIREADY", &altered), at(31)));
    assert_eq!(notices(&school)[2..], [("BCDIALTER", Notice::Passed), ("BCDIREADY", Notice::Written)]);
}

#[test]
fn a_host_without_a_history_is_understood_and_nothing_is_told_twice() {
    let mut school = school();
    assert!(school.note(&said("START", &[]), at(1)));
    assert!(!school.note(&said("START", &[]), at(100)));
    assert!(school.note(&said("BCDIDBWAIT", &[]), at(200)));
    assert!(!school.note(&said("BCDIDBWAIT", &[]), at(300)));
    assert_eq!(school.since(), Some(at(200)));
}

#[test]
fn a_host_that_tells_its_history_otherwise_makes_no_mail() {
    let mut school = school();
    assert!(school.note(&said("BCDIREADY", &[("START", 1), ("BCDIREADY", 10)]), at(11)));
    // Its clock was put right, and all times with it.
    for shift in [1, 100, -5] {
        let moved = [("START", 1 + shift), ("BCDIREADY", 10 + shift)];
        assert!(!school.note(&said("BCDIREADY", &moved), at(200)), "{shift}");
    }
    // An old state, with a time before the last one: it is what holds.
    assert!(school.note(&said("BCDIUPLOADEDERROR", &[("BCDIUPLOADEDERROR", 2)]), at(300)));
}

#[test]
fn what_was_before_it_was_followed_is_known_and_not_told() {
    let mut school = school();
    school.kept.greet = false;
    assert!(!school.note(&said("BCDIREADY", &[("START", -100), ("BCDIREADY", -50)]), at(1)));
    assert_eq!(notices(&school), [("START", Notice::Before), ("BCDIREADY", Notice::Before)]);
    assert!(
        school.note(&said("BCDIDELETE", &[("START", -100), ("BCDIREADY", -50), ("BCDIDELETE", 5)]), at(6))
    );
}

#[test]
fn nobody_is_told_who_is_not_known_or_does_not_want_it() {
    let mut school = school();
    school.kept.contact = None;
    assert!(!school.note(&said("START", &[("START", 1)]), at(2)));
    school.kept.contact = Some(Contact { mail: "a@b.fr".to_owned(), language: "fr".to_owned() });
    school.kept.stopped_at = Some(at(3));
    assert!(!school.note(&said("BCDIDBWAIT", &[("START", 1), ("BCDIDBWAIT", 4)]), at(5)));
    assert_eq!(notices(&school), [("START", Notice::NoContact), ("BCDIDBWAIT", Notice::Stopped)]);
}

#[test]
fn a_history_has_an_end() {
    let mut school = school();
    for n in 0..600 {
        let state = if n % 2 == 0 { "BCDIALTER" } else { "BCDIREADY" };
        school.note(&said(state, &[(state, n)]), at(n));
    }
    assert_eq!(school.kept.steps.len(), STEPS);
}

#[test]
fn it_is_kept_as_it_is_and_its_key_is_not_shown() {
    let mut school = school();
    school.give_key(Some(Hidden::new("key-4711")));
    school.note(&said("START", &[("START", 1)]), at(2));
    let written = school.write().written().unwrap();
    assert_eq!((written.state.as_str(), written.body["key"].as_str()), ("START", Some("key-4711")), "sealed");
    let read = Followed::read(written).unwrap();
    assert_eq!(read.kept, school.kept);
    assert!(!format!("{read:?}").contains("key-4711"));
}

#[test]
fn another_key_makes_links_void_and_the_first_one_does_not() {
    let mut school = school();
    let before = school.kept.generation;
    school.give_key(Some(Hidden::new("a")));
    school.give_key(Some(Hidden::new("a")));
    assert_eq!(school.kept.generation, before);
    school.give_key(Some(Hidden::new("b")));
    assert_eq!(school.kept.generation, before + 1);
}

#[test]
fn work_under_way_is_busy_and_an_upload_is_expected_for_a_day() {
    let mut school = school();
    let busy = |school: &Followed, state: &str, now| {
        Followed { state: state.to_owned(), ..school.clone() }.is_busy(now)
    };
    for (state, wanted) in [
        ("START", true),
        ("BCDIDBWAIT", false),
        ("BCDIDBUPLOADED", true),
        ("BCDIREADY", false),
        ("BCDIDELETED", false),
        ("BCDIFROZEN", true),
        (UNSEEN, true),
    ] {
        assert_eq!(busy(&school, state, at(0)), wanted, "{state}");
    }
    school.kept.expected_at = Some(at(0));
    assert!(busy(&school, "BCDIDBWAIT", at(3600)) && !busy(&school, "BCDIDBWAIT", at(90_000)));
}
