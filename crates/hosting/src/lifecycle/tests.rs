//! Every state × every event, against a table that is written by hand.

use super::*;
use Effect as F;
use Event as E;
use State as S;

/// The standings that there are: work goes on in the states that have any, and only a deletion can stand still.
fn standings() -> Vec<Standing> {
    let at = |state: S, at_work| Standing { state, at_work };
    let mut all: Vec<_> = S::ALL.into_iter().map(|state| at(state, state.work().is_some())).collect();
    all.push(at(S::Delete, false));
    all
}

/// A row of the table: the state, whether it is at work, then for each event where it leads.
type Row = (S, bool, [(E, Result<(S, &'static [F]), Refusal>); 14]);

const NOT_NOW: Result<(S, &[F]), Refusal> = Err(Refusal::NotNow);
const EXISTS: Result<(S, &[F]), Refusal> = Err(Refusal::Exists);
const NO_WORK: Result<(S, &[F]), Refusal> = Err(Refusal::NoWork);
const UNDER_WAY: Result<(S, &[F]), Refusal> = Err(Refusal::UnderWay);
const NOTHING: Result<(S, &[F]), Refusal> = Err(Refusal::NothingFailed);
const KEPT: Result<(S, &[F]), Refusal> = Err(Refusal::Kept);
const DELETE: Result<(S, &[F]), Refusal> = Ok((S::Delete, &[F::Forgo, F::Ask(Work::Delete)]));

#[rustfmt::skip]
fn table() -> Vec<Row> {
    let ask = |to, effects: &'static [F]| Ok((to, effects));
    vec![
        (S::Start, true, [
            (E::PostSame, ask(S::Start, &[])), (E::PostOther, EXISTS), (E::Put, NOT_NOW), (E::Delete, DELETE),
            (E::HandedOver, NOT_NOW), (E::NewUpload, NOT_NOW),
            (E::Done, ask(S::DbWait, &[])), (E::Failed, ask(S::StartError, &[])),
            (E::Cancelled, ask(S::StartError, &[])), (E::Dropped, ask(S::StartError, &[])),
            (E::Lost, ask(S::Start, &[F::Ask(Work::Create)])), (E::Retry, UNDER_WAY),
            (E::RetentionPassed, KEPT), (E::KeyRotated, ask(S::Start, &[F::Rekey])),
        ]),
        (S::DbWait, false, [
            (E::PostSame, ask(S::DbWait, &[])), (E::PostOther, EXISTS), (E::Put, NOT_NOW), (E::Delete, DELETE),
            (E::HandedOver, ask(S::Uploaded, &[F::Ask(Work::Mount)])), (E::NewUpload, NOT_NOW),
            (E::Done, NO_WORK), (E::Failed, NO_WORK), (E::Cancelled, NO_WORK), (E::Dropped, NO_WORK),
            (E::Lost, NO_WORK), (E::Retry, NOTHING),
            (E::RetentionPassed, KEPT), (E::KeyRotated, ask(S::DbWait, &[F::Rekey])),
        ]),
        (S::Uploaded, true, [
            (E::PostSame, ask(S::Uploaded, &[])), (E::PostOther, EXISTS), (E::Put, NOT_NOW), (E::Delete, DELETE),
            (E::HandedOver, NOT_NOW), (E::NewUpload, NOT_NOW),
            (E::Done, ask(S::UploadedRight, &[F::Ask(Work::Open)])), (E::Failed, ask(S::UploadedError, &[])),
            (E::Cancelled, ask(S::UploadedError, &[])), (E::Dropped, ask(S::UploadedError, &[])),
            (E::Lost, ask(S::Uploaded, &[F::Ask(Work::Mount)])), (E::Retry, UNDER_WAY),
            (E::RetentionPassed, KEPT), (E::KeyRotated, ask(S::Uploaded, &[F::Rekey])),
        ]),
        (S::UploadedRight, true, [
            (E::PostSame, ask(S::UploadedRight, &[])), (E::PostOther, EXISTS), (E::Put, NOT_NOW), (E::Delete, DELETE),
            (E::HandedOver, NOT_NOW), (E::NewUpload, NOT_NOW),
            (E::Done, ask(S::Ready, &[F::Connect])), (E::Failed, ask(S::UploadedError, &[])),
            (E::Cancelled, ask(S::UploadedError, &[])), (E::Dropped, ask(S::UploadedError, &[])),
            (E::Lost, ask(S::UploadedRight, &[F::Ask(Work::Open)])), (E::Retry, UNDER_WAY),
            (E::RetentionPassed, KEPT), (E::KeyRotated, ask(S::UploadedRight, &[F::Rekey])),
        ]),
        (S::Ready, false, [
            (E::PostSame, ask(S::Ready, &[])), (E::PostOther, EXISTS),
            (E::Put, ask(S::Alter, &[F::Hold, F::Ask(Work::Alter)])), (E::Delete, DELETE),
            (E::HandedOver, NOT_NOW), (E::NewUpload, NOT_NOW),
            (E::Done, NO_WORK), (E::Failed, NO_WORK), (E::Cancelled, NO_WORK), (E::Dropped, NO_WORK),
            (E::Lost, NO_WORK), (E::Retry, NOTHING),
            (E::RetentionPassed, KEPT), (E::KeyRotated, ask(S::Ready, &[F::Rekey])),
        ]),
        (S::Alter, true, [
            (E::PostSame, ask(S::Alter, &[])), (E::PostOther, EXISTS), (E::Put, NOT_NOW), (E::Delete, DELETE),
            (E::HandedOver, NOT_NOW), (E::NewUpload, NOT_NOW),
            (E::Done, ask(S::Ready, &[F::Adopt, F::Connect])), (E::Failed, ask(S::Ready, &[F::Forgo])),
            (E::Cancelled, ask(S::Ready, &[F::Forgo])), (E::Dropped, ask(S::Ready, &[F::Forgo])),
            (E::Lost, ask(S::Alter, &[F::Ask(Work::Alter)])), (E::Retry, UNDER_WAY),
            (E::RetentionPassed, KEPT), (E::KeyRotated, ask(S::Alter, &[F::Rekey])),
        ]),
        (S::Delete, true, [
            (E::PostSame, ask(S::Delete, &[])), (E::PostOther, EXISTS), (E::Put, NOT_NOW),
            (E::Delete, ask(S::Delete, &[])), (E::HandedOver, NOT_NOW), (E::NewUpload, NOT_NOW),
            (E::Done, ask(S::Deleted, &[F::Export])), (E::Failed, ask(S::Delete, &[])),
            (E::Cancelled, ask(S::Delete, &[])), (E::Dropped, ask(S::Delete, &[])),
            (E::Lost, ask(S::Delete, &[F::Ask(Work::Delete)])), (E::Retry, UNDER_WAY),
            (E::RetentionPassed, KEPT), (E::KeyRotated, ask(S::Delete, &[F::Rekey])),
        ]),
        (S::Delete, false, [
            (E::PostSame, ask(S::Delete, &[])), (E::PostOther, EXISTS), (E::Put, NOT_NOW), (E::Delete, DELETE),
            (E::HandedOver, NOT_NOW), (E::NewUpload, NOT_NOW),
            (E::Done, NO_WORK), (E::Failed, NO_WORK), (E::Cancelled, NO_WORK), (E::Dropped, NO_WORK),
            (E::Lost, NO_WORK), (E::Retry, ask(S::Delete, &[F::Ask(Work::Delete)])),
            (E::RetentionPassed, KEPT), (E::KeyRotated, ask(S::Delete, &[F::Rekey])),
        ]),
        (S::Deleted, false, [
            (E::PostSame, ask(S::Start, &[F::Renew, F::Ask(Work::Create)])),
            (E::PostOther, ask(S::Start, &[F::Renew, F::Ask(Work::Create)])),
            (E::Put, NOT_NOW), (E::Delete, Err(Refusal::Gone)), (E::HandedOver, NOT_NOW), (E::NewUpload, NOT_NOW),
            (E::Done, NO_WORK), (E::Failed, NO_WORK), (E::Cancelled, NO_WORK), (E::Dropped, NO_WORK),
            (E::Lost, NO_WORK), (E::Retry, NOTHING),
            (E::RetentionPassed, ask(S::Deleted, &[F::Forget])), (E::KeyRotated, ask(S::Deleted, &[F::Rekey])),
        ]),
        (S::StartError, false, [
            (E::PostSame, ask(S::Start, &[F::Ask(Work::Create)])), (E::PostOther, EXISTS), (E::Put, NOT_NOW),
            (E::Delete, DELETE), (E::HandedOver, NOT_NOW), (E::NewUpload, NOT_NOW),
            (E::Done, NO_WORK), (E::Failed, NO_WORK), (E::Cancelled, NO_WORK), (E::Dropped, NO_WORK),
            (E::Lost, NO_WORK), (E::Retry, ask(S::Start, &[F::Ask(Work::Create)])),
            (E::RetentionPassed, KEPT), (E::KeyRotated, ask(S::StartError, &[F::Rekey])),
        ]),
        (S::UploadedError, false, [
            (E::PostSame, ask(S::UploadedError, &[])), (E::PostOther, EXISTS), (E::Put, NOT_NOW),
            (E::Delete, DELETE), (E::HandedOver, NOT_NOW),
            (E::NewUpload, ask(S::Uploaded, &[F::Ask(Work::Mount)])),
            (E::Done, NO_WORK), (E::Failed, NO_WORK), (E::Cancelled, NO_WORK), (E::Dropped, NO_WORK),
            (E::Lost, NO_WORK), (E::Retry, ask(S::Uploaded, &[F::Ask(Work::Mount)])),
            (E::RetentionPassed, KEPT), (E::KeyRotated, ask(S::UploadedError, &[F::Rekey])),
        ]),
    ]
}

#[test]
fn every_state_and_every_event_is_in_the_table() {
    let table = table();
    assert_eq!(table.len(), standings().len());
    for standing in standings() {
        let row = table.iter().find(|row| (row.0, row.1) == (standing.state, standing.at_work)).unwrap();
        for event in Event::ALL {
            let mut wanted = row.2.iter().filter(|(of, _)| *of == event);
            let (_, wanted) =
                wanted.next().unwrap_or_else(|| panic!("{standing:?} {event:?} is not in the table"));
            let found = step(standing, event).map(|step| (step.to, step.effects));
            assert_eq!(found, *wanted, "{standing:?} {event:?}");
        }
    }
}

#[test]
fn what_a_move_asks_for_is_the_work_of_the_state_that_it_leads_to() {
    for (standing, event) in standings().into_iter().flat_map(|at| Event::ALL.map(|event| (at, event))) {
        let Ok(step) = step(standing, event) else { continue };
        let asked: Vec<_> = step
            .effects
            .iter()
            .filter_map(|effect| if let F::Ask(work) = effect { Some(*work) } else { None })
            .collect();
        assert!(asked.len() <= 1);
        let entered = step.to != standing.state;
        if entered || !asked.is_empty() {
            assert_eq!(asked.first().copied(), step.to.work(), "{standing:?} {event:?}");
        }
    }
}

#[test]
fn no_state_is_a_dead_end_and_each_is_reached() {
    let mut reached = vec![S::Start];
    while let Some(more) =
        S::ALL.into_iter().find(|to| !reached.contains(to) && reached.iter().any(|from| leads(*from, *to)))
    {
        reached.push(more);
    }
    assert_eq!(reached.len(), S::ALL.len());
    assert!(S::ALL.into_iter().all(|from| S::ALL.into_iter().any(|to| leads(from, to))));
    assert!(
        leads(S::Start, S::Delete)
            && leads(S::Deleted, S::Start)
            && !leads(S::Ready, S::Uploaded)
            && !leads(S::Start, S::Start)
    );
}
