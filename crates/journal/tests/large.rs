//! Listings of a large journal: each page looks at a bounded number of jobs, and following the pages finds them all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::sync::Arc;

use intendant_journal::{Count, Filter, Journal, Order, Page, Waiting};
use model::{CauseId, JobState, Seq};
use support::folder::{Folder, try_open};
use support::*;

/// So many jobs: every tenth one lives, every hundredth one of those that ended failed, one has a name.
const JOBS: i64 = 35_000;
const NAMED: i64 = 4_321;

/// A journal with rows as they would be after a long time. They are not sealed: listings do not open anything.
async fn large(folder: &Folder, jobs: i64) -> Arc<dyn Journal> {
    try_open(folder.path()).unwrap().close().await;
    let conn = rusqlite::Connection::open(folder.database()).unwrap();
    conn.execute(
        "WITH RECURSIVE n(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < ?1)
         INSERT INTO job (seq, id, source, action, subject, class, state, head, lane, due_at, code, accepted_at, ended_at)
         SELECT seq, randomblob(16), 'http', 'IDENTITY_UPDATE',
                CASE WHEN seq = ?2 THEN 'identity:needle' ELSE 'identity:' || seq END, 1,
                CASE WHEN seq % 10 = 0 THEN 0 WHEN seq % 100 = 1 THEN 4 ELSE 3 END, seq % 10 = 0, 'IDENTITY_UPDATE', ?3 + seq,
                CASE WHEN seq % 100 = 1 THEN 'timeout' END, ?3 + seq * 1000,
                CASE WHEN seq % 10 <> 0 THEN ?3 + seq * 1000 END
         FROM n",
        [jobs, NAMED, at(0).as_millisecond()],
    )
    .unwrap();
    conn.execute("INSERT INTO cause (id, message) VALUES (1, 'timeout'), (2, 'other')", []).unwrap();
    // Half of those that failed are dead letters.
    conn.execute(
        "UPDATE job SET failed_on = '10a', cause = 1 + (seq % 1000 = 1), settled = seq % 200 = 1 WHERE state = 4",
        [],
    )
    .unwrap();
    conn.execute("UPDATE tally SET jobs = (SELECT count(*) FROM job WHERE job.state = tally.state)", [])
        .unwrap();
    conn.close().unwrap();
    try_open(folder.path()).unwrap()
}

/// All pages, and how many there were.
async fn follow(journal: &dyn Journal, filter: &Filter, order: Order) -> (Vec<i64>, usize) {
    let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = Page { after, order, limit: 1000 };
        let listing = journal.jobs(filter.clone(), page).await.unwrap();
        found.extend(listing.rows.iter().map(|job| job.seq.0));
        pages += 1;
        match listing.next {
            Some(next) => after = Some(Seq(next)),
            None => return (found, pages),
        }
    }
}

#[tokio::test]
async fn following_the_pages_finds_everything_once() {
    let folder = Folder::new();
    let journal = large(&folder, JOBS).await;
    let text = Filter { text: Some("NEEDLE".to_owned()), ..Filter::default() };
    let lanes = Waiting::Lanes { lanes: vec!["IDENTITY_UPDATE".to_owned()], after: None, until: None };
    let hour = Filter { since: Some(at(7_200_000)), until: Some(at(10_800_000)), ..Filter::default() };
    let every = |fits: fn(i64) -> bool| (1..=JOBS).filter(|seq| fits(*seq)).collect::<Vec<_>>();
    let cases: [(&str, Filter, Vec<i64>, usize); 10] = [
        ("dead", Filter { dead: true, ..Filter::default() }, every(|n| n % 200 == 101), 1),
        (
            "cause",
            Filter { cause: Some(CauseId(1)), ..Filter::default() },
            every(|n| n % 200 == 101 && n % 1000 != 1),
            1,
        ),
        (
            "failed on",
            Filter { failed_on: Some("10a".to_owned()), ..Filter::default() },
            every(|n| n % 100 == 1),
            1,
        ),
        ("text", text.clone(), vec![NAMED], 8),
        (
            "code",
            Filter { code: Some("timeout".to_owned()), ..Filter::default() },
            every(|n| n % 100 == 1),
            1,
        ),
        ("live", Filter { states: vec![JobState::Queued], ..Filter::default() }, every(|n| n % 10 == 0), 4),
        ("lanes", Filter { waiting: Some(lanes), ..Filter::default() }, every(|n| n % 10 == 0), 4),
        ("time", hour, every(|n| (7200..10_800).contains(&n)), 4),
        ("none", Filter { states: vec![JobState::Retrying], ..Filter::default() }, vec![], 0),
        ("live text", Filter { states: vec![JobState::Queued], ..text }, vec![], 1),
    ];
    for (name, filter, expected, pages) in cases {
        for order in [Order::Newest, Order::Oldest] {
            let (mut found, looked) = follow(&*journal, &filter, order).await;
            if order == Order::Newest {
                found.reverse();
            }
            assert_eq!(found, expected, "{name}, {order:?}");
            assert!(looked <= pages + 1, "{name}, {order:?}: {looked} pages");
        }
    }
}

#[tokio::test]
async fn a_count_does_not_look_at_everything() {
    let folder = Folder::new();
    let journal = large(&folder, JOBS).await;
    let action = Filter { action: Some("IDENTITY_UPDATE".to_owned()), ..Filter::default() };
    let counted = journal.count(action, None, 1000).await.unwrap();
    assert_eq!(counted, Count { jobs: 1000, more: true, next: None });
    let needle = Filter { text: Some("needle".to_owned()), ..Filter::default() };
    let (mut found, mut looks, mut before) = (0, 0, None);
    loop {
        let count = journal.count(needle.clone(), before, 1000).await.unwrap();
        (found, looks, before) = (found + count.jobs, looks + 1, count.next);
        assert_eq!(count.more, before.is_some());
        if before.is_none() {
            break;
        }
    }
    assert_eq!((found, looks > 1), (1, true), "it says where to go on, and finds the one there is");
    let all = journal.count(Filter::default(), None, 1000).await.unwrap();
    assert_eq!(all, Count { jobs: u64::try_from(JOBS).unwrap(), more: false, next: None });
}
