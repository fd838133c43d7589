use std::time::Duration;

use jiff::Timestamp;
use model::word::code;
use model::{
    ActionSpec, Class, Code, DeliveryId, DeliveryTo, Effects, EntityKey, EntityWrite, JobId, NewDelivery,
    Outcome, OutcomeKind, Request, RunMark, Seq, Subject,
};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

proptest! {
    #[test]
    fn a_subject_is_read_as_it_is_written(kind in "[^:]{1,10}", value in ".{1,20}") {
        let subject = Subject::new(&kind, &value).unwrap();
        prop_assert_eq!((subject.kind(), subject.value()), (kind.as_str(), value.as_str()));
        prop_assert_eq!(subject.as_str().parse::<Subject>().unwrap(), subject.clone());
        let json = serde_json::to_string(&subject).unwrap();
        prop_assert_eq!(serde_json::from_str::<Subject>(&json).unwrap(), subject);
    }
}

#[test]
fn what_is_no_subject_is_refused_with_an_example() {
    assert_eq!(Subject::new("", "x"), None);
    assert_eq!(Subject::new("x", ""), None);
    assert_eq!(Subject::new("a:b", "x"), None);
    for text in ["", ":", "x", "x:", ":x"] {
        let error = text.parse::<Subject>().unwrap_err().to_string();
        assert!(error.contains(&format!("{text:?}")) && error.contains("identity:66c2"), "{error}");
        assert!(serde_json::from_value::<Subject>(json!(text)).is_err());
    }
    let subject: Subject = "backend/vuser:a:b".parse().unwrap();
    assert_eq!(format!("{subject} {subject:?}"), "backend/vuser:a:b backend/vuser:a:b");
    assert_eq!((subject.kind(), subject.value()), ("backend/vuser", "a:b"));
}

#[test]
fn the_interactive_are_served_first() {
    assert!(Class::Interactive < Class::Bulk);
    assert_eq!(serde_json::to_value(Class::Interactive).unwrap(), "interactive");
}

#[test]
fn codes_are_plain_words() {
    let code = Code::from_static("timeout");
    assert_eq!(code, code::TIMEOUT);
    assert!(code == *"timeout" && code != *"other");
    assert_eq!(format!("{code} {code:?} {}", code.as_str()), "timeout timeout timeout");
    assert_eq!(serde_json::from_value::<Code>(json!("timeout")).unwrap(), code);
}

#[test]
fn a_job_id_holds_its_time() {
    let at = Timestamp::from_millisecond(1_700_000_000_123).unwrap();
    let id = JobId::from_parts(at, [0xab; 10]);
    let (seconds, nanos) = id.0.get_timestamp().unwrap().to_unix();
    assert_eq!((seconds, nanos), (1_700_000_000, 123_000_000));
    assert_eq!(id.0.get_version_num(), 7);
    assert_eq!(format!(" {id}\n").parse::<JobId>().unwrap(), id);
    assert_eq!(format!("{id:?}"), id.to_string());
    assert!("no id".parse::<JobId>().is_err());
    assert_ne!(id, JobId::from_parts(at, [0xcd; 10]));
    assert_eq!(Seq(42).to_string(), "42");
}

#[test]
fn a_run_mark_names_journal_job_step_and_attempt() {
    let job = JobId::from_parts(Timestamp::UNIX_EPOCH, [1; 10]);
    let mark = RunMark { journal: Uuid::from_u128(5), job, step: 2, attempt: 3 };
    assert_eq!(mark.to_string(), format!("00000000-0000-0000-0000-000000000005/{job}/2/3"));
}

#[test]
fn outcomes_say_what_they_are() {
    let done = Outcome::done();
    assert_eq!((done.kind, done.status, done.code), (OutcomeKind::Done, 0, None));
    let soft = Outcome::soft(75, code::RETRY, "later");
    assert_eq!((soft.kind, soft.status, soft.code.clone()), (OutcomeKind::Soft, 75, Some(code::RETRY)));
    assert_eq!(soft.message.as_deref(), Some("later"));
    let hard = Outcome::hard(3, code::FAILED, "no");
    assert_eq!((hard.kind, hard.status, hard.code.clone()), (OutcomeKind::Hard, 3, Some(code::FAILED)));
    for kind in OutcomeKind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
    let full = Outcome { retry_after: Some(Duration::from_secs(3)), data: Some(json!({"a": 1})), ..soft };
    let json = serde_json::to_string(&full).unwrap();
    assert_eq!(serde_json::from_str::<Outcome>(&json).unwrap(), full);
}

#[test]
fn effects_are_added_in_order() {
    let delivery = |address: &str| NewDelivery {
        to: DeliveryTo { courier: "mail".to_owned(), address: address.to_owned() },
        body: json!(null),
        due_at: None,
    };
    let write = |key: &str| EntityWrite {
        key: EntityKey { kind: "identity".to_owned(), key: key.to_owned() },
        expected_rev: 0,
        content: None,
    };
    let request = |action: &str| Request::new("test", action, json!({}));
    let one = |name: &str| Effects {
        entities: vec![write(name)],
        deliveries: vec![delivery(name)],
        follow_ups: vec![request(name)],
    };
    let mut all = one("a");
    all.append(one("b"));
    assert_eq!(all.entities, [write("a"), write("b")]);
    assert_eq!(all.deliveries, [delivery("a"), delivery("b")]);
    assert_eq!(all.follow_ups, [request("a"), request("b")]);
    assert!(Effects::default().is_empty());
    assert!(!Effects { entities: vec![write("a")], ..Effects::default() }.is_empty());
    assert!(!Effects { deliveries: vec![delivery("a")], ..Effects::default() }.is_empty());
    assert!(!Effects { follow_ups: vec![request("a")], ..Effects::default() }.is_empty());
    assert_eq!(serde_json::to_value(DeliveryId(Uuid::nil())).unwrap(), Uuid::nil().to_string());
}

#[test]
fn an_unknown_action_is_ordered_by_the_identity_it_concerns() {
    let spec = ActionSpec::default();
    assert_eq!(spec.subject_kind.as_deref(), Some("identity"));
    assert_eq!(spec.subject_pointers, ["/concernedTo"]);
    assert_eq!(spec.class, Class::Bulk);
    assert!(!spec.optional && !spec.null_as_empty && spec.schema.is_none() && spec.retry.is_none());
}
