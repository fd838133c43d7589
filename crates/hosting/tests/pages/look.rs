//! The pages in Chromium: on a phone and on a desk, in both languages, in light and in dark, open to everybody. With
//! `INTENDANT_SCREENSHOTS=FOLDER` each is kept as a picture.

use std::path::PathBuf;

use engine::Clock;
use http::listen::tcp::Tcp;
use http::{ConnectionLimits, Role};
use intendant_hosting::{State, Work};
use serde_json::Value;
use testkit::browser::{Browser, axe};

use crate::bed::{Office, person};
use crate::support::{NEIGHBOUR, PASSWORD, SCHOOL, failed};

/// What axe finds.
const ASK_AXE: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'] }).then(found => done(found.violations
        .map(one => one.id + ': ' + one.nodes.map(node => node.html).join(' | '))));";

/// In which windows pages are looked at in each language, and whether also in the dark: with pictures in all of them.
type Window = (u32, &'static str, &'static [bool]);
const PHONE: Window = (390, "phone", &[false]);
const DESK: Window = (1280, "desk", &[false, true]);
const WIDE: Window = (2560, "wide", &[false]);

/// Pages that are served to an operator, those of schools to anybody; and where.
async fn served() -> (Office, String) {
    let tcp = Tcp::bind("127.0.0.1:0".parse().unwrap(), None).await.unwrap();
    let url = tcp.url().unwrap();
    let office = Office::at(&url).await;
    let routes = office.routes.clone().layer(axum::Extension(person(Role::Operator)));
    tokio::spawn(async move {
        tcp.serve(routes, ConnectionLimits::default(), &Clock::system(), Box::pin(std::future::pending()))
            .await;
    });
    (office, url)
}

/// Looks at a page in each window.
fn care(browser: &Browser, axe: &str, url: &str, name: &str, lang: &str) {
    let shots = std::env::var_os("INTENDANT_SCREENSHOTS").map(PathBuf::from);
    let windows: &[Window] = match (lang, &shots) {
        (_, Some(_)) => &[PHONE, DESK, WIDE],
        ("fr", None) => &[PHONE],
        (_, None) => &[DESK, WIDE],
    };
    for (width, device, lights) in windows.iter().copied() {
        browser.size(width, 900).unwrap();
        browser.go(url).unwrap();
        let what = format!("{name} {lang} {device}");
        let fits = browser.script("return document.documentElement.scrollWidth <= innerWidth").unwrap();
        assert_eq!(fits, Value::Bool(true), "{what} has to be moved sideways");
        let words = browser.script("return document.body.innerText").unwrap();
        assert!(!words.as_str().unwrap().contains('⟦'), "{what}: {words}");
        for dark in lights.iter().copied() {
            browser.dark(dark).unwrap();
            if width < 2000 {
                browser.script(axe).unwrap();
                let found = browser.script_async(ASK_AXE).unwrap();
                assert_eq!(found, Value::Array(Vec::new()), "{what}, dark: {dark}");
            }
            if let Some(shots) = &shots {
                let light = if dark { "dark" } else { "light" };
                let shot = browser.screenshot(width, true).unwrap();
                std::fs::write(shots.join(format!("hosting-{name}-{lang}-{device}-{light}.png")), shot)
                    .unwrap();
            }
        }
    }
}

/// Does with the browser what blocks.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_a_school_is_open_to_everybody_and_follows_by_itself() {
    let (office, url) = served().await;
    office.follow(SCHOOL, Some("cdi@lycee.example")).await;
    office.bed.until(SCHOOL, State::DbWait).await;
    let page = format!("{url}{}", office.page(SCHOOL).await);
    let axe = std::fs::read_to_string(axe().unwrap()).unwrap();
    let gate = office.bed.answers.hold().await;
    office.bed.answer(Work::Mount, failed("no title was found in main.zip"));

    let shown = page.clone();
    let (browser, axe) = apart(move || {
        let browser = Browser::start("en").unwrap();
        for lang in ["en", "fr"] {
            care(&browser, &axe, &format!("{shown}?lang={lang}"), "school-upload", lang);
        }
        browser.script("window.mark = true").unwrap();
        (browser, axe)
    })
    .await;
    // It is followed by the page that is open: the upload gives way to the time left, that to what went wrong.
    office.bed.upload(SCHOOL, "a").await;
    let shown = page.clone();
    let (browser, axe) = apart(move || {
        browser.until("document.querySelector('#left')?.innerText.includes('minutes')").unwrap();
        browser.until("window.mark && !document.querySelector('iframe')").unwrap();
        for lang in ["en", "fr"] {
            care(&browser, &axe, &format!("{shown}?lang={lang}"), "school-mounting", lang);
        }
        (browser, axe)
    })
    .await;
    drop(gate);
    let shown = page.clone();
    let (browser, axe) = apart(move || {
        browser.shows("no title was found in main.zip").unwrap();
        care(&browser, &axe, &format!("{shown}?lang=fr"), "school-error", "fr");
        (browser, axe)
    })
    .await;
    office.bed.upload(SCHOOL, "b").await;
    office.bed.until(SCHOOL, State::Ready).await;
    let shown = page.clone();
    apart(move || {
        browser.until("document.querySelector('#reveal')").unwrap();
        for lang in ["en", "fr"] {
            care(&browser, &axe, &format!("{shown}?lang={lang}"), "school-ready", lang);
        }
        browser.script("window.mark = true").unwrap();
        browser.click("#reveal").unwrap();
        browser.shows(PASSWORD).unwrap();
        browser.until("document.activeElement?.id === 'hide'").unwrap();
        browser.click("#hide").unwrap();
        browser.until("document.querySelector('#reveal')").unwrap();
        let text = browser.script("return document.documentElement.outerHTML").unwrap();
        assert!(!text.as_str().unwrap().contains(PASSWORD));
        browser.until("window.mark").unwrap();
        browser.script("localStorage.length").unwrap();
        assert_eq!(browser.script("return document.cookie").unwrap(), "");
        assert_eq!(browser.complaints().unwrap(), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_back_office_is_open_to_everybody() {
    let (office, url) = served().await;
    office.open(SCHOOL).await;
    office.follow(NEIGHBOUR, None).await;
    office.bed.until(NEIGHBOUR, State::DbWait).await;
    office.tracker.round().await.unwrap();
    let school = format!("/hosting/schools/{SCHOOL}");
    let pages = [
        ("list", "/hosting".to_owned()),
        ("new", "/hosting/new".to_owned()),
        ("one", school.clone()),
        ("alter", format!("{school}/alter")),
        ("delete", format!("{school}/delete")),
        ("rotate", format!("{school}/rotate")),
    ];
    apart(move || {
        let axe = std::fs::read_to_string(axe().unwrap()).unwrap();
        for lang in ["en", "fr"] {
            let browser = Browser::start(lang).unwrap();
            browser.go(&format!("{url}/hosting")).unwrap();
            for (name, path) in &pages {
                care(&browser, &axe, &format!("{url}{path}"), name, lang);
            }
        }
    })
    .await;
}
