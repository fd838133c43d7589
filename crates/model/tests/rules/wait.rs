use jiff::Timestamp;
use model::{Facts, JobId, JobState, Later, Subject, WaitingOn, waiting_on};
use serde_json::json;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn later() -> Timestamp {
    Timestamp::from_second(90).unwrap()
}

fn evening() -> Timestamp {
    Timestamp::from_second(7200).unwrap()
}

fn facts() -> Facts<'static> {
    Facts {
        state: JobState::Queued,
        now: NOW,
        due_at: NOW,
        before: None,
        backend: Some("10ldap"),
        paused: false,
        breaker_until: None,
        told: None,
        window: None,
        rate_until: None,
        later: Later::Retry,
        failsafe: None,
        backend_full: false,
        hub_full: false,
    }
}

fn job() -> JobId {
    JobId::from_parts(NOW, [7; 10])
}

/// One reason after the other is removed, the strongest first: each shows the next.
#[test]
fn the_strongest_reason_is_told() {
    let subject: Subject = "identity:1".parse().unwrap();
    let backend = || "10ldap".to_owned();
    let mut facts = Facts {
        state: JobState::Failed,
        due_at: later(),
        before: Some((job(), &subject)),
        paused: true,
        breaker_until: Some(later()),
        told: Some((later(), "quota")),
        window: Some(Some(evening())),
        rate_until: Some(later()),
        failsafe: Some("deletions"),
        backend_full: true,
        hub_full: true,
        ..facts()
    };
    assert_eq!(waiting_on(&facts), WaitingOn::Ended { state: JobState::Failed });
    facts.state = JobState::Running;
    assert_eq!(waiting_on(&facts), WaitingOn::Running { backend: Some(backend()) });
    facts.state = JobState::Retrying;
    assert_eq!(waiting_on(&facts), WaitingOn::Subject { subject: subject.clone(), job: job() });
    facts.before = None;
    assert_eq!(waiting_on(&facts), WaitingOn::Failsafe { failsafe: "deletions".to_owned() });
    facts.failsafe = None;
    assert_eq!(waiting_on(&facts), WaitingOn::Pause { backend: backend() });
    facts.paused = false;
    assert_eq!(waiting_on(&facts), WaitingOn::Breaker { backend: backend(), until: later() });
    facts.breaker_until = None;
    let told = WaitingOn::BackendWait { backend: backend(), until: later(), message: "quota".to_owned() };
    assert_eq!(waiting_on(&facts), told);
    facts.told = None;
    assert_eq!(waiting_on(&facts), WaitingOn::Window { backend: backend(), until: Some(evening()) });
    facts.window = None;
    assert_eq!(waiting_on(&facts), WaitingOn::Retry { until: later() });
    facts.due_at = NOW;
    assert_eq!(waiting_on(&facts), WaitingOn::Rate { backend: backend(), until: later() });
    facts.rate_until = None;
    assert_eq!(waiting_on(&facts), WaitingOn::Slot { backend: Some(backend()) });
    facts.backend_full = false;
    assert_eq!(waiting_on(&facts), WaitingOn::Slot { backend: None });
    facts.hub_full = false;
    assert_eq!(waiting_on(&facts), WaitingOn::Nothing);
}

#[test]
fn of_several_times_the_last_one_is_told() {
    let backend = || "10ldap".to_owned();
    let evening = evening();
    let facts = Facts {
        due_at: evening,
        told: Some((later(), "quota")),
        window: Some(Some(later())),
        later: Later::Told("the account settles"),
        ..facts()
    };
    let message = "the account settles".to_owned();
    assert_eq!(waiting_on(&facts), WaitingOn::Wait { backend: Some(backend()), until: evening, message });
    let put_off = Facts { later: Later::NotBefore, ..facts };
    assert_eq!(waiting_on(&put_off), WaitingOn::NotBefore { until: evening });
    let shut = Facts { window: Some(None), ..facts };
    assert_eq!(waiting_on(&shut), WaitingOn::Window { backend: backend(), until: None });
}

#[test]
fn without_a_plan_no_backend_holds_it() {
    let facts =
        Facts { backend: None, paused: true, breaker_until: Some(later()), backend_full: true, ..facts() };
    assert_eq!(waiting_on(&facts), WaitingOn::Nothing);
    assert_eq!(
        waiting_on(&Facts { state: JobState::Running, ..facts }),
        WaitingOn::Running { backend: None }
    );
}

#[test]
fn each_reason_is_a_sentence() {
    let backend = || "10ldap".to_owned();
    let cases = [
        (WaitingOn::Ended { state: JobState::Succeeded }, "It has ended (succeeded); nothing more happens."),
        (
            WaitingOn::Ended { state: JobState::Failed },
            "It failed; `intendant jobs retry` runs it again as a new job.",
        ),
        (WaitingOn::Running { backend: Some(backend()) }, "It is running on 10ldap."),
        (WaitingOn::Running { backend: None }, "It is running."),
        (
            WaitingOn::Failsafe { failsafe: "deletions".to_owned() },
            "It is held by the failsafe until somebody approves or rejects the set deletions.",
        ),
        (
            WaitingOn::Pause { backend: backend() },
            "It waits until 10ldap is resumed: `intendant backends resume 10ldap`.",
        ),
        (
            WaitingOn::Breaker { backend: backend(), until: later() },
            "It waits because 10ldap keeps failing; the backend is tried again at 1970-01-01 00:01:30 UTC.",
        ),
        (
            WaitingOn::BackendWait {
                backend: backend(),
                until: later(),
                message: "quota of the day".to_owned(),
            },
            "It waits until 1970-01-01 00:01:30 UTC, as 10ldap asks of all jobs: quota of the day.",
        ),
        (
            WaitingOn::Wait { backend: Some(backend()), until: later(), message: "It settles.".to_owned() },
            "It waits until 1970-01-01 00:01:30 UTC, as 10ldap asks: It settles.",
        ),
        (
            WaitingOn::NotBefore { until: later() },
            "It starts at 1970-01-01 00:01:30 UTC, as its request says.",
        ),
        (
            WaitingOn::Window { backend: backend(), until: Some(later()) },
            "It waits until 10ldap works again, at 1970-01-01 00:01:30 UTC.",
        ),
        (
            WaitingOn::Rate { backend: backend(), until: later() },
            "It waits for its turn on 10ldap, whose rate is bounded: at 1970-01-01 00:01:30 UTC.",
        ),
        (WaitingOn::Retry { until: later() }, "It is tried again at 1970-01-01 00:01:30 UTC."),
        (
            WaitingOn::Slot { backend: Some(backend()) },
            "It starts when one of the jobs running on 10ldap ends.",
        ),
        (WaitingOn::Slot { backend: None }, "It starts when one of the running jobs ends."),
        (WaitingOn::Nothing, "It starts in a moment."),
    ];
    for (waiting, sentence) in cases {
        assert_eq!(waiting.sentence(), sentence);
    }
    let subject: Subject = "identity:1".parse().unwrap();
    let behind = WaitingOn::Subject { subject, job: job() };
    assert_eq!(
        behind.sentence(),
        format!("It waits until job {}, which came before it on identity:1, has ended.", job())
    );
    assert_eq!(
        serde_json::to_value(&behind).unwrap(),
        json!({"on": "subject", "subject": "identity:1", "job": job().to_string()})
    );
    assert_eq!(serde_json::to_value(WaitingOn::Slot { backend: None }).unwrap(), json!({"on": "slot"}));
}
