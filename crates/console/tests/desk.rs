//! What helps at the desk: charts, the number of attempts at once, saved views, going anywhere, the API's own page.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use http::Role;
use serde_json::json;
use support::{Bed, person};

#[tokio::test]
async fn charts_have_ranges_lead_to_jobs_and_are_of_one_backend_if_asked() {
    let bed = Bed::done().await;
    assert!(bed.get("/").await.html.contains("Nothing ended in this time."));
    bed.ended("DO", "ann", json!({})).await;
    bed.ended("DO", "bob", json!({"fail": "no"})).await;
    testhub::until("the counts", async || bed.get("/").await.html.contains("1 failed")).await;
    for range in ["1h", "24h", "7d", "30d"] {
        let page = bed.get(&format!("/?range={range}&backend=10first")).await.html;
        assert!(page.contains("Attempts ended") && page.contains("1 succeeded, 1 failed"), "{range}");
        assert!(page.contains("/jobs?ended_since=20") && page.contains("&#38;backend=10first"), "{range}");
        assert!(
            page.contains(&format!("href=\"/?range={range}&#38;backend=10first\" aria-current=\"true\""))
        );
    }
    // What a bar leads to is what ended in it, with that outcome.
    let page = bed.get("/?range=1h").await.html;
    let failed = page.split("href=\"").find(|link| {
        link.contains("ended_since") && link.contains("state=failed") && !link.contains("state=succeeded")
    });
    let failed = failed.unwrap().split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    let list = bed.get(&failed).await.html;
    assert!(list.contains("identity:bob") && !list.contains("identity:ann"), "{failed}");
    let own = bed.get("/backends/10first?range=7d").await.html;
    assert!(own.contains("href=\"/backends/10first?range=7d\" aria-current=\"true\""), "{own}");
    // One bar of each chart is reached by the keyboard, the others from there.
    assert_eq!(own.matches("tabindex=\"0\" data-at=").count(), 2);
}

#[tokio::test]
async fn how_many_attempts_run_at_once_is_set_and_set_back_on_the_backend_s_page() {
    let bed = Bed::done().await;
    let set = bed.post("/backends/10first/concurrency", &[("at_most", "2")]).await;
    assert_eq!(set.location(), "/backends/10first?said=concurrency.1");
    let page = bed.get("/backends/10first").await.html;
    assert!(page.contains("value=\"2\"") && page.contains("Back to 4, as configured"));
    assert!(bed.get("/audit").await.html.contains("at most 2 attempts at once"));
    bed.post("/backends/10first/concurrency", &[("at_most", "2"), ("configured", "1")]).await;
    assert_eq!(bed.hub.backends()[0].concurrency, Some(4));
    for wrong in ["0", "1001", "many"] {
        let refused = bed.post("/backends/10first/concurrency", &[("at_most", wrong)]).await;
        assert!(refused.status.is_client_error(), "{wrong}: {}", refused.status);
    }
    let viewer = Some(person(Role::Viewer));
    assert_eq!(bed.post_as(viewer, "/backends/10first/concurrency", &[("at_most", "1")]).await.status, 403);
}

#[tokio::test]
async fn a_view_is_saved_under_a_name_found_again_and_forgotten() {
    let bed = Bed::done().await;
    bed.ended("DO", "ann", json!({"fail": "no"})).await;
    let link = "/jobs?state=failed&action=DO";
    assert!(bed.get(link).await.html.contains("Save this view"));
    let saved = bed.post("/views", &[("name", "Bad <days>"), ("link", link)]).await;
    assert_eq!(saved.location(), format!("{link}&said=view-saved.1"));
    let page = bed.get(link).await.html;
    assert!(page.contains("Bad &#60;days&#62;") && !page.contains("Save this view"));
    assert!(bed.get("/palette?q=bad").await.html.contains("Bad &#60;days&#62;"));
    // What leads elsewhere leads nowhere.
    let elsewhere = bed.post("/views", &[("name", "Evil"), ("link", "//evil.example")]).await;
    assert_eq!(elsewhere.location(), "/?said=view-saved.1");
    bed.post("/views/remove", &[("name", "Bad <days>"), ("link", link)]).await;
    assert!(bed.get(link).await.html.contains("Save this view"));
}

#[tokio::test]
async fn anything_is_found_by_a_few_letters_and_only_what_one_may_see() {
    let bed = Bed::done().await;
    let job = bed.ended("DO", "müller", json!({})).await;
    for (asked, path) in [
        ("", "href=\"/backends\""),
        ("backe", "href=\"/backends\""),
        ("10FIR", "href=\"/backends/10first\""),
        ("muller", "href=\"/jobs/"),
        (&job.to_string(), "href=\"/jobs/"),
    ] {
        let asked: String = form_urlencoded::byte_serialize(asked.as_bytes()).collect();
        let page = bed.get(&format!("/palette?q={asked}")).await.html;
        assert!(page.contains(path), "{asked}: {page}");
    }
    let page = bed.get_as(Some(person(Role::Viewer)), "/palette?q=tokens", "en").await.html;
    let found = page.split("<main>").nth(1).unwrap();
    assert!(!found.contains("href=\"/tokens\""), "{found}");
}

#[tokio::test]
async fn every_body_of_the_api_has_an_example_on_a_page_for_everybody() {
    let document = serde_json::to_value(api::document(Vec::new(), &http::KnownScopes::default())).unwrap();
    let mut bodies = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (_, content) in operation["requestBody"]["content"].as_object().into_iter().flatten() {
                bodies += 1;
                let example = &content["example"];
                let says_something = example.as_object().is_some_and(|example| !example.is_empty())
                    || example.as_str().is_some_and(|example| !example.is_empty());
                assert!(says_something, "{method} {path}: {example}");
            }
        }
    }
    assert!(bodies > 10, "{bodies}");
    let page = Bed::done().await.get_as(None, "/docs", "en").await;
    assert_eq!(page.status, 200);
    for said in
        ["id=\"jobs_cancel_many\"", "/api/v1/backends/{name}/concurrency", "Authorization: Bearer $TOKEN"]
    {
        assert!(page.html.contains(said), "{said}");
    }
    assert!(page.html.len() < 500_000, "{}", page.html.len());
}

#[tokio::test]
async fn what_is_typed_as_a_time_says_whose_and_a_range_has_a_length() {
    let bed = Bed::done().await;
    bed.ended("DO", "ann", json!({})).await;
    let page = bed.get("/jobs?since=2026-01-01T10:00&zone=Europe/Paris").await.html;
    assert!(
        page.contains("data-zone-name>Europe/Paris<")
            && page.contains("name=\"zone\" value=\"Europe/Paris\"")
    );
    let page = bed.get("/jobs?since=2026-01-02T10:00&until=2026-01-02T10:00").await.html;
    assert!(page.contains("It must be later than the beginning."));
}
