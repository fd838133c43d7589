//! Backends that fail, hang, lie or are gone in the middle, at each step of the way: an establishment ends where somebody can
//! go on, and each way that leads on from there does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::time::Duration;

use http::Scope;
use intendant_hosting::lifecycle::leads;
use intendant_hosting::{State, Work};
use model::word::code;
use model::{Outcome, Progress};
use serde_json::{Value, json};
use support::{Bed, SCHOOL, document, failed, school, token};

/// What a backend does instead of its work.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// It gives up.
    Fails,
    /// It says that it may work later, and is not asked again.
    Tires,
    /// It never answers, until somebody cancels it.
    Hangs,
}

const FAULTS: [Fault; 3] = [Fault::Fails, Fault::Tires, Fault::Hangs];

/// What leads on from where an establishment was left.
#[derive(Clone, Copy, Debug)]
enum Way {
    SamePost,
    Retry,
    NewUpload,
    Delete,
    Put,
}

/// Where a failure leaves it, and which ways lead on from there, to where.
fn after_failure(work: Work) -> (State, &'static [(Way, State)]) {
    match work {
        Work::Create => (
            State::StartError,
            &[(Way::SamePost, State::DbWait), (Way::Retry, State::DbWait), (Way::Delete, State::Deleted)],
        ),
        Work::Mount | Work::Open => (
            State::UploadedError,
            &[(Way::Retry, State::Ready), (Way::NewUpload, State::Ready), (Way::Delete, State::Deleted)],
        ),
        Work::Alter => (State::Ready, &[(Way::Put, State::Ready), (Way::Delete, State::Deleted)]),
        Work::Delete => (State::Delete, &[(Way::Retry, State::Deleted), (Way::Delete, State::Deleted)]),
    }
}

impl Bed {
    /// Leads a school until this work is asked for.
    async fn lead(&self, rne: &str, to: Work) {
        self.create(rne).await;
        if to == Work::Create {
            return;
        }
        self.until(rne, State::DbWait).await;
        self.upload(rne, "first").await;
        match to {
            Work::Create | Work::Mount | Work::Open => {}
            Work::Alter | Work::Delete => {
                self.until(rne, State::Ready).await;
                let (method, body) = match to {
                    Work::Alter => ("PUT", Some(json!({"griffe": "Other"}))),
                    _ => ("DELETE", None),
                };
                assert_eq!(self.ask(method, &format!("/{rne}"), body).await.0, 200);
            }
        }
    }

    /// Waits until this work of a school has ended so.
    async fn ended(&self, rne: &str, work: Work, how: &str) -> Value {
        let mut view = Value::Null;
        testhub::until(&format!("{rne}: {work:?} {how}"), async || {
            view = self.view(rne).await;
            view["last_operation"]["kind"] == work.word() && view["last_operation"]["state"] == how
        })
        .await;
        view
    }

    async fn go(&self, rne: &str, way: Way) {
        let path = format!("/{rne}");
        let (status, said) = match way {
            Way::SamePost => self.ask("POST", "", Some(document(rne))).await,
            Way::Retry => {
                let operator = Some(token(Scope::OPERATE));
                self.ask_as(operator, None, "POST", &format!("{path}/retry"), None).await
            }
            Way::NewUpload => return self.upload(rne, "second").await,
            Way::Delete => self.ask("DELETE", &path, None).await,
            Way::Put => self.ask("PUT", &path, Some(json!({"griffe": "Other"}))).await,
        };
        assert_eq!(status, 200, "{rne} {way:?}: {said}");
    }

