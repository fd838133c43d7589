//! Reading what is in clear.

use intendant_journal::{
    Change, Count, EffectSet, EntityFilter, Expect, Filter, Journal, Match, Naming, NewJob, NewRecord,
    NewStep, Order, Page, RecordFilter, Waiting,
};
use model::JobState::{self, Cancelled, Failed, Queued, Retrying, Running, Succeeded};
use model::effect::EntityContent;
use model::{
    Class, Code, EntityKey, EntityWrite, EventKind, EventsCursor, OnError, OutcomeKind, RecordKind, Subject,
};

use crate::support::*;

pub async fn due_jobs_come_by_lane_class_and_time(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let other = |number| NewJob { action: "IDENTITY_CREATE".to_owned(), ..job(number) };
    accept(&*journal, NewJob { accepted_at: at(50), ..job_of("ann", 1) }).await;
    accept(&*journal, NewJob { accepted_at: at(20), ..job_of("bob", 2) }).await;
    accept(&*journal, job_of("ann", 3)).await;
    accept(&*journal, other(4)).await;
    accept(&*journal, NewJob { class: Class::Interactive, ..job(5) }).await;
    accept(&*journal, job(6)).await;
    journal.change(start(6, at(60))).await.unwrap();
    let due = async |lane: &str, class, limit| -> Vec<_> {
        let due = journal.due(lane.to_owned(), class, limit).await.unwrap().rows;
        due.into_iter().map(|d| (d.id, d.due_at)).collect()
    };
    assert_eq!(due("IDENTITY_UPDATE", Class::Bulk, 9).await, [(id(2), at(20)), (id(1), at(50))]);
    assert_eq!(due("IDENTITY_UPDATE", Class::Bulk, 1).await, [(id(2), at(20))]);
    assert_eq!(due("IDENTITY_UPDATE", Class::Interactive, 9).await, [(id(5), at(5))]);
    assert_eq!(due("IDENTITY_CREATE", Class::Bulk, 9).await, [(id(4), at(4))]);
    assert_eq!(due("IDENTITY", Class::Bulk, 9).await, []);
    assert_eq!(journal.lanes().await.unwrap(), ["IDENTITY_CREATE", "IDENTITY_UPDATE"]);
    journal.change(retry(6, 1, at(70), at(90))).await.unwrap();
    assert_eq!(due("@00dummy", Class::Bulk, 9).await, [(id(6), at(90))]);
    // A queued job may change what it waits for without having run.
    let mut elsewhere = to(4, Expect::Ready, Queued, at(80));
    elsewhere.to.lane = Some("@10ldif".to_owned());
    journal.change(elsewhere).await.unwrap();
    assert_eq!(journal.lanes().await.unwrap(), ["@00dummy", "@10ldif", "IDENTITY_UPDATE"]);
    let lane = async |after, limit| -> Vec<_> {
        let jobs = journal.lane("IDENTITY_UPDATE".to_owned(), at(after), limit).await.unwrap();
        jobs.into_iter().map(|job| job.id).collect()
    };
    assert_eq!(lane(0, 9).await, [id(5), id(2), id(1)], "of both classes, heads only");
    assert_eq!(lane(5, 1).await, [id(2)]);
    assert_eq!(journal.lane_size("IDENTITY_UPDATE".to_owned()).await.unwrap(), (3, Some(at(50))));
    assert_eq!(journal.lane_size("IDENTITY".to_owned()).await.unwrap(), (0, None));
    sound(&*journal).await;
}

