//! The page about those who are registered: in both languages, and as it is seen on a telephone and on a desk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod support;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::{Router, routing};
use http::Caller;
use http::page::{Kit, around};
use intendant_mapistore::Live;
use intendant_mapistore::api::Api;
use intendant_mapistore::pages::{self, PART, Pages};
use intendant_mapistore::registry::{Command, Queue, Triple};
use mapistore_wire::FromProcess;
use support::{Bed, Speaker};
use testkit::browser::Browser;
use tower::ServiceExt as _;

/// The page as somebody sees it who may do everything.
fn router(bed: &Bed, live: Option<Live>) -> Router {
    let kit = Kit::new("1", &[PART]);
    let api = Api::new(bed.hub.clone(), live);
    let pages = pages::routes().with_state(Pages { api, kit: kit.clone() });
    let known = from_fn(async |mut request: Request, next: Next| {
        request.extensions_mut().insert(Caller::of_socket(0));
        next.run(request).await
    });
    // What a page listens to; here nothing happens.
    let pages = pages.route("/live", routing::get(async || StatusCode::NO_CONTENT));
    around(http::frame(pages.merge(http::page::routes(kit.clone()))), &kit).layer(known)
}

async fn get(bed: &Bed, live: Option<Live>, lang: &str, path: &str) -> String {
    let request = Request::get(path).header("accept", "text/html").header("accept-language", lang);
    let response = router(bed, live).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Some people, of whom one has a name that is none of ours.
async fn filled(bed: &Bed) -> Vec<Speaker> {
    let (mut samba, mut other) = (Speaker::new(bed, 1).await, Speaker::new(bed, 2).await);
    samba.say(FromProcess::Manager { backend: "SOGo", present: true });
    samba.set("SOGo|alice|alice@school.example.org", 3).set("SOGo|jérôme|太郎@example.jp", 1);
    samba
        .set("SOGo|<b>bob</b>|b&b", 1)
        .set("Exchange5.5|a-system-user-with-a-rather-long-name|x", 12)
        .sync()
        .await;
    other.set("SOGo|alice|alice@school.example.org", 2).sync().await;
    vec![samba, other]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_says_who_is_there_in_both_languages() {
    let bed = Bed::new().await;
    let off = get(&bed, None, "fr", "/registrations").await;
    assert!(off.contains("Le registre n’est pas activé") && off.contains("socket:"), "{off}");
    let live = || Some(bed.live.clone());
    assert!(get(&bed, live(), "en", "/registrations").await.contains("Nobody is registered"));
    let _held = filled(&bed).await;
    for (lang, words) in [("en", "manager interface missing"), ("fr", "interface de gestion absente")] {
        let page = get(&bed, live(), lang, "/registrations").await;
        assert!(page.contains("alice@school.example.org") && page.contains("jérôme"), "{page}");
        assert!(page.contains("samba [") && page.contains("×3") && page.contains(words), "{page}");
        assert!(!page.contains("<b>bob") && page.contains("b&#38;b"), "{page}");
        assert!(!page.contains('⟦'), "{page}");
    }
    let found = get(&bed, live(), "en", "/registrations?vuser=x").await;
    assert!(found.contains("rather-long") && !found.contains("alice@"), "{found}");
    assert!(get(&bed, live(), "en", "/registrations?text=nobody").await.contains("Nobody fits"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_fits_a_telephone_and_a_desk_and_takes_away_whom_a_queue_left() {
    let bed = Bed::new().await;
    let _held = filled(&bed).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/registrations", listener.local_addr().unwrap());
    let routes = router(&bed, Some(bed.live.clone()));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let left = ["léa", "tom & <i>co</i>"];
    for user in left {
        let command = Command::Register(Triple::new("SOGo", user, "b&b").unwrap());
        bed.live.change(|table| table.apply(Queue::B, [command]));
    }
    let languages = [
        ("en", "Remove", "1 reference that came on a queue", "What came of him on queues is removed."),
        ("fr", "Retirer", "1 référence venue par une file", "est retiré."),
    ];
    let seen = tokio::task::spawn_blocking(move || {
        for ((lang, remove, what, done), user) in languages.into_iter().zip(left) {
            let browser = Browser::start(lang).unwrap();
            for width in [360, 1280] {
                browser.size(width, 900).unwrap();
                browser.go(&url).unwrap();
                browser.shows("alice@school.example.org").unwrap();
                if let Some(folder) = std::env::var_os("INTENDANT_SCREENSHOTS") {
                    let file = std::path::Path::new(&folder).join(format!("registered-{lang}-{width}.png"));
                    std::fs::write(file, browser.screenshot(width, true).unwrap()).unwrap();
                }
                let too_wide = browser
                    .script("return document.documentElement.scrollWidth - window.innerWidth")
                    .unwrap();
                assert!(too_wide.as_i64().unwrap() <= 0, "{too_wide} at {width}");
            }
            // Only of those whom a queue has left; and not before it was asked.
            let rows = "[...document.querySelectorAll('tbody tr')]";
            browser.until(&format!("{rows}.filter(row => row.innerText.includes('{remove}…')).every(row => row.innerText.includes('b&b'))")).unwrap();
            browser
                .script(&format!(
                    "{rows}.find(row => row.innerText.includes('{user}')).querySelector('a').click()"
                ))
                .unwrap();
            browser.shows(what).unwrap();
            browser.shows(user).unwrap();
            browser.click("form[action='/registrations/remove'] button").unwrap();
            browser.shows(done).unwrap();
            browser
                .until(&format!("{rows}.length > 0 && !{rows}.some(row => row.innerText.includes('{user}'))"))
                .unwrap();
        }
    });
    seen.await.unwrap();
    bed.until_heard(&[
        "+alice",
        "+jérôme",
        "+<b>bob</b>",
        "+a-system-user-with-a-rather-long-name",
        "+léa",
        "+tom & <i>co</i>",
        "-léa",
        "-tom & <i>co</i>",
    ])
    .await;
}
