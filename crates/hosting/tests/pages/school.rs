//! The page of a school: who gets it, what it shows, and what never.

use axum::http::StatusCode;
use http::Role;
use http::page::Lang;
use intendant_hosting::{State, Work};

use crate::bed::{Office, SITE, say};
use crate::support::{NEIGHBOUR, PASSWORD, SCHOOL, SECRET, actor, failed};

#[tokio::test(flavor = "multi_thread")]
async fn a_link_opens_the_page_of_one_school_until_it_is_replaced() {
    let office = Office::new().await;
    office.follow(SCHOOL, None).await;
    office.follow(NEIGHBOUR, None).await;
    let (path, other) = (office.page(SCHOOL).await, office.page(NEIGHBOUR).await);
    let page = office.look(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    page.shows(SCHOOL);
    page.hides(NEIGHBOUR);
    let policy = page.header("content-security-policy").to_owned();
    for part in [
        "default-src 'none'",
        &format!("frame-ancestors 'self' {SITE}"),
        "frame-src 'self' https://host.example",
    ] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    assert!(!policy.contains("/sub"), "{policy}");
    assert_eq!((page.header("referrer-policy"), page.header("cache-control")), ("no-referrer", "no-store"));

    let token = path.rsplit('/').next().unwrap();
    let longer = format!("{path}A");
    let stop = path.replace("/school/", "/stop/");
    let changed = format!("{}{}", &path[..path.len() - 1], if path.ends_with('A') { "B" } else { "A" });
    for odd in [longer.as_str(), &stop, &changed, "/hosting/v1/school/x", "/hosting/v1/stop/%00"] {
        let refused = office.look(odd).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "{odd}");
        refused.shows("This link is no longer valid");
        refused.hides(SCHOOL);
        assert!(refused.header("content-security-policy").contains(SITE), "also this is shown in a frame");
    }
    office.tracker.rotate_links(&SCHOOL.parse().unwrap(), &actor()).await.unwrap();
    assert_eq!(office.look(&path).await.status, StatusCode::NOT_FOUND, "the old one is void");
    assert_eq!(office.look(&other).await.status, StatusCode::OK, "and no other");
    assert_ne!(office.page(SCHOOL).await.rsplit('/').next().unwrap(), token);
    assert_eq!(office.look(&office.page(SCHOOL).await).await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_state_says_what_it_means_and_what_can_be_done_in_both_languages() {
    let office = Office::new().await;
    let gate = office.bed.answers.hold().await;
    office.follow(SCHOOL, Some("cdi@lycee.example")).await;
    let path = office.page(SCHOOL).await;
    let see = async |state: State, more: &[&str]| {
        for lang in Lang::ALL {
            let word = state.code().to_lowercase();
            let name = say(lang, &format!("school-state-{word}"));
            let page = office.look_until(&format!("{path}?lang={}", lang.tag()), &name).await;
            for end in ["-text", "-next"] {
                page.shows(&say(lang, &format!("school-state-{word}{end}")));
            }
            for words in more {
                office.look_until(&format!("{path}?lang={}", lang.tag()), words).await;
            }
            page.hides("⟦");
            page.hides(SECRET);
        }
        // The mails of the school are in French.
        office.look(&path).await.shows("<html lang=\"fr\">");
    };
    see(State::Start, &[]).await;
    drop(gate);
    office.bed.until(SCHOOL, State::DbWait).await;
    see(State::DbWait, &["<iframe", "/hosting/v1/upload/tickets/"]).await;
    let gate = office.bed.answers.hold().await;
    office.bed.upload(SCHOOL, "a").await;
    see(State::Uploaded, &["id=\"left\"", "http-equiv=\"refresh\""]).await;
    office.bed.answer(Work::Mount, failed("no title was found in main.zip"));
    drop(gate);
    office.bed.until(SCHOOL, State::UploadedError).await;
    see(State::UploadedError, &["no title was found in main.zip", "<iframe"]).await;
    office.bed.upload(SCHOOL, "b").await;
    office.bed.until(SCHOOL, State::Ready).await;
    see(State::Ready, &["id=\"reveal\"", "Seats", "id=\"site\""]).await;
    office.tracker.delete(&SCHOOL.parse().unwrap(), &actor()).await.unwrap();
    office.bed.until(SCHOOL, State::Deleted).await;
    office.bed.host.measure_all().await.unwrap();
    see(State::Deleted, &["base.zip", "/downloads/base.zip?"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_secret_is_in_the_page_only_once_somebody_asks_for_it() {
    let office = Office::new().await;
    office.open(SCHOOL).await;
    let path = office.page(SCHOOL).await;
    let page = office.look(&path).await;
    page.shows("Password");
    page.hides(PASSWORD);
    let revealed = office.ask("POST", &format!("{path}/reveal"), None, "reveal=1").await;
    revealed.shows(PASSWORD);
    assert_eq!(
        (revealed.header("cache-control"), revealed.header("referrer-policy")),
        ("no-store", "no-referrer")
    );
    assert_eq!(office.look(&format!("{path}/reveal")).await.status, StatusCode::METHOD_NOT_ALLOWED);
    let key =
        office.bed.host.key(&office.bed.host.get(&SCHOOL.parse().unwrap()).await.unwrap()).await.unwrap();
    for answer in [page, revealed] {
        answer.hides(&key);
        answer.hides(SECRET);
        let links = answer.body.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        assert!(links.into_iter().all(|link| !link.contains(PASSWORD)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_by_itself_is_asked_for_without_another_ticket() {
    let office = Office::new().await;
    office.follow(SCHOOL, None).await;
    office.bed.until(SCHOOL, State::DbWait).await;
    let path = office.page(SCHOOL).await;
    let mark = |body: &str| body.split("data-of=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let (whole, part) = (office.look(&path).await, office.look(&format!("{path}?part=now")).await);
    part.shows("id=\"now\"");
    part.shows("id=\"past\"");
    part.hides("/tickets/");
    part.hides("<html");
    assert_eq!(mark(&whole.body), mark(&part.body));
    office.bed.upload(SCHOOL, "a").await;
    office.bed.until(SCHOOL, State::Ready).await;
    let later = testhub::until("a new mark", async || {
        mark(&office.look(&format!("{path}?part=now")).await.body) != mark(&part.body)
    });
    later.await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_are_stopped_by_a_button_and_by_mail_programs_and_by_nobody_who_only_looks() {
    let office = Office::new().await;
    office.follow(SCHOOL, Some("cdi@lycee.example")).await;
    let school = async || office.tracker.get(&SCHOOL.parse().unwrap()).await.unwrap();
    let stop = office.path(&office.tracker.links(&school().await).await.unwrap().stop);
    let asked = office.look(&stop).await;
    asked.shows("Ne plus envoyer de messages");
    assert!(school().await.kept.stopped_at.is_none(), "looking changes nothing");
    let page = office.page(SCHOOL).await;
    assert_eq!(
        office.ask("POST", &page.replace("/school/", "/stop/"), None, "").await.status,
        StatusCode::NOT_FOUND
    );
    // As a mail program says it (RFC 8058).
    let stopped = office.ask("POST", &stop, None, "List-Unsubscribe=One-Click").await;
    assert_eq!(stopped.status, StatusCode::OK);
    assert!(school().await.kept.stopped_at.is_some());
    office.see("/hosting").await.shows("Mails stopped");
    let again =
        office.ask("POST", &format!("/hosting/schools/{SCHOOL}"), Some(Role::Operator), "do=resume").await;
    assert!(again.place().ends_with("said=hosting-resumed.1"));
    assert!(school().await.kept.stopped_at.is_none());
}