pub async fn deadlines_are_found(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let by = |number, deadline| NewJob { deadline: Some(at(deadline)), ..job_of("ann", number) };
    assert_eq!(journal.next_deadline().await.unwrap(), None);
    for (number, deadline) in [(1, 900), (2, 300), (3, 500), (4, 700)] {
        accept(&*journal, by(number, deadline)).await;
    }
    accept(&*journal, job(5)).await;
    let expired = async |now, limit| -> Vec<_> {
        journal.expired(at(now), limit).await.unwrap().into_iter().map(|j| j.id).collect()
    };
    assert_eq!(journal.next_deadline().await.unwrap(), Some(at(300)));
    assert_eq!(expired(299, 9).await, []);
    assert_eq!(expired(700, 9).await, [id(2), id(3), id(4)]);
    assert_eq!(expired(700, 2).await, [id(2), id(3)]);
    journal.change(to(2, Expect::Waiting, Failed, at(301))).await.unwrap();
    assert_eq!(journal.next_deadline().await.unwrap(), Some(at(500)));
    // A running one is not expired by its deadline, a retrying one is.
    journal.change(start(1, at(400))).await.unwrap();
    assert_eq!(expired(900, 9).await, [id(3), id(4)]);
    journal.change(retry(1, 1, at(401), at(402))).await.unwrap();
    assert_eq!(expired(900, 9).await, [id(3), id(4), id(1)]);
}

