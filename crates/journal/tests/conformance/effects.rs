//! Effects are in the same commit as their move.

use intendant_journal::{
    Acceptance, DeliveryFilter, EffectSet, EntityFilter, Error, Fate, Mark, NewRecord, RecordFilter,
};
use model::{Code, DeliveryState, DeliveryTo, EventKind, JobState, OutboxPlace, OutcomeKind, RecordKind};
use serde_json::json;

use crate::support::*;

pub async fn entities_are_compared_and_set(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let write = |entity| {
        let effects = EffectSet { entities: vec![entity], ..EffectSet::default() };
        journal.apply(effects, None, at(1))
    };
    let conflicts = |result| assert!(matches!(result, Err(Error::Conflict { .. })), "{result:?}");
    assert_eq!(journal.entity(entity_key("ann")).await.unwrap(), None);
    conflicts(write(entity("ann", 1, Some("new"))).await);
    conflicts(write(entity("ann", 1, None)).await);
    write(entity("ann", 0, Some("new"))).await.unwrap();
    conflicts(write(entity("ann", 0, Some("again"))).await);
    conflicts(write(entity("ann", 0, None)).await);
    write(entity("ann", 1, Some("synced"))).await.unwrap();
    let stored = journal.entity(entity_key("ann")).await.unwrap().unwrap();
    assert_eq!((stored.rev, stored.state.as_str(), stored.label.as_str()), (2, "synced", "label of ann"));
    assert_eq!(stored.body, json!({"key": "ann", "state": "synced"}));

    for key in ["cat", "bob", "dan"] {
        write(entity(key, 0, Some("new"))).await.unwrap();
    }
    let page =
        |after: Option<&str>, limit| journal.entities("identity".to_owned(), after.map(str::to_owned), limit);
    let keys = |page: intendant_journal::EntityPage| {
        (page.rows.into_iter().map(|e| e.key.key).collect::<Vec<_>>(), page.next)
    };
    let (first, next) = keys(page(None, 2).await.unwrap());
    assert_eq!((first, next.as_deref()), (vec!["ann".to_owned(), "bob".to_owned()], Some("bob")));
    assert_eq!(keys(page(Some("bob"), 9).await.unwrap()), (vec!["cat".to_owned(), "dan".to_owned()], None));
    assert_eq!(journal.entities("token".to_owned(), None, 9).await.unwrap().rows, []);

    write(entity("ann", 2, None)).await.unwrap();
    assert_eq!(journal.entity(entity_key("ann")).await.unwrap(), None);
    sound(&*journal).await;
}

pub async fn a_new_entity_has_a_name_that_every_journal_can_hold(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let write = |key: &str| {
        let effects = EffectSet { entities: vec![entity(key, 0, Some("new"))], ..EffectSet::default() };
        journal.apply(effects, None, at(1))
    };
    write(&"é".repeat(512)).await.unwrap();
    for key in ["x".repeat(1025), "a\0b".to_owned()] {
        let refused = write(&key).await;
        assert!(matches!(&refused, Err(Error::NoName { kind }) if kind == "identity"), "{refused:?}");
        assert_eq!(journal.entity(entity_key(&key)).await.unwrap(), None);
    }
    sound(&*journal).await;
}

