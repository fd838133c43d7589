//! Jobs: looking at them, and what can be done with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use http::Role;
use model::{JobId, JobState};
use serde_json::{Value, json};
use support::{Bed, person};

fn job_in(location: &str) -> JobId {
    location.strip_prefix("/jobs/").unwrap().split('?').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_failed_job_says_what_the_backend_said() {
    let bed = Bed::done().await;
    let job = bed.ended("DO", "alice", json!({"fail": "no room for <alice>"})).await;
    let page = bed.get(&format!("/jobs/{job}")).await.html;
    assert!(page.contains("<q>no room for &#60;alice&#62;</q>"), "{page}");
    assert!(page.contains("log of &#60;no room"));
    assert!(page.contains("It has failed, and stays with the dead letters"));
    assert!(page.contains(&format!("action=\"/jobs/{job}/retry\"")));
    assert!(!page.contains(&format!("/jobs/{job}/cancel")), "a job that has ended cannot be cancelled");
    let viewer = bed.get_as(Some(person(Role::Viewer)), &format!("/jobs/{job}"), "en").await.html;
    assert!(!viewer.contains(&format!("action=\"/jobs/{job}/retry\"")), "a viewer has no buttons");
}

#[tokio::test]
async fn how_far_a_running_job_has_come_stands_on_its_page_and_in_the_lists_in_both_languages() {
    let bed = Bed::done().await;
    let mut reports = bed.hub.reports();
    let said = json!({"done": 1200, "of": 5000, "message": "copies <mail>", "eta_seconds": 90});
    let job = bed.job("DO", "alice", json!({"hang": true, "progress": said})).await;
    tokio::time::timeout(support::LONG, reports.recv()).await.unwrap().unwrap();
    let viewer = || Some(person(Role::Viewer));
    for path in [format!("/jobs/{job}"), "/jobs".to_owned(), "/".to_owned()] {
        let english = bed.get_as(viewer(), &path, "en").await.html;
        assert!(english.contains("max=\"5000\" value=\"1200\""), "{path}: {english}");
        assert!(
            english.contains("1,200 of 5,000 · copies &#60;mail&#62; · about 1\u{a0}min 30\u{a0}s left"),
            "{english}"
        );
        let french = bed.get_as(viewer(), &path, "fr").await.html;
        assert!(
            french.contains("1\u{202f}200 sur 5\u{202f}000 · copies &#60;mail&#62; · encore 1\u{a0}min"),
            "{french}"
        );
    }
    bed.post(&format!("/jobs/{job}/cancel"), &[]).await;
    bed.end_of(job).await;
    assert!(!bed.get(&format!("/jobs/{job}")).await.html.contains("1,200 of"));
}

#[tokio::test]
async fn a_job_that_waits_says_why_in_its_backends_words() {
    let bed = Bed::done().await;
    let own = bed.job("DO", "alice", json!({"wait": "job"})).await;
    bed.until_told(own).await;
    let page = async |job, lang: &str| {
        bed.get_as(Some(person(Role::Operator)), &format!("/jobs/{job}"), lang).await.html
    };
    let english = page(own, "en").await;
    assert!(english.contains("10first asks this job to wait until:"), "{english}");
    assert!(
        english.contains("<q>the &#60;quota&#62; of the day is used up</q>")
            && english.contains("put off once")
    );
    assert!(page(own, "fr").await.contains("10first demande à ce travail d’attendre jusqu’au"));

    let all = bed.job("DO", "bob", json!({"wait": "backend"})).await;
    bed.until_told(all).await;
    let behind = bed.job("DO", "carol", json!({})).await;
    let page = page(behind, "en").await;
    assert!(
        page.contains("10first asks all jobs to wait until:") && page.contains("<q>the &#60;quota&#62;"),
        "{page}"
    );
    let backend = bed.get("/backends/10first").await.html;
    assert!(
        backend.contains("Asks to wait until") && backend.contains("action=\"/backends/10first/resume\"")
    );
    assert!(bed.get("/").await.html.contains("10first said “not now”"));
    bed.post("/backends/10first/resume", &[("resume", "1")]).await;
    bed.end_of(behind).await;
}

#[tokio::test]
async fn a_dry_run_is_shown_as_one() {
    let bed = Bed::done().await;
    let request = model::Request {
        dry_run: true,
        ..model::Request::new("http", "DO", json!({"concernedTo": "alice"}))
    };
    let engine::Accepted::New(job) = bed.hub.accept(request, model::Effects::default()).await.unwrap() else {
        panic!("it is new");
    };
    bed.end_of(job).await;
    let page = bed.get(&format!("/jobs/{job}")).await.html;
    assert!(page.contains("A dry run: nothing is changed.") && page.contains("dryRun"), "{page}");
    assert!(bed.get("/jobs").await.html.contains("<span class=\"code\">dry run</span>"), "in lists, too");
}

#[tokio::test]
async fn a_retry_leads_to_the_new_job() {
    let bed = Bed::done().await;
    let job = bed.ended("DO", "alice", json!({"fail": "no"})).await;
    let answer = bed.post(&format!("/jobs/{job}/retry"), &[("plain", "1")]).await;
    let new = job_in(answer.location());
    assert_ne!(new, job);
    assert_eq!(bed.hub.job(new).await.unwrap().replay_of, Some(job));
    let page = bed.get(answer.location()).await.html;
    assert!(page.contains("It runs again as this new job."), "what was done is said");
}

#[tokio::test]
async fn a_document_is_edited_and_replayed() {
    let bed = Bed::done().await;
    let job = bed.ended("STRICT", "alice", json!({"uid": "alice", "token": "t0k3n", "fail": "no"})).await;
    let form = bed.get(&format!("/jobs/{job}/retry")).await.html;
    assert!(form.contains("name=\"secret:/payload/token\"") && !form.contains("t0k3n"));
    let edited = json!({"concernedTo": "alice", "payload": {"uid": "alice", "token": model::MASK, "fail": Value::Null}});
    let edited = edited.to_string();
    let answer = bed.post(&format!("/jobs/{job}/retry"), &[("document", &edited)]).await;
    let new = job_in(answer.location());
    bed.end_of(new).await;
    assert_eq!(bed.hub.job(new).await.unwrap().state, JobState::Succeeded);
    let wrong = bed.post(&format!("/jobs/{job}/retry"), &[("document", "{")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.html.contains("This is no valid JSON"));
}

#[tokio::test]
async fn a_stale_replay_asks_first() {
    let bed = Bed::done().await;
    let job = bed.ended("DO", "alice", json!({"fail": "no"})).await;
    let later = bed.ended("DO", "alice", json!({})).await;
    let answer = bed.post(&format!("/jobs/{job}/retry"), &[("plain", "1")]).await;
    assert!(answer.html.contains("name=\"stale\"") && answer.html.contains(&format!("/jobs/{later}")));
    let answer = bed.post(&format!("/jobs/{job}/retry"), &[("stale", "1")]).await;
    assert_ne!(job_in(answer.location()), job);
}

#[tokio::test]
async fn many_are_retried_after_a_page_that_says_how_many() {
    let bed = Bed::done().await;
    let first = bed.ended("DO", "a", json!({"fail": "no"})).await;
    let second = bed.ended("DO", "b", json!({"fail": "no"})).await;
    bed.ended("STRICT", "c", json!({"uid": "c", "fail": "no"})).await;
    let ask = bed.get("/jobs/retry?action=DO").await.html;
    assert!(
        ask.contains("2 jobs will run again as new jobs.") && ask.contains("name=\"action\" value=\"DO\""),
        "{ask}"
    );
    let answer = bed.post("/jobs/retry", &[("dead", "true"), ("action", "DO")]).await;
    assert_eq!(answer.location(), "/dead-letters?said=retry-many.2");
    let jobs = bed
        .hub
        .journal()
        .jobs(
            journal::Filter::default(),
            journal::Page { after: None, order: journal::Order::Newest, limit: 2 },
        )
        .await
        .unwrap();
    let replayed: Vec<_> = jobs.rows.iter().map(|job| job.replay_of).collect();
    assert_eq!(replayed, [Some(second), Some(first)], "in their old order");
}

/// The first link of a page that leads there.
fn link(page: &str, to: &str) -> String {
    let rest =
        page.split(&format!("href=\"{to}")).nth(1).unwrap_or_else(|| panic!("no link to {to}: {page}"));
    format!("{to}{}", rest.split('"').next().unwrap()).replace("&#38;", "&").replace("&amp;", "&")
}

#[tokio::test]
async fn dead_letters_of_one_cause_are_set_aside_or_retried_with_one_click() {
    let bed = Bed::done().await;
    let first = bed.ended("DO", "anna", json!({"fail": "no room for anna"})).await;
    let second = bed.ended("DO", "bert", json!({"fail": "no room for bert"})).await;
    let other = bed.ended("DO", "carl", json!({"fail": "unreachable"})).await;
    let page = bed.get("/dead-letters").await.html;
    assert!(page.contains(">no room for …</a>") && page.contains(">unreachable</a>"), "{page}");
    let viewer = bed.get_as(Some(person(Role::Viewer)), "/dead-letters", "en").await.html;
    assert!(!viewer.contains("/jobs/aside?"), "a viewer has no buttons");

    // The list of the cause, and what can be done with all of it.
    let list = bed.get(&link(&page, "/dead-letters?cause=")).await.html;
    let row = |job: JobId| format!("id=\"job-{job}\"");
    assert!(list.contains(&row(first)) && list.contains(&row(second)) && !list.contains(&row(other)));
    assert!(list.contains("<q>no room for bert</q>"), "the last one in its own words: {list}");
    let ask = bed.get(&link(&list, "/jobs/aside?")).await.html;
    assert!(ask.contains("2 dead letters will be set aside.") && ask.contains("no room for …"), "{ask}");
    let cause = ask.split("name=\"cause\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let form = [("dead", "true"), ("cause", cause.as_str())];
    let nameless = bed.post("/jobs/aside", &form).await;
    assert!(nameless.html.contains("Say why") && nameless.html.contains("aria-invalid"), "{}", nameless.html);
    let done = bed.post("/jobs/aside", &[form[0], form[1], ("reason", "they left")]).await;
    assert_eq!(done.location(), "/dead-letters?said=aside-many.2");
    let page = bed.get(done.location()).await.html;
    assert!(page.contains("2 dead letters are set aside.") && !page.contains(&row(first)), "{page}");
    let job = bed.get(&format!("/jobs/{first}")).await.html;
    assert!(job.contains("It failed, and was set aside.") && job.contains("href=\"/audit/"), "{job}");
    assert!(bed.get("/audit").await.html.contains("2 dead letters set aside: they left"));

    // What was mended is retried; it ends with the success of its replay.
    let other = other.to_string();
    let ticked = bed.get(&format!("/jobs/aside?job={other}&state=failed")).await.html;
    assert!(ticked.contains("One dead letter") || ticked.contains("1 dead letter will"), "{ticked}");
    let answer = bed.post("/jobs/retry", &[("job", &other)]).await;
    assert!(answer.location().ends_with("said=retry-many.1"));
}

#[tokio::test]
async fn a_backend_shows_the_failures_of_its_own_steps() {
    let bed = Bed::with(vec![support::named("10first"), support::named("20second")]).await;
    // Both run; the second one fails.
    let failed = bed.ended("DO", "anna", json!({"fail_on": "20second"})).await;
    let first = bed.get("/backends/10first").await.html;
    assert!(!first.contains(&failed.to_string()), "its step went well: {first}");
    let second = bed.get("/backends/20second").await.html;
    assert!(second.contains(&format!("id=\"job-{failed}\"")), "{second}");
    let ask = bed.get(&link(&second, "/jobs/retry?failed_on=")).await.html;
    assert!(ask.contains("1 job will run again") && ask.contains("20second"), "{ask}");
    let none = bed.get("/jobs/retry?failed_on=10first").await.html;
    assert!(none.contains("No failed job fits."), "{none}");
}

#[tokio::test]
async fn chosen_jobs_are_cancelled_together() {
    let bed = Bed::done().await;
    let one = bed.job("DO", "a", json!({"later": true})).await;
    bed.until(one, JobState::Retrying).await;
    let other = bed.job("DO", "b", json!({"later": true})).await;
    bed.until(other, JobState::Retrying).await;
    let ask = bed.get(&format!("/jobs/cancel?job={one}&state=")).await.html;
    assert!(ask.contains("1 job will be cancelled.") && ask.contains(&format!("value=\"{one}\"")), "{ask}");
    let answer = bed.post("/jobs/cancel", &[("job", &one.to_string())]).await;
    assert_eq!(answer.location(), "/jobs?said=cancel-many.1");
    assert_eq!(bed.hub.job(one).await.unwrap().state, JobState::Cancelled);
    assert_eq!(bed.hub.job(other).await.unwrap().state, JobState::Retrying);
    // All that fit: those that have not ended.
    let answer = bed.post("/jobs/cancel", &[("all", "1"), ("action", "DO")]).await;
    assert_eq!(answer.location(), "/jobs?said=cancel-many.1");
}

#[tokio::test]
async fn a_running_job_is_cancelled() {
    let bed = Bed::done().await;
    let job = bed.job("DO", "a", json!({"hang": true})).await;
    bed.until(job, JobState::Running).await;
    let answer = bed.post(&format!("/jobs/{job}/cancel"), &[("cancel", "1")]).await;
    assert!(answer.location().ends_with("said=cancelling.1"));
    bed.end_of(job).await;
    assert_eq!(bed.hub.job(job).await.unwrap().state, JobState::Cancelled);
}

#[tokio::test]
async fn a_wrong_filter_is_said_at_its_field_and_selects_nothing() {
    let bed = Bed::done().await;
    bed.ended("DO", "a", json!({})).await;
    let page = bed.get("/jobs?subject=alice").await.html;
    assert!(
        page.contains("aria-invalid=\"true\" aria-describedby=\"w-subject\"") && page.contains("No job fits")
    );
    assert!(bed.get("/jobs?subject=identity%3Aa").await.html.contains("identity:a</span>"));
}

#[tokio::test]
async fn older_jobs_are_a_page_further() {
    let bed = Bed::done().await;
    for n in 0..103 {
        bed.job("DO", &format!("s{n}"), json!({"later": true})).await;
    }
    let first = bed.get("/jobs?state=&action=DO").await.html;
    assert_eq!(first.matches("<tr role=\"row\" id=\"job-").count(), 100);
    let next = first.split("rel=\"next\"").next().unwrap().rsplit("href=\"").next().unwrap();
    let next = next.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    let second = bed.get(&next).await.html;
    assert_eq!(second.matches("<tr role=\"row\" id=\"job-").count(), 3);
    assert!(second.contains("← Newest"));
}

#[tokio::test]
async fn what_a_person_has_to_decide_stands_first_among_dead_letters() {
    let bed = Bed::done().await;
    let said = json!({"fail": "the address was given away twice", "grave": true});
    let grave = bed.ended("DO", "alice", said).await;
    let other = bed.ended("DO", "bob", json!({"fail": "no room"})).await;
    let row = |job: JobId| format!("id=\"job-{job}\"");
    let page = bed.get("/dead-letters").await.html;
    assert!(page.contains("One grave failure: a person has to decide"), "{page}");
    assert_eq!((page.matches(&row(grave)).count(), page.matches(&row(other)).count()), (1, 1), "{page}");
    assert!(page.find(&row(grave)) < page.find(&row(other)), "it is older, and stands first: {page}");
    assert_eq!(page.matches(">grave<").count(), 1, "{page}");
    assert!(bed.get("/").await.html.contains("One failure is grave"));
    let french = bed.get_as(Some(person(Role::Viewer)), "/dead-letters", "fr").await.html;
    assert!(french.contains("Un échec grave"), "{french}");
    // Somebody has decided, and it went well: it is a failure of the past, among the others and still marked.
    bed.ended("DO", "alice", json!({})).await;
    let page = bed.get("/dead-letters").await.html;
    assert!(!page.contains("One grave failure") && page.find(&row(grave)) > page.find(&row(other)), "{page}");
    assert_eq!(page.matches(">grave<").count(), 1, "{page}");
}

#[tokio::test]
async fn the_list_says_how_many_there_are_and_is_turned_around_at_the_head_of_its_column() {
    let bed = Bed::done().await;
    for who in ["ann", "bob", "cat"] {
        bed.ended("DO", who, json!({})).await;
    }
    let places = |page: &str| ["ann", "bob", "cat"].map(|who| page.find(&format!("identity:{who}")).unwrap());
    let newest = bed.get("/jobs").await.html;
    assert!(newest.contains("3 jobs, the last accepted first"), "{newest}");
    assert!(newest.contains("aria-sort=\"descending\"><a href=\"/jobs?order=oldest\""));
    let [ann, bob, cat] = places(&newest);
    assert!(cat < bob && bob < ann);
    let oldest = bed.get("/jobs?order=oldest&action=DO").await.html;
    assert!(oldest.contains("3 jobs, the first accepted first"), "{oldest}");
    assert!(oldest.contains("aria-sort=\"ascending\"><a href=\"/jobs?action=DO\""));
    assert!(oldest.contains("type=\"hidden\" name=\"order\" value=\"oldest\""), "a filter keeps the order");
    let [ann, bob, cat] = places(&oldest);
    assert!(ann < bob && bob < cat);
}

#[tokio::test]
async fn where_a_search_ends_it_says_nothing_only_if_nothing_was_found_before() {
    let bed = Bed::done().await;
    bed.ended("DO", "alice", json!({})).await;
    let page = async |more: &str| bed.get(&format!("/jobs?text=nobody{more}")).await.html;
    for all in [page("").await, page("&after=1&none=yet").await] {
        assert!(all.contains("No job fits") && !all.contains("rel=\"next\""), "{all}");
    }
    let rest = page("&after=1").await;
    assert!(rest.contains("No further job fits") && rest.contains("← Newest"), "{rest}");
}
