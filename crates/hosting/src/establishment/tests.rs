//! How an establishment moves, with all that comes along.

use serde_json::json;

use super::*;
use crate::hidden::Hidden;
use crate::request::request;
use crate::values::Version;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn values(griffe: &str) -> Values {
    Values { griffe: griffe.to_owned(), code: Hidden::new("licence-1"), version: Version::Cl, contact: None }
}

fn school() -> Establishment {
    Establishment::new("0750655E".parse().unwrap(), values("Lycée"), at(0))
}

fn set(id: &str) -> UploadSet {
    let file = |name: &str, main| Uploaded {
        path: format!("/data/{id}/{name}"),
        name: name.to_owned(),
        size: 100,
        sha256: "00".repeat(32),
        main,
    };
    UploadSet { id: id.to_owned(), files: vec![file("main.zip", true), file("more.zip", false)] }
}

/// Lets things happen, a second each.
fn after(school: &Establishment, what: Vec<Happening>) -> Establishment {
    let mut now = school.clone();
    for (second, what) in (1..).zip(what) {
        let said = format!("{what:?}");
        now = now.happen(what, at(second)).unwrap_or_else(|why| panic!("{said}: {why:?}")).now.unwrap();
    }
    now
}

fn done() -> Happening {
    Happening::Done(Answer { message: Some("fine".to_owned()), ..Answer::default() })
}

fn connected() -> Happening {
    let connection = Connection { url: Some("http://h/0750655E/".to_owned()), ..Connection::default() };
    Happening::Done(Answer { connection: Some(connection), ..Answer::default() })
}

fn ready() -> Establishment {
    after(&school(), vec![done(), Happening::Upload(set("a")), done(), connected()])
}

#[test]
fn the_whole_way() {
    let ready = ready();
    let codes: Vec<_> = ready.kept.history.iter().map(|passed| (passed.state.code(), passed.at)).collect();
    let wanted = ["START", "BCDIDBWAIT", "BCDIDBUPLOADED", "BCDIDBUPLOADEDRIGHT", "BCDIREADY"];
    assert_eq!(codes, (0..).zip(wanted).map(|(second, code)| (code, at(second))).collect::<Vec<_>>());
    assert_eq!(ready.kept.connection.as_ref().unwrap().url.as_deref(), Some("http://h/0750655E/"));
    assert_eq!(ready.kept.last.as_ref().unwrap().state, OperationState::Done);

    let exported = crate::answer::Exported { path: "x.db".to_owned(), name: "Catalogue.db".to_owned() };
    let answer = Answer { exported: vec![exported], ..Answer::default() };
    let gone = after(&ready, vec![Happening::Delete, Happening::Done(answer)]);
    assert_eq!(
        (gone.state, gone.last_export().unwrap().files[0].name.as_str()),
        (State::Deleted, "Catalogue.db")
    );
    assert!(gone.kept.connection.is_none() && gone.kept.upload.is_none(), "what is gone is not shown");

    let again = after(&gone, vec![Happening::Post(values("New"))]);
    assert_eq!((again.state, again.kept.values.griffe.as_str()), (State::Start, "New"));
    assert!(again.kept.generation > gone.kept.generation && again.kept.era > gone.kept.era);
    assert_eq!(again.kept.exports.len(), 1, "old downloads live until they expire");
}

#[test]
fn what_it_is_changed_to_holds_when_that_is_done_and_not_before() {
    let change = Change { griffe: Some("Other".to_owned()), ..Change::default() };
    let altering = after(&ready(), vec![Happening::Put(change)]);
    assert_eq!((altering.state, altering.kept.values.griffe.as_str()), (State::Alter, "Lycée"));
    let body = request(&altering, "/x").unwrap().body;
    assert_eq!(body["payload"]["establishment"]["griffe"], "Other");
    assert_eq!(body["payload"]["previous"]["griffe"], "Lycée");

    let altered = after(&altering, vec![done()]);
    assert_eq!((altered.state, altered.kept.values.griffe.as_str()), (State::Ready, "Other"));
    assert!(altered.kept.connection.is_some(), "an answer without one leaves the one there was");

    let failed = after(&altering, vec![Happening::Failed("no".to_owned())]);
    assert_eq!((failed.state, failed.kept.values.griffe.as_str()), (State::Ready, "Lycée"));
    let last = failed.kept.last.unwrap();
    assert_eq!(
        (last.work, last.state, last.message.as_deref()),
        (Work::Alter, OperationState::Failed, Some("no"))
    );
    assert!(failed.kept.pending.is_none());
}

#[test]
fn who_says_the_same_gets_the_same_and_who_says_otherwise_is_refused() {
    let school = school();
    let same = school.happen(Happening::Post(values("Lycée")), at(5)).unwrap();
    assert!(!same.changed && same.ask.is_none());
    assert_eq!(school.happen(Happening::Post(values("Other")), at(5)), Err(Refusal::Exists));
    let failed = after(&school, vec![Happening::Failed("no room".to_owned())]);
    assert_eq!(failed.error().unwrap().message.as_deref(), Some("no room"));
    let again = failed.happen(Happening::Post(values("Lycée")), at(9)).unwrap();
    assert_eq!((again.now.as_ref().unwrap().state, again.ask), (State::Start, Some(Work::Create)));
    assert!(again.now.unwrap().error().is_none());
}