pub async fn entities_are_found_by_state_and_text(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let write = |entities| journal.apply(EffectSet { entities, ..EffectSet::default() }, None, at(1));
    let find = |states: &[&str], text: Option<&str>, after: Option<&str>, limit| {
        let states = states.iter().map(|state| (*state).to_owned()).collect();
        let filter = EntityFilter { kind: "identity".to_owned(), states, text: text.map(str::to_owned) };
        journal.find_entities(filter, after.map(str::to_owned), limit)
    };
    let keys = |page: &intendant_journal::EntityPage| {
        page.rows.iter().map(|entity| entity.key.key.clone()).collect::<Vec<_>>()
    };
    let tallies = async || journal.entity_tallies("identity".to_owned()).await.unwrap();
    assert_eq!(tallies().await, []);
    let five = [("ann", "new"), ("Élo", "new"), ("bob", "done"), ("cat", "new"), ("dan", "odd")];
    write(five.map(|(key, state)| entity(key, 0, Some(state))).into()).await.unwrap();
    let told = |state: &str, n| (state.to_owned(), n);
    assert_eq!(tallies().await, [told("done", 1), told("new", 3), told("odd", 1)]);

    let first = find(&["new"], None, None, 2).await.unwrap();
    assert_eq!((keys(&first), first.next.as_deref()), (vec!["ann".into(), "cat".into()], Some("cat")));
    assert_eq!(first.rows[0].body, json!({"key": "ann", "state": "new"}));
    let rest = find(&["new"], None, Some("cat"), 2).await.unwrap();
    assert_eq!((keys(&rest), rest.next), (vec!["Élo".into()], None));
    assert_eq!(keys(&find(&["done", "odd"], None, None, 9).await.unwrap()), ["bob", "dan"]);
    assert_eq!(keys(&find(&[], None, Some("bob"), 2).await.unwrap()), ["cat", "dan"]);
    assert_eq!(keys(&find(&[], Some("OF ÉLO"), None, 9).await.unwrap()), ["Élo"], "the label");
    assert_eq!(keys(&find(&["odd"], Some("an"), None, 9).await.unwrap()), ["dan"]);
    assert_eq!(keys(&find(&["none"], None, None, 9).await.unwrap()), Vec::<String>::new());

    write(vec![entity("ann", 1, Some("done")), entity("cat", 1, Some("new")), entity("dan", 1, None)])
        .await
        .unwrap();
    let taken_back = vec![entity("bob", 1, Some("new")), entity("ann", 1, Some("odd"))];
    assert!(matches!(write(taken_back).await, Err(Error::Conflict { .. })));
    assert_eq!(tallies().await, [told("done", 2), told("new", 2)]);
    assert_eq!(keys(&find(&["done"], None, None, 9).await.unwrap()), ["ann", "bob"]);
    sound(&*journal).await;
}

pub async fn a_conflict_takes_back_the_whole_move(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let effects = EffectSet { entities: vec![entity("ann", 3, Some("x"))], ..EffectSet::default() };
    assert!(matches!(journal.accept(job(1), effects.clone()).await, Err(Error::Conflict { .. })));
    assert_eq!(journal.job(id(1)).await.unwrap(), None);
    let effects = EffectSet { entities: vec![entity("ann", 0, Some("x"))], ..effects };
    let accepted = journal.accept(job(1), effects).await.unwrap();
    assert_eq!(accepted, Acceptance::New);
    assert_eq!(journal.entity(entity_key("ann")).await.unwrap().unwrap().rev, 1);
    sound(&*journal).await;
}

pub async fn deliveries_keep_their_order_and_their_marks(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    accept(&*journal, job(1)).await;
    journal.change(start(1, at(10))).await.unwrap();
    heard.take();
    let mut change = settle(1, 1, OutcomeKind::Done, at(20));
    change.effects.deliveries = (1..=3).map(|n| delivery(n, at(20))).collect();
    journal.change(change).await.unwrap();
    let owed: Vec<_> = (1..=3).map(|n| (delivery_id(n), Some(id(1)))).collect();
    assert_eq!(heard.take()[0].owed, owed);
    let pending = journal.deliveries(None, OutboxPlace::default(), 9).await.unwrap().rows;
    assert_eq!(
        pending.iter().map(|d| (d.id, d.job)).collect::<Vec<_>>(),
        [(delivery_id(1), Some(id(1))), (delivery_id(2), Some(id(1))), (delivery_id(3), Some(id(1))),]
    );
    assert_eq!(pending[0].body, json!({"delivery": 1}));
    assert_eq!(journal.deliveries(None, pending[0].seq, 1).await.unwrap().rows[0].id, delivery_id(2));

    journal.mark(delivery_id(1), Mark::Delivered, at(30)).await.unwrap();
    journal.mark(delivery_id(2), Mark::Later(at(99), "no route".to_owned()), at(30)).await.unwrap();
    journal.mark(delivery_id(3), Mark::Never("no such queue".to_owned()), at(30)).await.unwrap();
    let all = journal.deliveries_of(id(1)).await.unwrap();
    let seen: Vec<_> = all.iter().map(|d| (d.state, d.attempts, d.due_at, d.message.as_deref())).collect();
    assert_eq!(
        seen,
        [
            (DeliveryState::Delivered, 1, at(20), None),
            (DeliveryState::Pending, 1, at(99), Some("no route")),
            (DeliveryState::Undeliverable, 1, at(20), Some("no such queue")),
        ]
    );
    let repeated = journal.mark(delivery_id(1), Mark::Never("late".to_owned()), at(31)).await;
    assert!(matches!(repeated, Err(Error::Fenced(_))));
    assert!(matches!(journal.mark(delivery_id(9), Mark::Delivered, at(31)).await, Err(Error::Missing(_))));
    // One that was given up stays so whoever still tries it, until an operator sends it again: the outbox is told.
    journal.mark(delivery_id(3), Mark::Later(at(50), "again".to_owned()), at(40)).await.unwrap();
    assert_eq!(journal.deliveries(None, OutboxPlace::default(), 9).await.unwrap().rows.len(), 1);
    let left: Vec<_> = heard.take().into_iter().flat_map(|committed| committed.left).collect();
    assert_eq!(left, [delivery_id(1), delivery_id(3), delivery_id(3)], "what is tried again has not left");
    journal.settle_dead(vec![delivery_id(3)], Fate::Again, EffectSet::default(), at(40)).await.unwrap();
    assert_eq!(heard.take()[0].revived.len(), 1);
    let pending: Vec<_> = journal
        .deliveries(None, OutboxPlace::default(), 9)
        .await
        .unwrap()
        .rows
        .into_iter()
        .map(|d| d.id)
        .collect();
    assert_eq!(pending, [delivery_id(2), delivery_id(3)]);
    sound(&*journal).await;
}

