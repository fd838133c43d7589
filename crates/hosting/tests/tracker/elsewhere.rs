//! Schools at another host, over HTTP.

use intendant_hosting::tracker::{Error, How, Manner, OWN, Table, Trouble};
use intendant_hosting::values::Change;
use intendant_hosting::{Happening, State};

use super::support::{Bed, NEIGHBOUR, PASSWORD, SCHOOL, SECRET, actor};
use super::watch::{ALWAYS, Far, audit, mails, new_school, rne, subjects, tracker};

#[tokio::test(flavor = "multi_thread")]
async fn the_dialogue_creates_a_school_and_adopts_one_and_recovers_its_key() {
    let (here, there) = (Bed::new().await, Bed::new().await);
    let far = Far::of(&there).await;
    let tracker = tracker(&here, &[("bcdi", &far.url)], ALWAYS);
    let school = rne(SCHOOL);
    let created = tracker.follow(new_school(SCHOOL, "bcdi"), &actor()).await.unwrap();
    assert_eq!(created.how, How::Created);
    let key = there.host.key(&there.host.get(&school).await.unwrap()).await.unwrap();
    assert_eq!(created.school.kept.key.as_ref().unwrap().expose(), key);
    assert_eq!(there.host.get(&school).await.unwrap().kept.values.contact, None, "who is told stays here");

    // What is kept here was lost: the same again tells the key again.
    assert!(tracker.unfollow(&school, &actor()).await.unwrap());
    let adopted = tracker.follow(new_school(SCHOOL, "bcdi"), &actor()).await.unwrap();
    assert_eq!(
        (adopted.how, adopted.school.kept.key.as_ref().unwrap().expose()),
        (How::Adopted, key.as_str())
    );
    let known = tracker.follow(new_school(SCHOOL, "bcdi"), &actor()).await.unwrap();
    assert_eq!(known.how, How::Known);

    // With other values it is refused, and nothing changes.
    let mut other = new_school(SCHOOL, "bcdi");
    other.values.as_mut().unwrap().griffe = "Other".to_owned();
    let refused = tracker.follow(other, &actor()).await.unwrap_err();
    let Error::Host { trouble: Trouble::Refused { kind, .. }, .. } = &refused else { panic!("{refused}") };
    assert_eq!(kind, "already-exists");
    assert!(matches!(tracker.follow(new_school(SCHOOL, OWN), &actor()).await, Err(Error::Elsewhere { .. })));
    assert!(matches!(
        tracker.follow(new_school(SCHOOL, "nowhere"), &actor()).await,
        Err(Error::NoHost { .. })
    ));
    assert_eq!(far.refused_keys(), 0);
    let kept = audit(&here).await.to_string();
    assert!(!kept.contains(SECRET) && !kept.contains(&key), "{kept}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_elsewhere_goes_its_way_and_is_changed_and_removed() {
    let (here, there) = (Bed::new().await, Bed::new().await);
    let far = Far::of(&there).await;
    let tracker = tracker(&here, &[("bcdi", &far.url)], ALWAYS);
    let school = rne(SCHOOL);
    tracker.follow(new_school(SCHOOL, "bcdi"), &actor()).await.unwrap();
    there.until(SCHOOL, State::DbWait).await;
    tracker.round().await.unwrap();
    let ticket = tracker.ticket(&school).await.unwrap();
    assert!(ticket.url.starts_with("https://hub.example/hosting/v1/upload/tickets/"), "{ticket:?}");
    there.upload(SCHOOL, "a").await;
    there.until(SCHOOL, State::Ready).await;
    let is_open =
        async || tracker.look(&school).await.unwrap().said.is_ok_and(|said| said.connection.is_some());
    testhub::until("the connection", is_open).await;
    let looked = tracker.look(&school).await.unwrap();
    let said = looked.said.unwrap();
    assert_eq!(said.connection.unwrap().rows[0].value.expose(), PASSWORD);
    assert_eq!(
        (looked.school.state.as_str(), looked.school.kept.griffe.as_str()),
        ("BCDIREADY", "Lycée Jean Moulin")
    );

    let change = Change { griffe: Some("Collège".to_owned()), ..Change::default() };
    tracker.alter(&school, &change, &actor()).await.unwrap();
    there.until(SCHOOL, State::Ready).await;
    tracker.round().await.unwrap();
    assert_eq!(tracker.get(&school).await.unwrap().kept.griffe, "Collège");
    tracker.delete(&school, &actor()).await.unwrap();
    there.until(SCHOOL, State::Deleted).await;
    tracker.round().await.unwrap();
    assert_eq!(tracker.get(&school).await.unwrap().state, "BCDIDELETED");
    let said = subjects(&here).await;
    assert!(said.last().unwrap().contains("supprimé"), "{said:?}");
    assert_eq!(far.refused_keys(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_void_is_asked_with_no_more_and_its_links_are_dead() {
    let (here, there) = (Bed::new().await, Bed::new().await);
    let far = Far::of(&there).await;
    let tracker = tracker(&here, &[("bcdi", &far.url)], ALWAYS);
    let school = rne(SCHOOL);
    let before = tracker.follow(new_school(SCHOOL, "bcdi"), &actor()).await.unwrap().school;
    there.host.act(&school, Happening::KeyRotated, &actor(), "key_rotated").await.unwrap();
    for _ in 0..3 {
        tracker.round().await.unwrap();
    }
    let after = tracker.get(&school).await.unwrap();
    assert_eq!((far.refused_keys(), after.kept.key.is_none()), (1, true));
    assert!(after.kept.generation > before.kept.generation);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_down_is_shown_and_not_lost_and_all_steps_have_their_times() {
    let (here, there) = (Bed::new().await, Bed::new().await);
    let far = Far::of(&there).await;
    let url = far.url.clone();
    let tracker = tracker(&here, &[("bcdi", &url)], ALWAYS);
    let school = rne(SCHOOL);
    let before = tracker.follow(new_school(SCHOOL, "bcdi"), &actor()).await.unwrap().school.state;
    let written = mails(&here).await.len();
    let port = far.stop().await;
    let round = tracker.round().await.unwrap();
    assert_eq!((round.seen, round.failed), (0, 1));
    let host = tracker.hosts().await.unwrap().pop().unwrap();
    assert_eq!((host.name.as_str(), host.schools), ("bcdi", 1));
    let trouble = host.answering.trouble.unwrap();
    assert!(
        trouble.message.contains("cannot be reached") && !trouble.message.contains("127.0.0.1"),
        "{trouble:?}"
    );
    assert_eq!(tracker.round().await.unwrap().failed, 0, "it is left alone for a while");
    // What was heard a moment ago is good for that moment.
    testhub::until("the trouble", async || tracker.look(&school).await.unwrap().said.is_err()).await;
    assert_eq!(tracker.get(&school).await.unwrap().state, before);

    there.until(SCHOOL, State::DbWait).await;
    there.upload(SCHOOL, "a").await;
    there.until(SCHOOL, State::Ready).await;
    let far = Far::serve(there.routes.clone(), port).await;
    here.clock.run_ahead(jiff::SignedDuration::from_mins(5));
    let round = tracker.round().await.unwrap();
    assert_eq!((round.seen, round.failed), (1, 0));
    let steps = tracker.get(&school).await.unwrap().kept.steps;
    assert_eq!(steps.len(), 5, "{steps:?}");
    assert_eq!(mails(&here).await.len(), written + 1, "one mail, for the newest");
    assert!(tracker.hosts().await.unwrap().pop().unwrap().answering.trouble.is_none());
    drop(far);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_followed_whole_or_not_at_all_and_goes_on_where_it_ended() {
    let (here, there) = (Bed::new().await, Bed::new().await);
    let far = Far::of(&there).await;
    there.create(NEIGHBOUR).await;
    let tracker = tracker(&here, &[("bcdi", &far.url)], ALWAYS);
    let text = format!(
        "rne;griffe;code;version;mail;host\n{SCHOOL};Lycée;k-1;CL;cdi@lycee.example;bcdi\n{NEIGHBOUR};;;;;bcdi\n0750653C;;;;;bcdi\nx;;;;;\n0750652B;;;;;nowhere\n"
    );
    let table = || Table::read(text.as_bytes()).unwrap();
    let follow = async |manner| tracker.follow_all(table(), manner, &actor(), |_| {}).await.unwrap();
    let nothing = follow(Manner::default()).await;
    assert!(nothing.untouched && nothing.bad.iter().map(|row| row.line).eq([5, 6]), "{nothing:?}");
    assert!(tracker.find(&rne(SCHOOL)).await.unwrap().is_none());

    let rest = Manner { leave_out: true, tell: false };
    let done = follow(rest).await;
    assert_eq!(
        (done.done.get(&How::Created), done.done.get(&How::Followed)),
        (Some(&1), Some(&1)),
        "{done:?}"
    );
    assert!(done.bad.iter().map(|row| row.line).eq([4, 5, 6]), "{done:?}");
    assert!(done.bad[0].reason.contains("knows no such school"), "{done:?}");
    let again = follow(rest).await;
    assert_eq!(again.done.get(&How::Known), Some(&2), "{again:?}");
    assert_eq!(far.refused_keys(), 0);

    // A host that does not answer: each of its rows is named.
    far.stop().await;
    let down = follow(rest).await;
    assert!(down.done.is_empty() && down.bad.len() == 5, "{down:?}");
}
