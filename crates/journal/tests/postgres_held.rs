//! Work goes on while somebody holds an old snapshot, so that nothing of what has ended can be vacuumed: nobody walks over it again
//! and again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, unreachable_pub)]
#![allow(clippy::wildcard_imports, reason = "the support module is made for it")]

mod support;

use std::time::Duration;

use model::{Class, OutcomeKind};
use support::database::{Schema, sql};
use support::holder::Holder;
use support::*;
use testkit::wait;

/// So many jobs of one subject, one after the other.
const JOBS: u64 = 400;
/// So many entries of an index may be walked over for each.
const EACH: u64 = 20;

#[tokio::test]
async fn what_has_ended_under_an_old_snapshot_is_not_walked_over_again() {
    let schema = Schema::new();
    schema.open().journal.close().await;
    let name = schema.url().rsplit_once("%3D").unwrap().1.to_owned();
    let holder = Holder::with(&schema, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT * FROM live");
    let Opened { journal, .. } = schema.open();
    for number in 1..=JOBS {
        accept(&*journal, job_of("1", number)).await;
        // The one behind it waits in the line, and is there when the lane is read.
        if number == 1 {
            continue;
        }
        run(&*journal, number - 1, OutcomeKind::Done, at(100)).await;
        let next = id(number);
        let lane = the_job(&*journal, number).await.lane;
        let due = journal.due(lane, Class::Bulk, 9).await.unwrap().rows;
        assert_eq!(due.iter().map(|due| due.id).collect::<Vec<_>>(), [next]);
        if number % 10 == 0 {
            let mut keep = everything();
            keep.events_max = 20;
            journal.prune(keep, at(1_000)).await.unwrap();
        }
    }
    sound(&*journal).await;
    journal.close().await;
    drop(journal);
    // What a session has counted is there when it has ended.
    let others = "SELECT count(*) FROM pg_stat_activity
                  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";
    let alone = wait::until(Duration::from_mins(1), || (sql(schema.url(), others) == ["1"]).then_some(()));
    assert!(alone.is_some(), "only the one who holds the snapshot is left");
    for index in ["live_line", "live_ready", "event_pkey", "pen_pkey", "tally_pkey"] {
        let read = format!(
            "SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelname = '{index}' AND schemaname = '{name}'"
        );
        let read: u64 = sql(schema.url(), &read)[0].parse().unwrap();
        println!("{index}: {read} entries for {JOBS} jobs");
        assert!(read < EACH * JOBS, "{index}: {read} entries were walked over for {JOBS} jobs");
    }
    holder.release();
}
