//! The back office: who may do what, and what it comes to.

use axum::http::StatusCode;
use http::Role;
use intendant_hosting::{State, Work};

use crate::bed::Office;
use crate::support::{NEIGHBOUR, SCHOOL, SECRET, failed};

#[tokio::test(flavor = "multi_thread")]
async fn the_list_shows_states_and_who_cannot_be_notified_and_finds_them() {
    let office = Office::new().await;
    let first = office.see("/hosting").await;
    first.shows("No school is followed");
    office.follow(SCHOOL, Some("cdi@lycee.example")).await;
    office.follow(NEIGHBOUR, None).await;
    for rne in [SCHOOL, NEIGHBOUR] {
        office.bed.until(rne, State::DbWait).await;
    }
    office.bed.upload(SCHOOL, "a").await;
    office.bed.until(SCHOOL, State::Ready).await;
    office.tracker.round().await.unwrap();
    let whole = office.see("/hosting").await;
    whole.shows(&format!("id=\"s-{SCHOOL}\""));
    whole.shows("cdi@lycee.example");
    whole.shows("Cannot be notified");
    whole.shows("under an hour");
    let row = |rne: &str| format!("id=\"s-{rne}\"");
    for (query, there, away) in [
        ("state=BCDIREADY", SCHOOL, NEIGHBOUR),
        ("only=untold", NEIGHBOUR, SCHOOL),
        (&format!("text={NEIGHBOUR}"), NEIGHBOUR, SCHOOL),
    ] {
        let found = office.see(&format!("/hosting?{query}")).await;
        found.shows(&row(there));
        found.hides(&row(away));
    }
    let none = office.see("/hosting?host=elsewhere").await;
    none.shows("No school fits");
    let french = "/hosting";
    let viewer = office.ask("GET", french, Some(Role::Viewer), "").await;
    viewer.shows(&row(SCHOOL));
    viewer.hides("/hosting/new");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_is_ordered_by_the_dialogue_and_adopted_by_the_same_again() {
    let office = Office::new().await;
    let form = |rne: &str, code: &str| {
        format!("rne={rne}&griffe=Lyc%C3%A9e&code={code}&version=CL&mail=cdi%40lycee.example&language=fr")
    };
    let wrong = office.send("/hosting/new", &form("0750655F", SECRET)).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.shows("aria-invalid=\"true\"");
    wrong.shows("it would be E");
    wrong.hides(SECRET);
    let empty = office.send("/hosting/new", "rne=&griffe=&code=&version=CL&mail=nobody&language=fr").await;
    assert_eq!(empty.body.matches("aria-invalid=\"true\"").count(), 4, "{}", empty.body);
    assert!(office.tracker.find(&SCHOOL.parse().unwrap()).await.unwrap().is_none());

    let made = office.send("/hosting/new", &form(SCHOOL, SECRET)).await;
    assert_eq!(made.place(), format!("/hosting/schools/{SCHOOL}?said=hosting-made.1"));
    let again = office.send("/hosting/new", &form(SCHOOL, SECRET)).await;
    assert_eq!(again.place(), format!("/hosting/schools/{SCHOOL}?said=hosting-adopted.1"));
    let other = office.send("/hosting/new", &form(SCHOOL, "another")).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
    other.shows("other values");
    let school = office.bed.host.get(&SCHOOL.parse().unwrap()).await.unwrap();
    assert_eq!(school.kept.values.code.expose(), SECRET);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_differs_is_changed_at_the_host_and_the_contact_here() {
    let office = Office::new().await;
    office.open(SCHOOL).await;
    let path = format!("/hosting/schools/{SCHOOL}/alter");
    office.see(&path).await.shows("Lycée Jean Moulin");
    let known = "griffe=Lyc%C3%A9e+Jean+Moulin&version=CL";
    let nothing = office.send(&path, &format!("{known}&code=&mail=cdi%40lycee.example&language=fr")).await;
    assert_eq!(nothing.place(), format!("/hosting/schools/{SCHOOL}"));
    let contact = office.send(&path, &format!("{known}&code=&mail=new%40lycee.example&language=en")).await;
    assert!(contact.place().ends_with("said=hosting-contact.1"));
    assert_eq!(office.bed.state(SCHOOL).await, "BCDIREADY");
    office.see(&format!("/hosting/schools/{SCHOOL}")).await.shows("new@lycee.example");
    let none = office.send(&path, &format!("{known}&code=&mail=&language=en")).await;
    assert!(none.place().ends_with("said=hosting-contact.1"));
    office.see(&format!("/hosting/schools/{SCHOOL}")).await.shows("Cannot be notified");
    let gate = office.bed.answers.hold().await;
    let changed = office.send(&path, "griffe=Coll%C3%A8ge&version=SP&code=other&mail=&language=en").await;
    assert!(changed.place().ends_with("said=hosting-altered.1"));
    assert_eq!(office.bed.state(SCHOOL).await, "BCDIALTER");
    office.see(&path).await.shows("In this state the host changes nothing");
    drop(gate);
    office.bed.until(SCHOOL, State::Ready).await;
    let values = office.bed.host.get(&SCHOOL.parse().unwrap()).await.unwrap().kept.values;
    assert_eq!(
        (values.griffe.as_str(), values.code.expose(), values.version.as_str()),
        ("Collège", "other", "SP")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_deleted_unless_the_number_is_typed_and_the_link_is_for_those_who_may_act() {
    let office = Office::new().await;
    office.open(SCHOOL).await;
    let path = format!("/hosting/schools/{SCHOOL}");
    for typed in ["", NEIGHBOUR, "yes"] {
        let refused = office.send(&format!("{path}/delete"), &format!("typed={typed}&sure=1")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(office.bed.state(SCHOOL).await, "BCDIREADY");
    }
    let link = office.page(SCHOOL).await;
    let start = &link[..link.len() - 20];
    office.see(&path).await.shows("/hosting/v1/school/");
    let viewer = office.ask("GET", &path, Some(Role::Viewer), "").await;
    viewer.hides("/hosting/v1/school/");
    viewer.hides(start);
    for (way, form) in [("/delete", "typed=0750655E"), ("/rotate", ""), ("/forget", ""), ("", "do=stop")] {
        let refused = office.ask("POST", &format!("{path}{way}"), Some(Role::Viewer), form).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{way}");
        let stranger = office.ask("POST", &format!("{path}{way}"), None, form).await;
        assert!(stranger.place().starts_with("/sign-in"), "{way}");
    }
    let rotated = office.send(&format!("{path}/rotate"), "sure=1").await;
    assert!(rotated.place().ends_with("said=hosting-rotated.1"));
    assert_eq!(office.look(&link).await.status, StatusCode::NOT_FOUND);
    let deleted = office.send(&format!("{path}/delete"), "typed=0750655e&sure=1").await;
    assert!(deleted.place().ends_with("said=hosting-deleted.1"));
    office.bed.until(SCHOOL, State::Deleted).await;
    let forgotten = office.send(&format!("{path}/forget"), "sure=1").await;
    assert_eq!(forgotten.place(), "/hosting?said=hosting-forgotten.1");
    assert_eq!(office.see(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_could_not_be_created_is_asked_for_again_with_what_is_known() {
    let office = Office::new().await;
    office.bed.answer(Work::Create, failed("the disk is full"));
    office.follow(SCHOOL, Some("cdi@lycee.example")).await;
    office.bed.until(SCHOOL, State::StartError).await;
    let mut page = office.see(&format!("/hosting/schools/{SCHOOL}")).await;
    testhub::until("the failure is shown", async || {
        page = office.see(&format!("/hosting/schools/{SCHOOL}")).await;
        page.body.contains("the disk is full")
    })
    .await;
    let again = page.body.split("href=\"").find(|rest| rest.starts_with("/hosting/new?")).unwrap();
    let again = again.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    office.see(&again).await.shows("cdi@lycee.example");
    let query = again.split_once('?').unwrap().1;
    let sent = office.send("/hosting/new", &format!("{query}&code={SECRET}")).await;
    assert!(sent.place().contains("said="));
    office.bed.until(SCHOOL, State::DbWait).await;
}
