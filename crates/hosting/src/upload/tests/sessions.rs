use jiff::SignedDuration;

use super::bed::{Bed, RNE, archive};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const PROGRAM: (&str, &str) = ("accept", "application/json");

#[tokio::test]
async fn a_ticket_is_used_once_and_only_by_pressing_the_button() {
    let mut bed = Bed::new().await;
    let ticket = bed.ticket().await;
    for _ in 0..2 {
        let looked = bed.ask("GET", &ticket, &[("accept", "text/html")], b"").await;
        assert_eq!(looked.status, 200, "whoever follows a link uses nothing up");
        assert!(looked.body.contains("<button") && looked.body.contains(RNE), "{}", looked.body);
    }
    let used = bed.ask("POST", &ticket, &[], b"").await;
    assert_eq!(used.status, 303);
    assert!(used.header("location").starts_with("/hosting/v1/upload/sessions/"));
    assert_eq!(bed.ask("GET", used.header("location"), &[], b"").await.status, 200);
    for _ in 0..2 {
        let again = bed.ask("POST", &ticket, &[PROGRAM], b"").await;
        assert_eq!((again.status, again.code().as_str()), (404, "gone"));
        bed.restart().await;
    }
    let page = bed.ask("POST", &ticket, &[("accept-language", "fr")], b"").await;
    assert!(page.status == 404 && page.body.contains("Ce lien n’est plus valable"), "{}", page.body);
}

#[tokio::test]
async fn tickets_of_another_time_school_or_hub_lead_nowhere() {
    let bed = Bed::new().await;
    let ticket = bed.ticket().await;
    bed.clock.run_ahead(SignedDuration::from_mins(16));
    assert_eq!(bed.ask("POST", &ticket, &[PROGRAM], b"").await.code(), "gone", "expired");
    bed.clock.run_ahead(SignedDuration::ZERO);
    bed.life.0.lock().unwrap().standing.generation = 2;
    assert_eq!(bed.ask("POST", &ticket, &[PROGRAM], b"").await.code(), "gone", "the key was changed");
    bed.life.0.lock().unwrap().standing.generation = 1;
    let mut forged = ticket.clone();
    let last = forged.pop().unwrap();
    forged.push(if last == 'A' { 'Q' } else { 'A' });
    assert_eq!(bed.ask("POST", &forged, &[PROGRAM], b"").await.code(), "gone");
    assert_eq!(bed.ask("POST", &ticket, &[PROGRAM], b"").await.status, 201, "the right one still does");
}

#[tokio::test]
async fn the_form_of_the_clients_own_page_comes_in_with_the_key() {
    let bed = Bed::new().await;
    let post = async |body: &str| bed.ask("POST", "/hosting/v1/upload", &[FORM], body.as_bytes()).await;
    let entered = post(&format!("rne={RNE}&key=the-key")).await;
    assert_eq!((entered.status, entered.header("referrer-policy")), (303, "no-referrer"));
    assert!(!entered.header("location").contains("the-key"));
    let page = bed.ask("GET", entered.header("location"), &[], b"").await;
    assert!(page.status == 200 && !page.body.contains("the-key"));
    let (school, key, none) =
        (post("rne=0000000A&key=the-key").await, post(&format!("rne={RNE}&key=other")).await, post("").await);
    assert!([school.status, key.status, none.status].iter().all(|status| *status == 403));
    assert!(school.body == key.body && key.body == none.body, "nobody learns which of the two it was");
    assert!(school.header("content-type").starts_with("text/html"));
}

#[tokio::test]
async fn four_sessions_lead_to_one_set_and_a_fifth_takes_the_place_of_one() {
    let bed = Bed::new().await;
    let mut sessions = Vec::new();
    for n in 0..5 {
        bed.clock.run_ahead(SignedDuration::from_secs(n));
        sessions.push(bed.session().await);
    }
    let status = async |session: &str| bed.ask("GET", &format!("{session}/files"), &[], b"").await.status;
    assert_eq!(status(&sessions[0]).await, 404);
    for session in &sessions[1..] {
        assert_eq!(status(session).await, 200);
    }
    // Who comes back in another browser finds what was begun.
    bed.create(&sessions[1], "base.txt", 10).await;
    let listed = bed.ask("GET", &format!("{}/files", sessions[4]), &[], b"").await.json();
    assert_eq!(
        (&listed["files"][0]["name"], &listed["files"][0]["state"]),
        (&"base.txt".into(), &"coming".into())
    );
}

