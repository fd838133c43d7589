//! Many schools.

use std::sync::atomic::Ordering;

use intendant_hosting::establishment::Establishment;
use intendant_hosting::tracker::Followed;
use intendant_hosting::{Hidden, State};
use model::{Effects, EntityWrite};

use super::hostile::number;
use super::support::Bed;
use super::watch::{ALWAYS, Far, rne, tracker, values};

/// Schools of the round. A client has 8,000: `INTENDANT_FOLLOWED=8000` takes so many.
const SCHOOLS: u32 = 1_000;

async fn write(bed: &Bed, entities: Vec<EntityWrite>) {
    for entities in entities.chunks(200) {
        let effects = Effects { entities: entities.to_vec(), ..Effects::default() };
        bed.hub.write(effects, None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_schools_are_seen_in_one_round_without_a_refused_key_and_a_few_at_once() {
    let of: u32 = std::env::var("INTENDANT_FOLLOWED").map_or(SCHOOLS, |n| n.parse().unwrap());
    let (here, there) = (Bed::new().await, Bed::new().await);
    let (mut hosted, mut followed) = (Vec::new(), Vec::new());
    for n in 0..of {
        let mut establishment = Establishment::new(rne(&number(n)), values(), there.clock.now());
        establishment.state = State::DbWait;
        establishment.kept.awaited = None;
        let mut school = Followed::new(establishment.rne.clone(), "bcdi", here.clock.now());
        school.kept.key = Some(Hidden::new(there.host.key(&establishment).await.unwrap()));
        hosted.push(establishment.write());
        followed.push(school.write());
    }
    write(&there, hosted).await;
    write(&here, followed).await;
    let far = Far::of(&there).await;
    let tracker = tracker(&here, &[("bcdi", &far.url)], ALWAYS);
    let begun = here.clock.instant();
    let round = tracker.round().await.unwrap();
    println!("{of} schools in {:?}", here.clock.instant().duration_since(begun));
    assert_eq!((round.seen, round.failed, round.left), (of as usize, 0, 0));
    assert_eq!((far.requests(), far.refused_keys()), (of as usize, 0), "each asked once");
    let most = far.counts.most_at_once.load(Ordering::SeqCst);
    assert!((2..=8).contains(&most), "{most} at once");
    assert_eq!(tracker.counts().await.unwrap().get("BCDIDBWAIT"), Some(&u64::from(of)));
}
