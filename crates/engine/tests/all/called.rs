//! Jobs by what their subjects are called.

use engine::Error;
use journal::{Filter, Order, Page, RecordFilter};
use model::effect::EntityContent;
use model::{Effects, EntityKey, EntityWrite, OnError, RecordKind, Request, Subject};
use serde_json::Value;

use crate::support::{Bed, Fake, QUICK, entry, request};

/// A hub that knows some people, with two jobs about each.
async fn bed(people: &[(&str, &str)]) -> Bed {
    let bed = Bed::with(vec![entry("b", Fake::done(), OnError::Stop, QUICK)]).await;
    for (key, label) in people {
        let content =
            EntityContent { state: "new".to_owned(), label: (*label).to_owned(), body: Value::Null };
        let key = EntityKey { kind: "identity".to_owned(), key: (*key).to_owned() };
        let write = EntityWrite { key, expected_rev: 0, content: Some(content) };
        let effects = Effects { entities: vec![write], ..Effects::default() };
        bed.hub.write(effects, None).await.unwrap();
        for _ in 0..2 {
            let subject = Subject::new("identity", &key_of(&bed, label).await);
            bed.accept(Request { subject, ..request("DO", "x") }).await;
        }
    }
    bed
}

async fn key_of(bed: &Bed, label: &str) -> String {
    let found = bed.hub.journal().entities("identity".to_owned(), None, 99).await.unwrap().rows;
    found.into_iter().find(|entity| entity.label == label).unwrap().key.key
}

fn subject(text: &str) -> Subject {
    text.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subject_is_meant_by_its_account_or_name_and_never_guessed() {
    let bed = bed(&[("k1", "MÜLLER Anna · amuller · 7"), ("k2", "MÜLLER Anna · amuller2")]).await;
    for text in ["amuller", "AMULLER ", "7", "identity:amuller", "identity:k1"] {
        assert_eq!(bed.hub.subject_meant(text).await.unwrap(), subject("identity:k1"), "{text}");
    }
    let unknown = subject("identity:none");
    assert_eq!(bed.hub.subject_meant("identity:none").await.unwrap(), unknown, "as it is written");
    match bed.hub.subject_meant("muller anna").await {
        Err(error @ Error::Several { .. }) => {
            let said = error.to_string();
            assert!(said.contains("amuller2") && said.contains("identity:k1"), "{said}");
        }
        other => panic!("two are called so: {other:?}"),
    }
    assert!(matches!(bed.hub.subject_meant("dupont").await, Err(Error::Missing(_))));
    let names = bed.hub.names([&subject("identity:k2"), &unknown]).await.unwrap();
    assert_eq!(names.of(Some(&subject("identity:k2"))).unwrap().rest(), "amuller2");
    assert_eq!((names.of(Some(&unknown)), names.of(None)), (None, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_finds_by_name_and_says_how_far_it_looked() {
    let bed = bed(&[("k1", "Lefèvre Zoé · zlefevre"), ("k2", "DUPONT Alain · adupont")]).await;
    let page = Page { after: None, order: Order::Newest, limit: 3 };
    let find = async |text: &str| {
        let filter = Filter { text: Some(text.to_owned()), ..Filter::default() };
        let count = bed.hub.count(filter.clone(), None, 9).await.unwrap();
        let found = bed.hub.jobs(filter, None, page).await.unwrap();
        assert_eq!(u64::try_from(found.rows.len()).unwrap(), count.jobs.min(3), "{text}");
        found
    };
    assert_eq!(find("lefevre").await.rows.len(), 2);
    assert_eq!(find("ADUPONT").await.rows.len(), 2);
    let none = find("nobody").await;
    assert_eq!((none.rows.len(), none.next), (0, None), "all were looked at");
    let all = bed.hub.jobs(Filter::default(), None, page).await.unwrap();
    let next = all.next.map(model::Seq).unwrap();
    assert_eq!(bed.hub.looked_at(Order::Newest, next).await.unwrap(), 3, "the newest three of four");
    let first = bed.hub.jobs(Filter::default(), None, Page { order: Order::Oldest, ..page }).await.unwrap();
    let next = first.next.map(model::Seq).unwrap();
    assert!(first.rows[0].seq < first.rows[1].seq, "the first that was accepted comes first");
    assert_eq!(bed.hub.looked_at(Order::Oldest, next).await.unwrap(), 3, "the oldest three of four");
    let refusals = bed.hub.records(RecordFilter::of(RecordKind::Refusal), None, 9).await.unwrap();
    assert_eq!((refusals.rows.len(), refusals.next), (0, None));
}