#[tokio::test]
async fn a_session_lasts_a_day_beyond_its_use_and_not_longer_than_the_key() {
    let mut bed = Bed::new().await;
    let session = bed.session().await;
    let status = async |bed: &Bed| bed.ask("GET", &format!("{session}/files"), &[], b"").await.status;
    bed.clock.run_ahead(SignedDuration::from_hours(23));
    assert_eq!(status(&bed).await, 200);
    bed.restart().await;
    bed.clock.run_ahead(SignedDuration::from_hours(46));
    assert_eq!(status(&bed).await, 200, "it was used meanwhile");
    bed.clock.run_ahead(SignedDuration::from_hours(71));
    assert_eq!(status(&bed).await, 404);
    bed.clock.run_ahead(SignedDuration::from_hours(46));
    bed.life.0.lock().unwrap().standing.generation = 2;
    assert_eq!(status(&bed).await, 404);
    let other = format!("/hosting/v1/upload/sessions/{}/files", "0".repeat(64));
    assert_eq!(bed.ask("GET", &other, &[], b"").await.status, 404);
}

#[tokio::test]
async fn files_are_handed_over_whole_in_their_order_and_once() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let finish = async |body: &str| {
        bed.ask("POST", &format!("{session}/finish"), &[FORM, PROGRAM], body.as_bytes()).await
    };
    assert_eq!(finish("").await.code(), "nothing_yet");
    let ids = async || -> Vec<String> {
        let listed = bed.ask("GET", &format!("{session}/files"), &[], b"").await.json();
        let id = |file: &serde_json::Value| file["id"].as_str().unwrap().to_owned();
        listed["files"].as_array().unwrap().iter().map(id).collect()
    };
    for name in ["a.zip", "b.zip", "c.zip"] {
        assert_eq!(bed.send(&session, name, &archive(name.as_bytes())).await.status, 204);
    }
    bed.create(&session, "d.txt", 10).await;
    let all = ids().await;
    let incomplete = finish("").await;
    assert_eq!((incomplete.status, incomplete.code().as_str()), (409, "incomplete"));
    assert!(incomplete.json()["detail"].as_str().unwrap().contains("d.txt"));
    let remove = format!("{session}/files/{}/remove", all[3]);
    assert_eq!(bed.ask("POST", &remove, &[PROGRAM], b"").await.status, 204);
    let order = format!("file={}&file={}", all[2], all[0]);
    assert_eq!(
        bed.ask("POST", &format!("{session}/order"), &[FORM, PROGRAM], order.as_bytes()).await.status,
        204
    );
    assert_eq!(ids().await, [&all[2], &all[0], &all[1]].map(Clone::clone));
    assert_eq!(finish(&order).await.code(), "other_list", "somebody added one that this one has not seen");
    assert_eq!(finish(&format!("file={}&{order}", all[1])).await.status, 204);
    assert_eq!(finish("").await.status, 204, "said again, it is done");
    {
        let lived = bed.life.0.lock().unwrap();
        assert_eq!(lived.handed.len(), 1);
        let names: Vec<_> = lived.handed[0].iter().map(|file| (file.name.as_str(), file.main)).collect();
        assert_eq!(names, [("b.zip", true), ("c.zip", false), ("a.zip", false)]);
    }
    assert_eq!(bed.create(&session, "late.txt", 10).await.code(), "handed_over");
    assert_eq!(
        bed.ask("POST", &format!("{session}/files/{}/remove", all[0]), &[PROGRAM], b"").await.code(),
        "handed_over"
    );
    let page = bed.ask("GET", &session, &[], b"").await;
    assert!(
        page.body.contains("have been handed over") && !page.body.contains("type=\"file\""),
        "{}",
        page.body
    );
    // What was handed over could not be used: the same address begins anew.
    bed.life.0.lock().unwrap().standing.may_upload = true;
    let page = bed.ask("GET", &session, &[], b"").await;
    assert!(page.body.contains("type=\"file\"") && !page.body.contains("a.zip"), "{}", page.body);
    assert_eq!(bed.send(&session, "a.zip", &archive(b"better")).await.status, 204);
    assert_eq!(finish("").await.status, 204);
    assert_eq!(bed.life.0.lock().unwrap().handed.len(), 2);
}

#[tokio::test]
async fn nothing_is_taken_while_nobody_waits_for_it() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    bed.life.0.lock().unwrap().standing.may_upload = false;
    let refused = bed.create(&session, "base.txt", 10).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "not_now"));
    let page = bed.ask("GET", &session, &[], b"").await;
    assert!(page.body.contains("not waiting for any"), "{}", page.body);
}

#[tokio::test]
async fn a_file_chosen_again_is_known_by_its_beginning() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let file = bed.create(&session, "base.txt", 100_000).await.header("location").to_owned();
    bed.patch(&file, 0, &vec![b'a'; 70_000], &[]).await;
    let head = format!("{file}/head");
    assert_eq!(bed.ask("POST", &head, &[], &vec![b'a'; 65_536]).await.status, 204);
    let other =
        bed.ask("POST", &head, &[("accept-language", "fr")], &[&vec![b'a'; 65_535][..], b"b"].concat()).await;
    assert_eq!((other.status, other.code().as_str()), (409, "other_file"));
    assert!(other.json()["detail"].as_str().unwrap().contains("«\u{a0}base.txt\u{a0}» n’est pas le fichier"));
}