pub async fn listings_are_filtered_and_paged(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    for number in 1..=8 {
        let source = if number % 2 == 0 { "http" } else { "sesame" };
        let subject = if number <= 4 { "ann" } else { "bob" };
        let action = if number == 8 { "IDENTITY_DELETE" } else { "IDENTITY_UPDATE" };
        let (source, action) = (source.to_owned(), action.to_owned());
        accept(&*journal, NewJob { source, action, ..job_of(subject, number) }).await;
    }
    run(&*journal, 1, OutcomeKind::Done, at(100)).await;
    let mut failed = settle(2, 1, OutcomeKind::Hard, at(101));
    failed.to.code = Some(Code::from_static("timeout"));
    journal.change(start(2, at(101))).await.unwrap();
    journal.change(failed).await.unwrap();
    let plan = vec![NewStep { backend: "10ldif".to_owned(), on_error: OnError::Stop }];
    journal.change(Change { plan, ..start(5, at(102)) }).await.unwrap();

    let list = async |filter: Filter| -> Vec<u64> {
        let page = journal.jobs(filter, Page { after: None, order: Order::Newest, limit: 99 }).await.unwrap();
        assert_eq!(page.next, None);
        page.rows.into_iter().map(|job| number(job.id)).collect()
    };
    let states = |states: &[JobState]| Filter { states: states.to_vec(), ..Filter::default() };
    assert_eq!(list(Filter::default()).await, [8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(list(states(&[Queued])).await, [8, 7, 6, 4, 3]);
    assert_eq!(list(states(&[Failed])).await, [2]);
    assert_eq!(list(states(&[Succeeded])).await, [1]);
    assert_eq!(list(states(&[Running, Failed])).await, [5, 2]);
    assert_eq!(list(states(&[Succeeded, Failed, Running])).await, [5, 2, 1]);
    assert_eq!(list(states(&[Cancelled])).await, [0; 0]);
    let ann = job_of("ann", 1).subject;
    assert_eq!(list(Filter { subject: ann.clone(), ..Filter::default() }).await, [4, 3, 2, 1]);
    assert_eq!(list(Filter { subject: ann, ..states(&[Failed, Queued]) }).await, [4, 3, 2]);
    assert_eq!(list(Filter { source: Some("sesame".to_owned()), ..Filter::default() }).await, [7, 5, 3, 1]);
    assert_eq!(list(Filter { action: Some("IDENTITY_DELETE".to_owned()), ..Filter::default() }).await, [8]);
    assert_eq!(list(Filter { code: Some("timeout".to_owned()), ..Filter::default() }).await, [2]);
    assert_eq!(list(Filter { backend: Some("10ldif".to_owned()), ..Filter::default() }).await, [5]);
    assert_eq!(list(Filter { backend: Some("00dummy".to_owned()), ..Filter::default() }).await, [2, 1]);
    assert_eq!(list(Filter { since: Some(at(3)), until: Some(at(6)), ..Filter::default() }).await, [5, 4, 3]);

    let page = async |before: Option<u64>, filter| -> Vec<u64> {
        let after = match before {
            Some(before) => Some(the_job(&*journal, before).await.seq),
            None => None,
        };
        let page = Page { after, order: Order::Newest, limit: 2 };
        journal.jobs(filter, page).await.unwrap().rows.into_iter().map(|job| number(job.id)).collect()
    };
    assert_eq!(page(None, Filter::default()).await, [8, 7]);
    assert_eq!(page(Some(7), Filter::default()).await, [6, 5]);
    assert_eq!(page(Some(5), states(&[Running, Failed, Queued])).await, [4, 3]);
    assert_eq!(page(Some(3), states(&[Running, Failed, Queued])).await, [2]);
}

pub async fn jobs_are_found_by_when_they_ended(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    for number in 1..=6 {
        accept(&*journal, job(number)).await;
    }
    // Not in the order in which they were accepted; 4 has not ended, 5 waits.
    for (number, kind, end) in
        [(3, OutcomeKind::Done, 100), (1, OutcomeKind::Hard, 200), (2, OutcomeKind::Done, 300)]
    {
        run(&*journal, number, kind, at(end)).await;
    }
    journal.change(start(4, at(200))).await.unwrap();
    let list = async |states: &[JobState], since: Option<i64>, until: Option<i64>| -> Vec<u64> {
        let filter = Filter {
            states: states.to_vec(),
            ended_since: since.map(at),
            ended_until: until.map(at),
            ..Filter::default()
        };
        let page = Page { after: None, order: Order::Newest, limit: 99 };
        let found = journal.jobs(filter.clone(), page).await.unwrap();
        let count = journal.count(filter, None, 99).await.unwrap();
        assert_eq!((count.jobs, found.next), (found.rows.len() as u64, None));
        found.rows.into_iter().map(|job| number(job.id)).collect()
    };
    assert_eq!(list(&[], Some(100), Some(300)).await, [3, 1], "the end does not belong to it");
    assert_eq!(list(&[], Some(101), None).await, [2, 1]);
    assert_eq!(list(&[], None, Some(101)).await, [3]);
    assert_eq!(list(&[Failed], Some(0), Some(999)).await, [1]);
    assert_eq!(list(&[Running], Some(0), Some(999)).await, [0; 0], "it has not ended");
    assert_eq!(list(&[], Some(301), None).await, [0; 0]);
}

pub async fn listings_find_text_and_what_jobs_wait_for(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let event = "0B4E22AA-7d63-4d51-9d0e-7c5a3cf8a9f1";
    accept(&*journal, job_of("ann", 1)).await;
    accept(&*journal, job_of("ann", 2)).await;
    accept(&*journal, known_as(event, b"content", job_of("Élodie", 3))).await;
    accept(&*journal, NewJob { source: "http/token:crm".to_owned(), ..job_of("bob", 4) }).await;
    journal.change(start(4, at(100))).await.unwrap();
    journal.change(retry(4, 1, at(101), at(900))).await.unwrap();
    accept(&*journal, job_of("bob", 5)).await;
    accept(&*journal, NewJob { deadline: Some(at(50)), ..job(6) }).await;
    let mut failed = to(6, Expect::Waiting, Failed, at(60));
    failed.to.code = Some(Code::from_static("expired"));
    failed.to.message = Some("Délai DÉPASSÉ".to_owned());
    journal.change(failed).await.unwrap();

    let list = async |filter: Filter| -> Vec<u64> {
        let page = Page { after: None, order: Order::Oldest, limit: 99 };
        let found: Vec<u64> =
            journal.jobs(filter.clone(), page).await.unwrap().rows.iter().map(|job| number(job.id)).collect();
        let count = Count { jobs: found.len() as u64, more: false, next: None };
        assert_eq!(journal.count(filter, None, 99).await.unwrap(), count);
        found
    };
    let text = |text: &str| Filter { text: Some(text.to_owned()), ..Filter::default() };
    assert_eq!(list(Filter::default()).await, [1, 2, 3, 4, 5, 6], "oldest first");
    assert_eq!(list(text("ANN")).await, [1, 2]);
    assert_eq!(list(text("élodie")).await, [3]);
    assert_eq!(list(text("ÉLO")).await, [3]);
    assert_eq!(list(text("dépassé")).await, [6]);
    assert_eq!(list(text("update")).await, [1, 2, 3, 4, 5, 6]);
    assert_eq!(list(text("expir")).await, [6]);
    assert_eq!(list(text("TOKEN:")).await, [4]);
    assert_eq!(list(text("0b4e22aa-7d")).await, [3], "part of the caller's id");
    assert_eq!(list(text(event)).await, [3], "the whole of it");
    assert_eq!(list(text(&id(5).to_string().to_uppercase())).await, [5]);
    assert_eq!(list(text(&id(5).to_string()[30..])).await, [5]);
    assert_eq!(list(text("the body of")).await, [0; 0], "what is sealed is not searched");
    assert_eq!(list(Filter { states: vec![Failed], ..text("update") }).await, [6]);
    assert_eq!(list(Filter { states: vec![Queued], ..text(event) }).await, [3]);
    assert_eq!(list(Filter { source: Some("http".to_owned()), ..Filter::default() }).await.len(), 6);
    assert_eq!(list(Filter { source: Some("http/token:crm".to_owned()), ..Filter::default() }).await, [4]);

    let waiting = |waiting| Filter { waiting: Some(waiting), ..Filter::default() };
    assert_eq!(list(waiting(Waiting::Subject)).await, [2, 5]);
    let lanes = |lanes: &[&str], after, until| {
        let lanes = lanes.iter().map(|lane| (*lane).to_owned()).collect();
        waiting(Waiting::Lanes { lanes, after, until })
    };
    assert_eq!(list(lanes(&["@00dummy"], None, None)).await, [4]);
    assert_eq!(list(lanes(&["@00dummy", "IDENTITY_UPDATE"], None, None)).await, [1, 3, 4]);
    assert_eq!(list(lanes(&["@00dummy", "IDENTITY_UPDATE"], Some(at(1)), Some(at(900)))).await, [3, 4]);
    assert_eq!(list(lanes(&["@00dummy"], None, Some(at(899)))).await, [0; 0]);
    assert_eq!(list(lanes(&[], None, None)).await, [0; 0]);
    let bob = Filter { subject: job_of("bob", 4).subject, ..waiting(Waiting::Subject) };
    assert_eq!(list(bob).await, [5]);

    let after = Some(the_job(&*journal, 2).await.seq);
    let page = Page { after, order: Order::Oldest, limit: 2 };
    let second = journal.jobs(Filter::default(), page).await.unwrap();
    assert_eq!(second.rows.iter().map(|job| number(job.id)).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(second.next, Some(the_job(&*journal, 4).await.seq.0));
    let counted = journal.count(text("update"), None, 4).await.unwrap();
    assert_eq!(counted, Count { jobs: 4, more: true, next: None });
    let older = journal.count(text("update"), after, 4).await.unwrap();
    assert_eq!(older, Count { jobs: 1, more: false, next: None }, "of those before the second one");
    assert_eq!(journal.newest().await.unwrap(), Some(the_job(&*journal, 6).await.seq));
    let live = Filter { states: vec![Queued, Retrying], ..Filter::default() };
    let counted = journal.count(live, None, 1).await.unwrap();
    assert_eq!(counted, Count { jobs: 5, more: false, next: None }, "by state exactly");
}

pub async fn jobs_are_found_by_the_name_of_their_subject(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let people = [("k1", "MÜLLER Anna · amuller · 7"), ("k2", "Lefe\u{300}vre Zoé · zlefevre"), ("k3", "")];
    for (key, label) in people {
        let content =
            EntityContent { state: "new".to_owned(), label: label.to_owned(), body: serde_json::Value::Null };
        let key = EntityKey { kind: "identity".to_owned(), key: key.to_owned() };
        let write = EntityWrite { key, expected_rev: 0, content: Some(content) };
        let effects = EffectSet { entities: vec![write], ..EffectSet::default() };
        journal.apply(effects, None, at(1)).await.unwrap();
    }
    accept(&*journal, job_of("k1", 1)).await;
    accept(&*journal, job_of("k2", 2)).await;
    accept(&*journal, job_of("k3", 3)).await;
    accept(&*journal, job_of("k1", 4)).await;
    accept(&*journal, job(5)).await;
    let subject = |key: &str| job_of(key, 1).subject.unwrap();
    let named = async |naming| -> Vec<(Subject, String)> {
        let found = journal.named(naming, 9).await.unwrap();
        found.into_iter().map(|(subject, name)| (subject, name.first().to_owned())).collect()
    };
    let anna = vec![(subject("k1"), "MÜLLER Anna".to_owned())];
    assert_eq!(named(Naming::Holds("muller".to_owned())).await, anna);
    assert_eq!(named(Naming::Is("AMULLER".to_owned())).await, anna);
    assert_eq!(named(Naming::Is("muller".to_owned())).await, [], "that is only a piece of a part");
    assert_eq!(named(Naming::Holds("nobody".to_owned())).await, []);
    let names = journal.names(vec![subject("k3"), subject("k2"), subject("none")]).await.unwrap();
    let names: Vec<_> = names.iter().map(|(subject, name)| (subject.value(), name.rest())).collect();
    assert_eq!(names, [("k2", "zlefevre")], "without a name nothing is said");
    for (text, expected) in [
        ("müller", vec![4, 1]),
        ("Muller", vec![4, 1]),
        ("mu\u{308}ller", vec![4, 1]),
        ("LEFÈVRE", vec![2]),
        ("zlefevre", vec![2]),
        ("identity:k3", vec![3]),
        ("dupont", vec![]),
    ] {
        // Whether the names were looked up before, or are job by job.
        let looked_up = journal.named(Naming::Holds(text.to_owned()), 9).await.unwrap();
        let looked_up = looked_up.into_iter().map(|(subject, _)| subject).collect();
        for known in [None, Some(looked_up)] {
            let filter = Filter { text: Some(text.to_owned()), named: known, ..Filter::default() };
            let page = Page { after: None, order: Order::Newest, limit: 9 };
            let found = journal.jobs(filter, page).await.unwrap();
            let found: Vec<_> = found.rows.into_iter().map(|job| number(job.id)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}

/// Writes an entity that is called so, for the first time or anew.
async fn call(journal: &dyn Journal, key: &str, rev: u64, label: Option<&str>) {
    let content = label.map(|label| EntityContent {
        state: "new".to_owned(),
        label: label.to_owned(),
        body: serde_json::Value::Null,
    });
    let key = EntityKey { kind: "identity".to_owned(), key: key.to_owned() };
    let entities = vec![EntityWrite { key, expected_rev: rev, content }];
    journal.apply(EffectSet { entities, ..EffectSet::default() }, None, at(1)).await.unwrap();
}

pub async fn a_search_by_name_is_true_at_its_limits(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let long = "Anne-Sophie ".repeat(400);
    let people = [
        ("k1", "MÜLLER Anna · amuller"),
        ("k2", "Mu\u{308}ller Zoé · zmuller"),
        ("k3", "IŞIK Işıl · isil"),
        ("k4", "İpek · ipek"),
        ("k5", "Großmann · grossmann"),
        ("k6", "100 % _sûr_ · a%b"),
        ("k7", "d\u{2019}Été\u{a0}Cœur · dete"),
        ("k8", &long),
    ];
    for (number, (key, label)) in (1..).zip(people) {
        call(&*journal, key, 0, Some(label)).await;
        accept(&*journal, job_of(key, number)).await;
    }
    // Nobody asks for anything of this one, and it is called as another one is.
    call(&*journal, "k9", 0, Some("MÜLLER Anna · amuller")).await;
    let all: Vec<u64> = (1..=8).collect();
    let endless = format!("{long}x").repeat(20);
    for (text, expected) in [
        ("muller", vec![1, 2]),
        ("Müller", vec![1, 2]),
        ("MU\u{308}LLER", vec![1, 2]),
        ("\u{308}", all.clone()),
        ("isik isil", vec![3]),
        ("ışıl", vec![3]),
        ("IŞIL", vec![3]),
        ("ipek", vec![4]),
        ("İPEK", vec![4]),
        ("grossmann", vec![5]),
        ("GROẞMANN", vec![5]),
        ("großmann · g", vec![5]),
        ("%", vec![6]),
        ("_", vec![6]),
        ("a%b", vec![6]),
        ("a_b", vec![]),
        ("m%r", vec![]),
        ("\\", vec![]),
        ("d'ete coeur", vec![7]),
        ("z", vec![2]),
        ("", all),
        (long.trim_end(), vec![8]),
        (&endless, vec![]),
        ("k1", vec![]),
        ("muller\0", vec![]),
    ] {
        let named = journal.named(Naming::Holds(text.to_owned()), 99).await.unwrap();
        let found: Vec<_> =
            named.iter().map(|(subject, _)| subject.value()[1..].parse::<u64>().unwrap()).collect();
        assert_eq!(found, expected, "{text:?}");
        // So are the entities themselves, whoever asks for them, and jobs whatever else they hold.
        let filter =
            EntityFilter { kind: "identity".to_owned(), states: Vec::new(), text: Some(text.to_owned()) };
        let page = journal.find_entities(filter, None, 99).await.unwrap();
        let keys: Vec<u64> = page.rows.iter().map(|one| one.key.key[1..].parse().unwrap()).collect();
        assert!(expected.iter().all(|key| keys.contains(key)) && page.next.is_none(), "{text:?}: {keys:?}");
        for known in [None, Some(named.into_iter().map(|(subject, _)| subject).collect())] {
            let filter = Filter { text: Some(text.to_owned()), named: known, ..Filter::default() };
            let page = Page { after: None, order: Order::Oldest, limit: 99 };
            let jobs = journal.jobs(filter, page).await.unwrap();
            let found: Vec<_> = jobs.rows.iter().map(|job| number(job.id)).collect();
            assert!(
                expected.iter().all(|job| found.contains(job)) && jobs.next.is_none(),
                "{text:?}: {found:?}"
            );
        }
    }
    let first = journal.named(Naming::Holds("muller".to_owned()), 1).await.unwrap();
    assert_eq!(first.len(), 1);
    let whole = async |text: &str| {
        let found = journal.named(Naming::Is(text.to_owned()), 99).await.unwrap();
        found.into_iter().map(|(subject, _)| subject.value().to_owned()).collect::<Vec<_>>()
    };
    for (text, expected) in [
        ("isil", vec!["k3"]),
        ("MU\u{308}LLER ANNA", vec!["k1"]),
        ("muller", vec![]),
        ("a%b", vec!["k6"]),
        ("GROSSMANN", vec!["k5"]),
        ("müller anna · amuller", vec![]),
        ("", vec![]),
    ] {
        assert_eq!(whole(text).await, expected, "{text:?}");
    }
    sound(&*journal).await;
}

pub async fn whoever_is_renamed_is_found_by_the_new_name_alone(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    let named = async |text: &str| journal.named(Naming::Holds(text.to_owned()), 9).await.unwrap().len();
    for (number, key) in (1..).zip(["k1", "k2", "k3"]) {
        call(&*journal, key, 0, Some("Müller · amuller")).await;
        accept(&*journal, job_of(key, number)).await;
    }
    assert_eq!(named("muller").await, 3);
    call(&*journal, "k1", 1, Some("Lefèvre · alefevre")).await;
    assert_eq!((named("muller").await, named("lefevre").await), (2, 1));
    call(&*journal, "k2", 1, Some("")).await;
    call(&*journal, "k3", 1, None).await;
    assert_eq!((named("muller").await, named("").await), (0, 1));
    let erased = EntityKey { kind: "identity".to_owned(), key: "k1".to_owned() };
    assert!(journal.erase(erased, EffectSet::default()).await.unwrap());
    assert_eq!(named("").await, 0);
    sound(&*journal).await;
    call(&*journal, "k3", 0, Some("Müller · amuller")).await;
    assert_eq!(named("MULLER").await, 1);
    sound(&*journal).await;
}

pub async fn the_one_before_and_a_later_success_are_found(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    for number in 1..=4 {
        accept(&*journal, job_of("ann", number)).await;
    }
    accept(&*journal, job(5)).await;
    let before = async |number| journal.before(id(number)).await.unwrap().map(|j| j.id);
    assert_eq!((before(1).await, before(2).await, before(4).await), (None, Some(id(1)), Some(id(3))));
    assert_eq!((before(5).await, before(9).await), (None, None));
    journal.change(to(3, Expect::Waiting, Cancelled, at(10))).await.unwrap();
    assert_eq!(before(4).await, Some(id(2)));

    let later = async |number| journal.later_success(id(number)).await.unwrap().map(|j| j.id);
    run(&*journal, 1, OutcomeKind::Hard, at(20)).await;
    assert_eq!(later(1).await, None);
    run(&*journal, 2, OutcomeKind::Done, at(21)).await;
    assert_eq!((later(1).await, later(2).await, later(3).await), (Some(id(2)), None, None));
    run(&*journal, 4, OutcomeKind::Done, at(22)).await;
    assert_eq!(later(1).await, Some(id(4)), "the newest");
    let other = NewJob { action: "IDENTITY_DELETE".to_owned(), ..job_of("ann", 6) };
    accept(&*journal, other).await;
    run(&*journal, 6, OutcomeKind::Done, at(23)).await;
    assert_eq!(later(4).await, None, "of the same action only");
    assert_eq!(later(5).await, None);

    accept(&*journal, job_of("bob", 11)).await;
    for (number, deadline) in [(12, None), (13, Some(at(800))), (14, Some(at(700)))] {
        accept(&*journal, NewJob { deadline, ..job_of("bob", number) }).await;
    }
    accept(&*journal, NewJob { deadline: Some(at(100)), ..job_of("carol", 15) }).await;
    let behind = async |number| journal.deadline_behind(id(number)).await.unwrap();
    assert_eq!((behind(11).await, behind(13).await), (Some(at(700)), Some(at(700))));
    assert_eq!((behind(14).await, behind(15).await, behind(99).await), (None, None, None));
    journal.change(to(14, Expect::Waiting, Cancelled, at(30))).await.unwrap();
    assert_eq!(behind(11).await, Some(at(800)));
}

pub async fn events_are_numbered_and_resumed(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    accept(&*journal, job(1)).await;
    journal.change(start(1, at(10))).await.unwrap();
    let done = Change {
        events: vec![
            (EventKind::StepSucceeded, Some(0), Some(1), None),
            (EventKind::Succeeded, None, None, Some(Code::from_static("fine"))),
        ],
        ..settle(1, 1, OutcomeKind::Done, at(20))
    };
    journal.change(done).await.unwrap();
    let told: Vec<_> = heard.take().into_iter().flat_map(|c| c.events).collect();
    assert_eq!(
        told.iter().map(|e| e.kind).collect::<Vec<_>>(),
        [EventKind::Accepted, EventKind::StepStarted, EventKind::StepSucceeded, EventKind::Succeeded]
    );
    assert_eq!((told[1].job, told[1].step, told[1].attempt), (Some(id(1)), Some(0), Some(1)));
    assert_eq!((told[3].at, told[3].code.as_ref().unwrap().as_str()), (at(20), "fine"));
    assert_eq!(journal.events(EventsCursor::default(), 99).await.unwrap().rows, told);
    let page = journal.events(EventsCursor::behind(told[1].seq), 1).await.unwrap();
    assert_eq!((page.rows.as_slice(), &page.next), (&told[2..3], &Some(EventsCursor::behind(told[2].seq))));
    let rest = journal.events(page.next.unwrap(), 9).await.unwrap();
    assert_eq!((rest.rows.as_slice(), rest.next), (&told[3..], None));
    let last = journal.last_event().await.unwrap();
    assert_eq!(last, EventsCursor::behind(told[3].seq));
    // A position that was kept as text goes on where it was.
    let kept: EventsCursor = last.to_string().parse().unwrap();
    accept(&*journal, job(2)).await;
    let new: Vec<_> = heard.take().into_iter().flat_map(|c| c.events).collect();
    assert_eq!(journal.events(kept, 99).await.unwrap().rows, new);
}

pub async fn records_are_filtered_and_paged(bed: &dyn Bed) {
    let Opened { journal, .. } = bed.open();
    for number in 1..=6 {
        let who = if number % 2 == 0 { "alice" } else { "bob" };
        let what = if number <= 3 { format!("job {number}") } else { "backend 10ldif".to_owned() };
        let record = NewRecord {
            kind: RecordKind::Audit,
            at: at(number),
            who: who.to_owned(),
            what: (number != 6).then_some(what),
            code: Code::from_static(if number == 5 { "paused" } else { "cancelled" }),
            message: String::new(),
            body: Vec::new(),
        };
        journal.record(record).await.unwrap();
    }
    let all = RecordFilter::of(RecordKind::Audit);
    let list = async |filter: RecordFilter| -> Vec<i64> {
        let page = journal.records(filter, None, 9).await.unwrap();
        assert_eq!(page.next, None);
        page.rows.into_iter().map(|r| millis(r.at)).collect()
    };
    assert_eq!(list(all.clone()).await, [6, 5, 4, 3, 2, 1]);
    assert_eq!(list(RecordFilter { who: Some("alice".to_owned()), ..all.clone() }).await, [6, 4, 2]);
    let what = |what| RecordFilter { what: Some(what), ..all.clone() };
    assert_eq!(list(what(Match::Is("job 2".to_owned()))).await, [2]);
    assert_eq!(list(what(Match::Is("job".to_owned()))).await, [0; 0]);
    assert_eq!(list(what(Match::Begins("job ".to_owned()))).await, [3, 2, 1]);
    assert_eq!(list(what(Match::Begins("b".to_owned()))).await, [5, 4]);
    assert_eq!(list(RecordFilter { code: Some("paused".to_owned()), ..all.clone() }).await, [5]);
    let times = RecordFilter { since: Some(at(2)), until: Some(at(5)), ..all.clone() };
    assert_eq!(list(times).await, [4, 3, 2]);

    let bob = RecordFilter { who: Some("bob".to_owned()), ..all };
    let first = journal.records(bob.clone(), None, 2).await.unwrap();
    assert_eq!(first.rows.iter().map(|r| millis(r.at)).collect::<Vec<_>>(), [5, 3]);
    let second = journal.records(bob, first.next, 2).await.unwrap();
    assert_eq!((second.rows[0].at, second.rows.len(), second.next), (at(1), 1, None));
}

pub async fn records_are_listed_by_kind(bed: &dyn Bed) {
    let Opened { journal, heard } = bed.open();
    let record = |kind, number: i64| NewRecord {
        kind,
        at: at(number),
        who: "sesame".to_owned(),
        what: (number % 2 == 0).then(|| "IDENTITY_UPDATE".to_owned()),
        code: Code::from_static("unreadable"),
        message: format!("message {number}"),
        body: format!("raw {number}").into_bytes(),
    };
    let first = journal.record(record(RecordKind::Refusal, 1)).await.unwrap();
    let second = journal.record(record(RecordKind::Audit, 2)).await.unwrap();
    let third = journal.record(record(RecordKind::Refusal, 3)).await.unwrap();
    assert!(first < second && second < third);
    let events: Vec<_> = heard.take().into_iter().flat_map(|c| c.events).map(|e| (e.kind, e.at)).collect();
    assert_eq!(events, [(EventKind::Refused, at(1)), (EventKind::Refused, at(3))]);
    let list = async |kind, before, limit| -> Vec<i64> {
        let page = journal.records(RecordFilter::of(kind), before, limit).await.unwrap();
        page.rows.into_iter().map(|r| millis(r.at)).collect()
    };
    assert_eq!(list(RecordKind::Refusal, None, 9).await, [3, 1]);
    assert_eq!(list(RecordKind::Refusal, Some(third), 9).await, [1]);
    assert_eq!(list(RecordKind::Refusal, None, 1).await, [3]);
    assert_eq!(list(RecordKind::Audit, None, 9).await, [2]);
    let (read, body) = journal.record_body(second).await.unwrap().unwrap();
    assert_eq!(
        (read.who.as_str(), read.what.as_deref(), read.at),
        ("sesame", Some("IDENTITY_UPDATE"), at(2))
    );
    assert_eq!((read.message.as_str(), read.code.as_str()), ("message 2", "unreadable"));
    assert_eq!(body, b"raw 2");
    assert_eq!(journal.record_body(third + 1).await.unwrap(), None);
    sound(&*journal).await;
}