pub async fn follow_ups_are_accepted_in_the_same_commit(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    accept(&*journal, job_of("ann", 1)).await;
    journal.change(start(1, at(10))).await.unwrap();
    heard.take();
    let mut change = settle(1, 1, OutcomeKind::Done, at(20));
    change.effects.follow_ups = vec![job_of("ann", 2), known_as("abc", b"content", job_of("bob", 3))];
    journal.change(change).await.unwrap();
    let told = heard.take();
    assert_eq!(told.len(), 1, "one commit");
    assert_eq!(told[0].due.iter().map(|d| d.id).collect::<Vec<_>>(), [id(2), id(3)]);
    assert!(the_job(&*journal, 2).await.head, "its cause has ended");

    // One that is known already was asked for before.
    run(&*journal, 2, OutcomeKind::Done, at(30)).await;
    accept(&*journal, job(4)).await;
    journal.change(start(4, at(40))).await.unwrap();
    let mut change = settle(4, 1, OutcomeKind::Done, at(41));
    change.effects.follow_ups = vec![known_as("abc", b"content", job_of("bob", 5))];
    let known = journal.change(change.clone()).await;
    assert!(matches!(&known, Err(Error::Known { value, .. }) if value == "abc"), "{known:?}");
    change.effects.joins = std::mem::take(&mut change.effects.follow_ups);
    journal.change(change).await.unwrap();
    assert_eq!(journal.job(id(5)).await.unwrap(), None);
    assert_eq!(the_job(&*journal, 4).await.state, JobState::Succeeded);
    sound(&*journal).await;
}

pub async fn effects_without_a_job_are_applied(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    let effects = EffectSet {
        entities: vec![entity("ann", 0, Some("new"))],
        deliveries: vec![delivery(1, at(5))],
        follow_ups: vec![job(1)],
        joins: Vec::new(),
        records: vec![NewRecord {
            kind: RecordKind::Audit,
            at: at(5),
            who: "alice".to_owned(),
            what: Some("backend 00dummy".to_owned()),
            code: Code::from_static("paused"),
            message: "paused".to_owned(),
            body: b"before and after".to_vec(),
        }],
        settles: Vec::new(),
    };
    journal.apply(effects, Some((EventKind::Paused, "00dummy".to_owned())), at(5)).await.unwrap();
    assert_eq!(journal.deliveries(None, OutboxPlace::default(), 9).await.unwrap().rows[0].job, None);
    assert_eq!(the_job(&*journal, 1).await.state, JobState::Queued);
    let events: Vec<_> = heard.take().into_iter().flat_map(|c| c.events).collect();
    let paused = events.iter().find(|e| e.kind == EventKind::Paused).unwrap();
    assert_eq!((paused.job, paused.code.as_ref().unwrap().as_str()), (None, "00dummy"));
    let audit = journal.records(RecordFilter::of(RecordKind::Audit), None, 9).await.unwrap().rows.remove(0);
    let (record, body) = journal.record_body(audit.seq).await.unwrap().unwrap();
    assert_eq!((record.who.as_str(), &body[..]), ("alice", &b"before and after"[..]));
    sound(&*journal).await;
}

