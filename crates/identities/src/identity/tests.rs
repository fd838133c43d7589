//! The moves of an identity, one by one and in any order.

use proptest::prelude::*;

use super::*;
use crate::state::Hindrance;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn stamp(seconds: i64) -> Stamp {
    Stamp { by: "account:alice".to_owned(), at: at(seconds) }
}

fn person(mail: &str) -> Map<String, Value> {
    let document = json!({"inetOrgPerson": {"uid": "a", "cn": "A B", "sn": "B", "mail": mail}});
    document.as_object().unwrap().clone()
}

fn last(deed: Deed, state: JobState) -> Last {
    Last { job: JobId::from_parts(at(9), [1; 10]), deed, state, at: at(9), message: None }
}

fn ready() -> Identity {
    let mut identity = Identity::new("66c2".to_owned(), person("a@b"), stamp(0));
    identity.move_to(State::ToSynchronise);
    identity
}

#[test]
fn the_way_of_the_seed() {
    let mut identity = Identity::new("66c2".to_owned(), person("a@b"), stamp(0));
    assert_eq!(identity.state, State::ToValidate);
    assert!(!identity.edit(person("a@b"), stamp(1)), "the same changes nothing");
    identity.move_to(State::ToSynchronise);
    identity.begin(Deed::Synchronise, "k1".to_owned());
    assert_eq!(identity.state, State::Synchronising);
    identity.end("k1", last(Deed::Synchronise, JobState::Failed));
    assert_eq!((identity.state, identity.kept.synchronised_at), (State::InError, None));
    identity.begin(Deed::Synchronise, "k2".to_owned());
    identity.end("k2", last(Deed::Synchronise, JobState::Succeeded));
    assert_eq!((identity.state, identity.kept.synchronised_at), (State::Synchronised, Some(at(9))));
    assert!(identity.kept.reached && identity.kept.under_way.is_none());
    identity.begin(Deed::Disable, "k3".to_owned());
    identity.end("k3", last(Deed::Disable, JobState::Succeeded));
    assert!(identity.kept.disabled && identity.state == State::Synchronised);
    assert_eq!(identity.document(2)["dataStatus"], -3);
    identity.begin(Deed::Delete, "k4".to_owned());
    identity.end("k4", last(Deed::Delete, JobState::Succeeded));
    assert_eq!((identity.state, identity.kept.reached), (State::Deleted, false));
    assert_eq!(identity.document(-99)["deletedFlag"], true);
    assert!(identity.edit(person("c@d"), stamp(2)), "an edit brings it back");
    assert_eq!(identity.state, State::ToValidate);
}

#[test]
fn what_comes_to_nothing_leaves_it_as_it_was() {
    for ended in [JobState::Cancelled, JobState::Superseded] {
        let mut identity = ready();
        identity.begin(Deed::Synchronise, "k".to_owned());
        identity.end("k", last(Deed::Synchronise, ended));
        assert_eq!((identity.state, identity.kept.reached), (State::ToSynchronise, false));
    }
}

#[test]
fn an_edit_while_a_job_is_under_way_outlives_it() {
    let mut identity = ready();
    identity.begin(Deed::Synchronise, "k".to_owned());
    assert!(identity.edit(person("new@b"), stamp(5)));
    identity.end("k", last(Deed::Synchronise, JobState::Succeeded));
    assert_eq!(identity.state, State::ToValidate, "the backends have the older document");
    assert!(identity.kept.reached);
    let mut identity = ready();
    identity.begin(Deed::Synchronise, "k".to_owned());
    identity.edit(person("new@b"), stamp(5));
    identity.end("k", last(Deed::Synchronise, JobState::Failed));
    assert_eq!(identity.state, State::ToValidate);
}

