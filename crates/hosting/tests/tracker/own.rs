//! Schools at this hub's own host.

use engine::Actor;
use intendant_hosting::tracker::{How, Notice, OWN, Purpose};
use intendant_hosting::values::Change;
use intendant_hosting::{Happening, State, Work};

use super::support::{Bed, NEIGHBOUR, PASSWORD, SCHOOL, SECRET, actor, failed};
use super::watch::{ALWAYS, audit, contact, mails, new_school, rne, subjects, tracker};

#[tokio::test(flavor = "multi_thread")]
async fn a_school_is_told_of_each_step_once_and_the_mails_hold_no_secret() {
    let bed = Bed::new().await;
    let tracker = tracker(&bed, &[], ALWAYS);
    let gate = bed.answers.hold().await;
    let created = tracker.follow(new_school(SCHOOL, OWN), &actor()).await.unwrap();
    assert_eq!((created.how, created.school.state.as_str()), (How::Created, "START"));
    drop(gate);
    bed.until(SCHOOL, State::DbWait).await;
    tracker.round().await.unwrap();
    bed.upload(SCHOOL, "a").await;
    bed.until(SCHOOL, State::Ready).await;
    // Two who look at the same moment, and one who looks again.
    let other = self::tracker(&bed, &[], ALWAYS);
    let (first, second) = tokio::join!(tracker.round(), other.round());
    first.unwrap();
    second.unwrap();
    tracker.round().await.unwrap();

    let school = tracker.get(&rne(SCHOOL)).await.unwrap();
    let steps: Vec<_> = school.kept.steps.iter().map(|step| (step.state.as_str(), step.notice)).collect();
    assert_eq!(
        steps,
        [
            ("START", Notice::Written),
            ("BCDIDBWAIT", Notice::Written),
            ("BCDIDBUPLOADED", Notice::Passed),
            ("BCDIDBUPLOADEDRIGHT", Notice::Passed),
            ("BCDIREADY", Notice::Written)
        ]
    );
    let mails = mails(&bed).await;
    assert_eq!(mails.len(), 3, "{:?}", subjects(&bed).await);
    for mail in &mails {
        assert_eq!(mail.to.address, SCHOOL, "the address in clear is no mail address");
        assert_eq!(mail.body["to"], "cdi@lycee.example");
        let text = mail.body.to_string();
        let key = bed.host.key(&bed.host.get(&rne(SCHOOL)).await.unwrap()).await.unwrap();
        for secret in [SECRET, PASSWORD, key.as_str()] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains("https://hub.example/hosting/v1/school/"), "{text}");
    }
    let looked = tracker.look(&rne(SCHOOL)).await.unwrap();
    assert_eq!(
        looked.said.unwrap().connection.unwrap().rows[0].value.expose(),
        PASSWORD,
        "on the signed page"
    );
    let audit = audit(&bed).await.to_string();
    assert!(
        audit.contains("school_followed") && !audit.contains(SECRET) && !audit.contains(PASSWORD),
        "{audit}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_and_a_removal_are_asked_for_and_told() {
    let bed = Bed::new().await;
    let tracker = tracker(&bed, &[], ALWAYS);
    bed.open(SCHOOL).await;
    let school = rne(SCHOOL);
    let adopted = tracker.follow(new_school(SCHOOL, OWN), &actor()).await.unwrap();
    assert_eq!((adopted.how, adopted.school.state.as_str()), (How::Adopted, "BCDIREADY"));
    assert!(subjects(&bed).await.is_empty(), "what was before is not told");

    bed.answer(Work::Alter, failed("the licence is not valid"));
    let change = Change { griffe: Some("Other".to_owned()), ..Change::default() };
    tracker.alter(&school, &change, &actor()).await.unwrap();
    bed.until(SCHOOL, State::Ready).await;
    tracker.round().await.unwrap();
    let last = subjects(&bed).await.pop().unwrap();
    assert!(last.contains("n’a pas pu être modifié"), "{last}");

    tracker.delete(&school, &actor()).await.unwrap();
    bed.until(SCHOOL, State::Deleted).await;
    tracker.round().await.unwrap();
    let last = subjects(&bed).await.pop().unwrap();
    assert!(last.contains("a été supprimé"), "{last}");
    let renewed = tracker.follow(new_school(SCHOOL, OWN), &actor()).await.unwrap();
    assert_eq!(renewed.how, How::Renewed);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_notified_is_counted_and_who_does_not_want_it_is_left_in_peace() {
    let bed = Bed::new().await;
    let tracker = tracker(&bed, &[], ALWAYS);
    let mut mute = new_school(NEIGHBOUR, OWN);
    mute.contact = None;
    tracker.follow(mute, &actor()).await.unwrap();
    tracker.follow(new_school(SCHOOL, OWN), &actor()).await.unwrap();
    assert_eq!(tracker.mute().await.unwrap(), (2, 1));
    tracker.stop(&rne(SCHOOL), &Actor(format!("school:{SCHOOL}"))).await.unwrap();
    let before = mails(&bed).await.len();
    for number in [SCHOOL, NEIGHBOUR] {
        bed.until(number, State::DbWait).await;
        bed.upload(number, "a").await;
        bed.until(number, State::Ready).await;
    }
    tracker.round().await.unwrap();
    assert_eq!(mails(&bed).await.len(), before);
    let notice = async |number| tracker.get(&rne(number)).await.unwrap().kept.steps.pop().unwrap().notice;
    assert_eq!((notice(SCHOOL).await, notice(NEIGHBOUR).await), (Notice::Stopped, Notice::NoContact));

    tracker.resume(&rne(SCHOOL), &actor()).await.unwrap();
    tracker.set_contact(&rne(NEIGHBOUR), Some(contact("en")), &actor()).await.unwrap();
    assert_eq!(tracker.mute().await.unwrap(), (2, 0));
    for number in [SCHOOL, NEIGHBOUR] {
        tracker.delete(&rne(number), &actor()).await.unwrap();
    }
    let last = subjects(&bed).await.split_off(before);
    // It may be gone already when it is looked at.
    assert!(last.iter().any(|subject| subject.ends_with("supprimé")), "{last:?}");
    assert!(last.iter().any(|subject| subject.ends_with("removed")), "{last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_dead_after_a_rotation_of_links_or_of_the_schools_key() {
    let bed = Bed::new().await;
    let tracker = tracker(&bed, &[], ALWAYS);
    bed.open(SCHOOL).await;
    let school = tracker.follow(new_school(SCHOOL, OWN), &actor()).await.unwrap().school;
    let token = async || {
        let links = tracker.links(&tracker.get(&school.rne).await.unwrap()).await.unwrap();
        let token = |url: &str| url.rsplit_once('/').unwrap().1.to_owned();
        (token(&links.page), token(&links.stop))
    };
    let is_good = async |purpose, token: &str| tracker.verify(purpose, token).await.unwrap().is_some();
    let (page, stop) = token().await;
    assert!(is_good(Purpose::Page, &page).await && is_good(Purpose::Stop, &stop).await);
    assert!(!is_good(Purpose::Stop, &page).await && !is_good(Purpose::Page, "x").await);
    tracker.rotate_links(&school.rne, &actor()).await.unwrap();
    assert!(!is_good(Purpose::Page, &page).await);

    let (page, _) = token().await;
    bed.host.act(&school.rne, Happening::KeyRotated, &actor(), "key_rotated").await.unwrap();
    assert!(!is_good(Purpose::Page, &page).await);

    let (page, _) = token().await;
    tracker.unfollow(&school.rne, &actor()).await.unwrap();
    assert!(!is_good(Purpose::Page, &page).await);
    tracker.follow(new_school(SCHOOL, OWN), &actor()).await.unwrap();
    assert!(!is_good(Purpose::Page, &page).await, "not even when it is followed again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_before_a_restart_is_the_same_mail_after_it() {
    let bed = Bed::new().await;
    let tracker = tracker(&bed, &[], ALWAYS);
    let school = tracker.follow(new_school(SCHOOL, OWN), &actor()).await.unwrap().school;
    bed.until(SCHOOL, State::DbWait).await;
    tracker.round().await.unwrap();
    let link = tracker.links(&school).await.unwrap().page;
    let before: Vec<_> = mails(&bed).await.iter().map(|mail| mail.id).collect();
    assert!(!before.is_empty());
    drop(tracker);
    let bed = bed.again().await;
    let tracker = self::tracker(&bed, &[], ALWAYS);
    tracker.round().await.unwrap();
    let after: Vec<_> = mails(&bed).await.iter().map(|mail| mail.id).collect();
    assert_eq!(after, before, "neither lost nor written twice");
    let token = link.rsplit_once('/').unwrap().1;
    assert!(tracker.verify(Purpose::Page, token).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_leads_to_the_upload_page_and_a_step_is_seen_at_once() {
    let bed = Bed::new().await;
    // Nobody looks for a day: what moves here is noticed all the same.
    let tracker = tracker(&bed, &[], std::time::Duration::from_hours(24));
    tracker.follow(new_school(SCHOOL, OWN), &actor()).await.unwrap();
    bed.until(SCHOOL, State::DbWait).await;
    tracker.round().await.unwrap();
    assert_eq!(tracker.get(&rne(SCHOOL)).await.unwrap().state, "BCDIDBWAIT");
    let ticket = tracker.ticket(&rne(SCHOOL)).await.unwrap();
    assert!(ticket.url.starts_with("https://hub.example/hosting/v1/upload/tickets/"), "{ticket:?}");
    assert!(tracker.get(&rne(SCHOOL)).await.unwrap().kept.expected_at.is_some());
    bed.upload(SCHOOL, "a").await;
    bed.until(SCHOOL, State::Ready).await;
    tracker.round().await.unwrap();
    assert_eq!(tracker.get(&rne(SCHOOL)).await.unwrap().state, "BCDIREADY");
    assert_eq!(tracker.round().await.unwrap().seen, 0, "nothing is due");
}
