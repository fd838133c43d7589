//! The durable queues of others that the benchmarks are measured against do their work to its end.
#![allow(clippy::unwrap_used, missing_docs)]

use intendant_testkit::queues::Queue;
use intendant_testkit::service::Kind;

#[test]
fn each_queue_does_all_of_its_jobs() {
    let (redis, postgresql) = (Kind::Redis.start().unwrap(), Kind::PostgreSql.start().unwrap());
    for queue in Queue::ALL {
        let server = if queue.is_on_postgresql() { &postgresql } else { &redis };
        let seconds = queue.seconds(server.url(), 100, 8).unwrap();
        assert!(seconds > 0.0, "{}: {seconds}", queue.name());
    }
}