#[test]
fn a_set_that_is_handed_over_twice_is_handed_over_once() {
    let uploaded = after(&school(), vec![done(), Happening::Upload(set("a"))]);
    let twice = uploaded.happen(Happening::Upload(set("a")), at(9)).unwrap();
    assert!(!twice.changed && twice.ask.is_none());
    assert_eq!(uploaded.happen(Happening::Upload(set("b")), at(9)), Err(Refusal::NotNow));
    let failed = after(&uploaded, vec![Happening::Failed("not a database".to_owned())]);
    let other = after(&failed, vec![Happening::Upload(set("b"))]);
    assert_eq!((other.state, other.kept.upload.unwrap().id.as_str()), (State::Uploaded, "b"));
}

#[test]
fn each_request_is_another_one_and_is_rebuilt_from_what_holds() {
    let first = request(&school(), "/data/exports").unwrap();
    assert_eq!((first.source.as_str(), first.action.as_str()), ("hosting", "HOSTING_CREATE"));
    assert_eq!(first.subject.as_ref().unwrap().as_str(), "establishment:0750655E");
    assert_eq!(first.external_id.as_deref(), Some("0750655E/1800000000/1"));
    assert_eq!(first.body["concernedTo"], "0750655E");
    assert_eq!(first.body["payload"]["establishment"]["code"], "licence-1");
    assert_eq!(first.body["payload"]["export_dir"], "/data/exports/0750655E/1800000000");
    assert_eq!(first.body["payload"]["uploads"], json!([]));

    let lost = after(&school(), vec![Happening::Lost]);
    assert_eq!((lost.state, lost.kept.history.len()), (State::Start, 1));
    assert_eq!(request(&lost, "/x").unwrap().external_id.as_deref(), Some("0750655E/1800000000/2"));

    let mount = request(&after(&school(), vec![done(), Happening::Upload(set("a"))]), "/x").unwrap();
    assert_eq!(mount.body["payload"]["uploads"][0]["main"], true);
    assert_eq!(mount.body["payload"]["uploads"][1]["name"], "more.zip");
    assert!(request(&ready(), "/x").is_none());
}

#[test]
fn a_deletion_that_failed_stays_and_is_tried_again() {
    let deleting = after(&ready(), vec![Happening::Delete]);
    assert_eq!(deleting.happen(Happening::Retry, at(9)), Err(Refusal::UnderWay));
    let failed = after(&deleting, vec![Happening::Failed("disk".to_owned())]);
    assert_eq!((failed.state, failed.standing().at_work), (State::Delete, false));
    let again = failed.happen(Happening::Retry, at(9)).unwrap();
    assert_eq!(again.ask, Some(Work::Delete));
}

#[test]
fn exports_expire_and_a_clock_that_ran_ahead_keeps_nothing_for_ever() {
    const DAY: i64 = 86_400;
    let keep = SignedDuration::from_hours(30 * 24);
    let gone = after(&ready(), vec![Happening::Delete, done()]);
    let era = gone.kept.era;
    assert!(gone.over(keep, at(29 * DAY)).is_empty());
    assert_eq!(gone.over(keep, at(31 * DAY)), [era]);
    let mut later = gone.clone();
    assert!(!later.without(&[]) && later.without(&[era]) && later.kept.exports.is_empty());
    // It was removed, it says, next year.
    let mut ahead = gone.clone();
    ahead.kept.exports[0].at = at(365 * DAY);
    ahead.put_right(at(0));
    assert!(ahead.over(keep, at(29 * DAY)).is_empty());
    assert_eq!(ahead.over(keep, at(30 * DAY)), [era], "thirty days after that was put right");
    let mut again = after(&gone, vec![Happening::Post(values("Lycée"))]);
    assert!(!again.without(&[era]), "the school is there again");
    assert!(again.kept.exports.is_empty());
}

#[test]
fn what_was_mounted_has_something_to_export() {
    assert!(!school().was_mounted() && ready().was_mounted());
    let gone = after(&ready(), vec![Happening::Delete, done()]);
    let again = after(&gone, vec![Happening::Post(values("Lycée"))]);
    assert!(!again.was_mounted(), "what it was before counts for nothing");
    let failed = after(&again, vec![done(), Happening::Upload(set("a")), Happening::Failed("no".to_owned())]);
    assert!(!failed.was_mounted());
}

#[test]
fn history_is_bounded_and_what_is_kept_is_read_back() {
    let mut school = ready();
    for second in 0..600 {
        let change = Change { griffe: Some(format!("n{second}")), ..Change::default() };
        school = school.happen(Happening::Put(change), at(second)).unwrap().now.unwrap();
        school = school.happen(done(), at(second)).unwrap().now.unwrap();
    }
    assert_eq!(school.kept.history.len(), HISTORY);
    let entity = school.write().written().unwrap();
    assert_eq!((entity.state.as_str(), entity.label.as_str()), ("BCDIREADY", "n599"));
    let back = Establishment::read(entity).unwrap();
    assert_eq!(back, Establishment { rev: school.rev + 1, ..school });
    assert!(!format!("{back:?}").contains("licence-1"));
}