#[test]
fn a_wrong_password_is_no_error_of_the_identity() {
    let mut identity = ready();
    identity.kept.reached = true;
    identity.state = State::Synchronised;
    identity.end("p", last(Deed::PasswordChange, JobState::Failed));
    assert_eq!(identity.state, State::Synchronised);
    assert_eq!(identity.kept.last.as_ref().unwrap().deed, Deed::PasswordChange);
}

#[test]
fn the_document_has_the_members_of_the_seed_in_their_order() {
    let mut document = person("a@b");
    document.insert("lifecycle".to_owned(), json!("I"));
    document.insert("additionalFields".to_owned(), json!({"objectClasses": ["supannPerson"]}));
    let identity = Identity::new("66c22991bdc3c9a7563a9d4f".to_owned(), document, stamp(0));
    let whole = identity.document(2);
    let names: Vec<&str> = whole.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "_id",
            "metadata",
            "state",
            "lifecycle",
            "inetOrgPerson",
            "additionalFields",
            "initState",
            "dataStatus",
            "deletedFlag",
            "lastBackendSync",
            "fingerprint"
        ]
    );
    assert_eq!(whole["metadata"]["createdAt"], "2027-01-15T08:00:00.000Z");
    assert_eq!((&whole["state"], &whole["lifecycle"]), (&json!(2), &json!("I")));
}

#[test]
fn it_is_read_back_as_it_was_written() {
    let mut identity = ready();
    identity.begin(Deed::Synchronise, "k".to_owned());
    let write = identity.write();
    let content = write.content.unwrap();
    assert_eq!(content.label, "A B · a");
    let EntityContent { state, label, body } = content;
    let entity = Entity { key: write.key, rev: 1, state, label, body };
    assert_eq!(Identity::read(entity.clone()).unwrap(), Identity { rev: 1, ..identity });
    assert!(Identity::read(Entity { state: "odd".to_owned(), ..entity }).is_err());
}

/// Something that happens to an identity.
#[derive(Clone, Debug)]
enum Event {
    Edit(u8),
    Move(State),
    Begin(Deed),
    End(JobState),
    Stray(JobState),
}

fn any_event() -> impl Strategy<Value = Event> {
    let ends = prop::sample::select(vec![JobState::Succeeded, JobState::Failed, JobState::Cancelled]);
    prop_oneof![
        (0u8..3).prop_map(Event::Edit),
        prop::sample::select(State::ALL.to_vec()).prop_map(Event::Move),
        prop::sample::select(Deed::BULK.to_vec()).prop_map(Event::Begin),
        ends.clone().prop_map(Event::End),
        ends.prop_map(Event::Stray),
    ]
}

proptest! {
    /// Whatever happens: it is synchronising exactly while a job is under way, and then no second one begins.
    #[test]
    fn one_job_at_a_time(events in prop::collection::vec(any_event(), 0..40)) {
        let mut identity = Identity::new("x".to_owned(), person("0"), stamp(0));
        for (number, event) in events.into_iter().enumerate() {
            match event {
                Event::Edit(mail) => _ = identity.edit(person(&mail.to_string()), stamp(1)),
                Event::Move(to) if identity.state.may_become(to) => identity.move_to(to),
                Event::Move(_) => {}
                Event::Begin(deed) => match identity.situation().allows(deed) {
                    Ok(()) => identity.begin(deed, number.to_string()),
                    Err(why) => {
                        let busy = identity.state == State::Synchronising;
                        prop_assert_eq!(busy, why == Hindrance::UnderWay);
                    }
                },
                Event::End(state) => {
                    if let Some(UnderWay { key, deed, .. }) = identity.kept.under_way.clone() {
                        identity.end(&key, last(deed, state));
                        prop_assert!(identity.state != State::Synchronising);
                    }
                }
                Event::Stray(state) => {
                    let before = identity.state;
                    identity.end("stray", last(Deed::Synchronise, state));
                    prop_assert_eq!(identity.state, before, "another job's end moves nothing");
                }
            }
            prop_assert_eq!(identity.state == State::Synchronising, identity.kept.under_way.is_some());
        }
    }
}
