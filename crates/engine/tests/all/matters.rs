//! What needs a person now.

use engine::{Actor, BackendMatter, Clock, Matter};
use jiff::SignedDuration;
use model::word::code;
use model::{OnError, Outcome};

use crate::support::{Bed, Fake, SLOW, entry, request, setup, start_by};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_lost_without_a_person_stands_before_what_deserves_a_look() {
    let no = Outcome::hard(3, code::FAILED, "no");
    let bed = Bed::with(vec![entry("b", Fake::answers(vec![no]), OnError::Stop, SLOW)]).await;
    assert_eq!(bed.hub.matters().await.unwrap(), [], "a hub that has nothing to do is well");

    let failed = bed.accept(request("DO", "alice")).await;
    bed.ended(failed).await;
    bed.hub.pause("b", &Actor("admin".to_owned())).await.unwrap();
    let source = bed.hub.link("daily", "queue");
    source.down(bed.hub.now(), "refused".to_owned());

    let matters = bed.hub.matters().await.unwrap();
    let about: Vec<_> = matters.iter().map(Matter::about).collect();
    assert_eq!(about, ["failed", "source/daily", "backend/b/Paused"]);
    assert_eq!(matters[0], Matter::Failed(1));
    assert_eq!(matters[1].words(), Some("refused"));
    assert!(matches!(&matters[2], Matter::Backend(BackendMatter::Paused, view) if view.name == "b"));
    assert_eq!(matters.iter().map(Matter::is_pressing).collect::<Vec<_>>(), [true, true, false]);

    bed.hub.unlink(&source);
    bed.hub.resume("b", &Actor("admin".to_owned())).await.unwrap();
    assert_eq!(bed.hub.matters().await.unwrap(), [Matter::Failed(1)]);
    bed.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_what_waits_for_long_the_oldest_is_named() {
    let (clock, folder) = (Clock::system(), tempfile::tempdir().unwrap());
    let setup = setup(vec![entry("b", Fake::answers(vec![Outcome::done()]), OnError::Stop, SLOW)]);
    let bed = Bed { hub: start_by(folder.path(), setup, &clock).await, folder };
    bed.hub.pause("b", &Actor("admin".to_owned())).await.unwrap();
    let oldest = bed.accept(request("DO", "alice")).await;
    bed.accept(request("DO", "bob")).await;
    let waits = async || {
        let matters = bed.hub.matters().await.unwrap();
        matters
            .into_iter()
            .find_map(|matter| if let Matter::Waiting(job, _) = matter { Some(job) } else { None })
    };
    assert_eq!(waits().await, None, "it has just come");
    clock.run_ahead(SignedDuration::from_mins(2));
    assert_eq!(waits().await, Some(oldest));
    bed.stop().await;
}
