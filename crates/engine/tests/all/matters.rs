//! What needs a person now.

use engine::{Actor, BackendMatter, Matter};
use model::word::code;
use model::{OnError, Outcome};

use crate::support::{Bed, Fake, SLOW, entry, request};

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