    /// The history is a legal path that ends where it stands.
    async fn sound(&self, rne: &str) {
        let found = self.host.get(&rne.parse().unwrap()).await.unwrap();
        let history = &found.kept.history;
        assert!(history.windows(2).all(|pair| leads(pair[0].state, pair[1].state)), "{history:?}");
        assert_eq!(history.last().unwrap().state, found.state);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_backend_does_not_do_leaves_a_way_on() {
    let bed = Bed::new().await;
    let mut number = 0;
    for work in Work::ALL {
        let (left, ways) = after_failure(work);
        for fault in FAULTS {
            for (way, to) in ways {
                number += 1;
                let rne = school(number);
                let how = match fault {
                    Fault::Fails => {
                        bed.answer(work, failed("no room left"));
                        "failed"
                    }
                    Fault::Tires => {
                        bed.answer(work, Outcome::soft(75, code::FAILED, "no room left"));
                        "failed"
                    }
                    Fault::Hangs => {
                        bed.hang(work);
                        "cancelled"
                    }
                };
                let before = bed.fake.count();
                bed.lead(&rne, work).await;
                if let Fault::Hangs = fault {
                    testhub::until("it hangs", async || bed.hangs() == 1).await;
                    assert!(bed.fake.count() > before);
                    let live = testhub::jobs(&bed.hub).await.into_iter().find(|job| !job.state.is_terminal());
                    bed.hub.cancel(live.unwrap().id, &support::actor()).await.unwrap();
                }
                let view = bed.ended(&rne, work, how).await;
                assert_eq!(view["state"], left.code(), "{work:?} {fault:?}: {view}");
                assert_eq!(left.is_error(), view["error"]["can_retry"] == true, "{view}");
                let said = view["last_operation"]["message"].as_str().unwrap();
                assert!(said == "no room left" || how == "cancelled", "{said}");
                if work == Work::Alter {
                    assert_eq!(view["griffe"], "Lycée Jean Moulin", "as it was before");
                }
                bed.go(&rne, *way).await;
                bed.until(&rne, *to).await;
                bed.sound(&rne).await;
                let view = bed.view(&rne).await;
                assert!(view["error"].is_null() && view["last_operation"]["state"] == "done", "{view}");
            }
        }
    }
}

/// What no answer should hold.
fn nonsense(work: Work) -> Vec<Value> {
    let common = [
        json!(null),
        json!([1, 2]),
        json!("BCDIDELETED"),
        json!({"state": "BCDIDELETED", "rne": "0000000A", "history": [], "generation": 7, "code": "x"}),
        json!({"eta_seconds": u64::MAX, "progress": "x"}),
    ];
    let own = match work {
        Work::Open | Work::Alter => vec![
            json!({"connection": []}),
            json!({"connection": {"url": "javascript:alert(1)", "port": 0, "rows": "x"}}),
            json!({"connection": {"url": "x".repeat(100_000), "host": "a\u{0}b", "port": -1}}),
            json!({"connection": {"rows": [{"label": "\u{1b}[2J", "value": "x"}, {"label": "x", "value": {"a": 1}}]}}),
        ],
        Work::Delete => vec![
            json!({"downloads": ["/etc/passwd", "../../key", "a/../../b", 7, {"name": "x"}, ""]}),
            json!({"downloads": {"path": "base.zip"}}),
        ],
        Work::Create | Work::Mount => {
            vec![json!({"connection": {"host": "elsewhere"}, "downloads": ["/etc/passwd"]})]
        }
    };
    common.into_iter().chain(own).collect()
}

/// An answer says that all is well and lacks what it owes, or says what nobody asked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_lies_is_not_believed() {
    let bed = Bed::new().await;
    let mut number = 0;
    for work in Work::ALL {
        for data in nonsense(work) {
            number += 1;
            let rne = school(number);
            let whole = json!({"status": 0, "data": data});
            bed.answer(work, Outcome { data: Some(whole), ..Outcome::done() });
            bed.lead(&rne, work).await;
            // What it owes is a connection, and what was exported.
            let (how, state) = match work {
                Work::Create => ("done", State::DbWait),
                Work::Open => ("failed", State::UploadedError),
                Work::Mount | Work::Alter => ("done", State::Ready),
                Work::Delete => ("failed", State::Delete),
            };
            let seen = if work == Work::Mount { Work::Open } else { work };
            let view = bed.ended(&rne, seen, how).await;
            assert_eq!((&view["state"], &view["rne"]), (&json!(state.code()), &json!(rne)), "{data}: {view}");
            bed.sound(&rne).await;
            let said = view["last_operation"]["message"].as_str().unwrap_or_default();
            match work {
                Work::Open => {
                    assert!(said.contains("`connection`") && view["error"]["message"] == said, "{said}");
                }
                Work::Delete => assert!(said.contains("`downloads`"), "{said}"),
                Work::Create => assert!(view["connection"].is_null()),
                // The one that was true stays.
                Work::Mount | Work::Alter => assert_eq!(view["connection"]["host"], "127.0.0.1", "{view}"),
            }
            let shown = view.to_string();
            assert!(shown.len() < 20_000 && !shown.contains("javascript:") && !shown.contains('\u{1b}'));
            if how == "failed" {
                if work == Work::Delete {
                    let kept = bed.host.get(&rne.parse().unwrap()).await.unwrap().kept;
                    assert!(kept.upload.is_some(), "what was uploaded is kept until it is exported");
                }
                bed.go(&rne, Way::Retry).await;
                let to = if work == Work::Open { State::Ready } else { State::Deleted };
                bed.until(&rne, to).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_removes_what_was_never_mounted_owes_no_export() {
    let bed = Bed::new().await;
    for (n, upload) in [(1, false), (2, true)] {
        let rne = school(n);
        bed.create(&rne).await;
        bed.until(&rne, State::DbWait).await;
        if upload {
            bed.answer(Work::Mount, failed("no database"));
            bed.upload(&rne, "a").await;
            bed.until(&rne, State::UploadedError).await;
        }
        bed.answer(Work::Delete, Outcome::done());
        bed.go(&rne, Way::Delete).await;
        bed.until(&rne, State::Deleted).await;
        assert!(bed.view(&rne).await["downloads"].is_null());
    }
}

/// A hub that ends while a backend works, at each step: the work is begun again, and its end counts once.
#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_is_gone_in_the_middle_is_asked_again() {
    for work in Work::ALL {
        let mut bed = Bed::new().await;
        bed.hang(work);
        bed.lead(SCHOOL, work).await;
        testhub::until("it hangs", async || bed.hangs() == 1).await;
        let first = bed.fake.calls.lock().unwrap().last().unwrap().mark.clone();
        bed = bed.again().await;
        let to = match work {
            Work::Create => State::DbWait,
            Work::Mount | Work::Open | Work::Alter => State::Ready,
            Work::Delete => State::Deleted,
        };
        bed.until(SCHOOL, to).await;
        bed.sound(SCHOOL).await;
        let calls = bed.fake.calls.lock().unwrap().clone();
        let again = calls.iter().find(|call| call.action == work.action()).unwrap();
        assert_eq!(again.mark.job, first.job, "the same job");
        assert!(again.mark.attempt > first.attempt, "as a later attempt");
        assert_eq!(bed.host.find_lost().await.unwrap(), 0);
        bed.hub.stop(Duration::ZERO).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nonsense_about_progress_harms_no_answer() {
    let bed = Bed::new().await;
    bed.create(SCHOOL).await;
    bed.until(SCHOOL, State::DbWait).await;
    bed.hang(Work::Open);
    bed.upload(SCHOOL, "a").await;
    testhub::until("it hangs", async || bed.hangs() == 1).await;
    let message = Some("\u{1b}[2J".repeat(10_000));
    for (eta_seconds, least, most) in
        [(Some(40), 1, 40), (Some(u64::MAX), 41, 900), (Some(0), 0, 0), (None, 41, 900)]
    {
        bed.report(&Progress { done: Some(u64::MAX), of: Some(0), message: message.clone(), eta_seconds });
        testhub::until(&format!("{eta_seconds:?} is told"), async || {
            let view = bed.view(SCHOOL).await;
            assert!(view.to_string().len() < 10_000, "{view}");
            (least..=most).contains(&view["eta_seconds"].as_u64().unwrap())
        })
        .await;
    }
    bed.let_go();
    bed.until(SCHOOL, State::Ready).await;
}