pub async fn dead_deliveries_are_listed_and_settled(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    accept(&*journal, job(1)).await;
    let to = |courier: &str, address: &str| DeliveryTo {
        courier: courier.to_owned(),
        address: address.to_owned(),
    };
    let places =
        [to("mail", "ann"), to("mail", "bob"), to("bus", "ann"), to("mail", "ann"), to("mail", "ann")];
    let deliveries = (1..).zip(places).map(|(n, to)| (delivery_id(n), to, at(1), b"null".to_vec()));
    let effects = EffectSet { deliveries: deliveries.collect(), ..EffectSet::default() };
    journal.apply(effects, None, at(1)).await.unwrap();
    for number in 1..=4 {
        journal.mark(delivery_id(number), Mark::Never("no".to_owned()), at(10)).await.unwrap();
    }
    let list = async |filter: DeliveryFilter| -> Vec<u64> {
        let page = journal.outbox(filter, None, 9).await.unwrap();
        assert_eq!(page.next, None);
        page.rows.into_iter().map(|delivery| delivery_number(delivery.id)).collect()
    };
    let dead = DeliveryFilter { state: Some(DeliveryState::Undeliverable), ..DeliveryFilter::default() };
    assert_eq!(list(DeliveryFilter::default()).await, [5, 4, 3, 2, 1]);
    assert_eq!(list(dead.clone()).await, [4, 3, 2, 1]);
    let mail = DeliveryFilter { courier: Some("mail".to_owned()), ..dead.clone() };
    assert_eq!(list(mail.clone()).await, [4, 2, 1]);
    assert_eq!(list(DeliveryFilter { address: Some("ann".to_owned()), ..mail.clone() }).await, [4, 1]);
    let first = journal.outbox(mail.clone(), None, 2).await.unwrap();
    assert_eq!(first.rows.iter().map(|d| d.id).collect::<Vec<_>>(), [delivery_id(4), delivery_id(2)]);
    assert!(first.next.is_some());
    let second = journal.outbox(mail, first.next, 2).await.unwrap();
    assert_eq!((second.rows[0].id, second.rows.len(), second.next), (delivery_id(1), 1, None));
    let place = second.rows[0].seq;

    heard.take();
    let record = |code| EffectSet {
        records: vec![NewRecord {
            kind: RecordKind::Audit,
            at: at(20),
            who: "alice".to_owned(),
            what: None,
            code: Code::from_static(code),
            message: String::new(),
            body: Vec::new(),
        }],
        ..EffectSet::default()
    };
    let again = vec![delivery_id(1), delivery_id(5), delivery_id(9)];
    assert_eq!(journal.settle_dead(again.clone(), Fate::Again, record("a"), at(20)).await.unwrap(), 1);
    assert_eq!(heard.take()[0].revived, [place], "the outbox is told");
    assert_eq!(journal.settle_dead(again, Fate::Drop, record("b"), at(20)).await.unwrap(), 0);
    assert_eq!(journal.settle_dead(vec![delivery_id(2)], Fate::Drop, record("c"), at(20)).await.unwrap(), 1);
    assert_eq!(list(dead).await, [4, 3]);
    let dropped = DeliveryFilter { state: Some(DeliveryState::Dropped), ..DeliveryFilter::default() };
    assert_eq!(list(dropped).await, [2]);
    let codes = journal.records(RecordFilter::of(RecordKind::Audit), None, 9).await.unwrap().rows;
    assert_eq!(
        codes.iter().map(|r| r.code.as_str()).collect::<Vec<_>>(),
        ["c", "a"],
        "nothing done, nothing said"
    );
    let pending = journal.deliveries(None, OutboxPlace::default(), 9).await.unwrap().rows;
    assert_eq!(
        pending.iter().map(|d| (delivery_number(d.id), d.due_at)).collect::<Vec<_>>(),
        [(1, at(20)), (5, at(1))]
    );
    sound(&*journal).await;
}
