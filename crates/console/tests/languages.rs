//! Every page in every language.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use std::fs;
use std::path::Path;

use api::dto::NewAccount;
use http::Role;
use http::page::{Kit, Lang, Texts};
use intendant_console::PART;
use serde_json::json;
use support::{Bed, person};

#[test]
fn both_languages_say_the_same_things() {
    assert_eq!(Texts::faults(PART.texts), Vec::<String>::new());
}

/// Keys that are written out in templates and code.
#[test]
fn every_message_that_is_asked_for_is_there() {
    let kit = Kit::new("1", &[PART]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut asked = 0;
    for folder in ["templates", "src", "../http/templates", "../http/src/page"] {
        for text in files(&root.join(folder)) {
            for call in ["v.t(\"", "v.count(\"", "v.with(\"", "v.say(\"", "visit.t(\"", "visit.with(\""] {
                for (at, _) in text.match_indices(call) {
                    let key = text[at + call.len()..].split('"').next().unwrap();
                    for lang in Lang::ALL {
                        assert!(kit.texts().knows(lang, key), "{key} is missing in {}", lang.tag());
                    }
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 200, "only {asked} keys were found: the search is broken");
}

fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|end| end == "html" || end == "rs") {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_shows_a_key() {
    let bed = Bed::new().await;
    let done = bed.ended("DO", "a", json!({})).await;
    let failed = bed.ended("STRICT", "b", json!({"uid": "b", "token": "s3cr3t", "fail": "no"})).await;
    let retrying = bed.job("DO", "c", json!({"later": true})).await;
    bed.until(retrying, model::JobState::Retrying).await;
    let waiting = bed.job("DO", "b", json!({"later": true})).await;
    bed.ended("REMOVE", "d", json!({})).await;
    let held = bed.job("REMOVE", "e", json!({})).await;
    let sets = loop {
        let sets = bed.hub.held_sets().await.unwrap();
        if !sets.is_empty() {
            break sets;
        }
        tokio::task::yield_now().await;
    };
    let new = NewAccount { name: "alice".to_owned(), role: Role::Admin, password: None };
    bed.access.make_account(new, &person(Role::Admin)).await.unwrap();
    let mut paths: Vec<String> =
        ["/", "/jobs", "/jobs?subject=x&since=y", "/jobs?action=NONE", "/jobs/retry"]
            .into_iter()
            .chain([
                "/dead-letters",
                "/dead-letters?of=refusals",
                "/dead-letters?of=deliveries",
                "/backends",
                "/backends/check",
                "/backends/10first",
            ])
            .chain([
                "/backends/20broken",
                "/sources",
                "/failsafe",
                "/audit",
                "/settings",
                "/about",
                "/submit",
            ])
            .chain([
                "/submit?action=STRICT",
                "/submit?action=STRICT&raw=1",
                "/submit?action=REMOVE",
                "/nowhere",
            ])
            .map(str::to_owned)
            .collect();
    paths.extend([done, failed, retrying, waiting, held].map(|job| format!("/jobs/{job}")));
    paths.extend([format!("/jobs/aside?job={failed}"), "/jobs/aside".to_owned()]);
    paths.extend(["/jobs/cancel?action=DO".to_owned(), "/jobs/retry?cause=0123456789abcdef".to_owned()]);
    paths.extend([format!("/dead-letters?cause={}", bed.hub.journal().causes(None, 1).await.unwrap()[0].id)]);
    paths.extend([format!("/jobs/{failed}/retry"), format!("/jobs/{failed}?said=replayed.1")]);
    paths.push(format!("/failsafe/{}", sets[0].name));
    for lang in ["en", "fr"] {
        for role in Role::ALL {
            for path in &paths {
                let answer = bed.get_as(Some(person(*role)), path, lang).await;
                assert!(answer.html.contains(&format!("<html lang=\"{lang}\"")), "{path}: {}", answer.status);
                assert!(!answer.html.contains('⟦'), "{path} in {lang}: {}", around_key(&answer.html));
                assert!(!answer.html.contains("s3cr3t"), "{path} shows a secret");
            }
        }
    }
}

fn around_key(html: &str) -> &str {
    html.split('⟦').nth(1).map_or("", |rest| rest.split('⟧').next().unwrap())
}

#[tokio::test]
async fn the_choice_of_language_and_theme_is_kept() {
    let bed = Bed::done().await;
    let answer = bed.post("/look", &[("to", "/jobs"), ("lang", "fr"), ("theme", "dark")]).await;
    assert_eq!(answer.location(), "/jobs");
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
    assert!(cookies[0].starts_with("lang=fr;") && cookies[1].starts_with("theme=dark;"), "{cookies:?}");
    let request = axum::http::Request::get("/jobs")
        .header("accept", "text/html")
        .header("cookie", "lang=fr; theme=dark");
    let page = bed.send(Some(person(Role::Viewer)), request.body(axum::body::Body::empty()).unwrap()).await;
    assert!(
        page.html.contains("<html lang=\"fr\" data-theme=\"dark\">")
            && page.html.contains("<h1>Travaux</h1>")
    );
    let elsewhere = bed.post("/look", &[("to", "//evil.example"), ("lang", "xx")]).await;
    assert_eq!(elsewhere.location(), "/");
    assert!(!elsewhere.headers.contains_key("set-cookie"));
}
