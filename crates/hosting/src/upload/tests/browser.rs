//! The page as people meet it: in Chromium, in a frame of a page of another site, which gets no cookies.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use engine::Clock;
use http::ConnectionLimits;
use http::listen::tcp::Tcp;
use serde_json::Value;
use testkit::browser::{Browser, axe};

use super::bed::{Bed, RNE, archive, sha256};
use super::foreign::network;
use crate::upload::Limits;

/// Another site, whose pages show ours.
const SHOP: &str = "shop.example";

/// What axe finds.
const ASK_AXE: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'] }).then(found => done(found.violations
        .map(one => one.id + ': ' + one.nodes[0].html)));";

/// A page of another site; the answer is where it is.
async fn shop(html: String) -> String {
    shop_with(html, Router::new()).await
}

/// The same, with files beside it.
async fn shop_with(html: String, files: Router) -> String {
    let tcp = Tcp::bind("127.0.0.1:0".parse().unwrap(), None).await.unwrap();
    let url = tcp.url().unwrap().replace("127.0.0.1", SHOP);
    let page = files.route("/", get(move || std::future::ready(Html(html.clone()))));
    tokio::spawn(async move {
        tcp.serve(page, ConnectionLimits::default(), &Clock::system(), Box::pin(std::future::pending()))
            .await;
    });
    url
}

/// Such a page with a frame.
fn framing(target: &str) -> String {
    format!(
        "<!doctype html><title>Shop</title><h1>Your library</h1><iframe id=frame style='width:100%;height:60rem' src='{target}'></iframe>"
    )
}

/// Does with the browser what blocks.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

fn write(folder: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn three_files_are_sent_from_a_frame_of_another_site_over_a_network_that_breaks() {
    let mut bed = Bed::new().await;
    let (through, cuts) = network(&bed.url, vec![1_000_000, 9_000_000]).await;
    let shop_url = shop(framing(&format!("{through}{}", bed.ticket().await))).await;
    bed.among(vec![shop_url.clone()]).await;
    let chosen = tempfile::tempdir().unwrap();
    let contents = [3_u8, 5, 7].map(|byte| archive(&vec![byte; 5 << 20]));
    let names = ["CDI principal.zip", "Périodiques.zip", "Archives.zip"];
    let files: Vec<PathBuf> =
        names.iter().zip(&contents).map(|(name, content)| write(chosen.path(), name, content)).collect();
    apart(move || {
        let browser = Browser::among("en", &[SHOP]).unwrap();
        browser.size(1280, 900).unwrap();
        browser.go(&shop_url).unwrap();
        browser.frame(Some("#frame")).unwrap();
        browser.shows(RNE).unwrap();
        browser.click("button.primary").unwrap();
        browser.shows("Choose the files").unwrap();
        assert_eq!(browser.script("try { return document.cookie } catch { return '' }").unwrap(), "");
        let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        browser.choose("#files", &files).unwrap();
        browser.until("document.querySelectorAll('.file.there').length === 3").unwrap();
        browser.shows("All files are there").unwrap();
        // The second one becomes the main one.
        browser.click(".file:nth-child(2) [data-act=up]").unwrap();
        browser.until("document.querySelector('.file .name').innerText.includes('Périodiques')").unwrap();
        browser.click("#finish button").unwrap();
        browser.shows("have been handed over").unwrap();
    })
    .await;
    assert_eq!(cuts.load(std::sync::atomic::Ordering::SeqCst), 2, "it was cut off");
    let lived = bed.life.0.lock().unwrap();
    let handed: Vec<_> =
        lived.handed[0].iter().map(|file| (file.name.as_str(), file.sha256.clone())).collect();
    let [cdi, periodicals, archives] = contents.map(|content| sha256(&content));
    assert_eq!(handed, [(names[1], periodicals), (names[0], cdi), (names[2], archives)]);
}

/// Sends a file with uppy, from its own page.
const UPPY: &str = "<!doctype html><title>Shop</title><script src=/uppy.js></script><script>
    (async () => {
        const data = await (await fetch('/base.zip')).blob();
        const uppy = new Uppy.Uppy({ autoProceed: true });
        uppy.use(Uppy.Tus, { endpoint: 'ENDPOINT', chunkSize: 1 << 20, retryDelays: Array(100).fill(100) });
        uppy.on('complete', (result) => { document.title = 'sent ' + result.successful.length; });
        uppy.on('error', (error) => { document.title = String(error); });
        uppy.addFile({ name: 'CDI.zip', type: 'application/zip', data });
    })().catch((error) => { document.title = String(error); });
</script>";

#[tokio::test(flavor = "multi_thread")]
async fn uppy_sends_from_a_page_of_a_listed_site_over_a_network_that_breaks() {
    let mut bed = Bed::new().await;
    let session = bed.session().await;
    let (through, cuts) = network(&bed.url, vec![1_500_000, 3_200_000]).await;
    let content = archive(&vec![6; 5 << 20]);
    let page = UPPY.replace("ENDPOINT", &format!("{through}{session}/files"));
    let script =
        std::fs::read(testkit::tus::install().unwrap().join("node_modules/uppy/dist/uppy.min.js")).unwrap();
    let sent = content.clone();
    let files = Router::new()
        .route(
            "/uppy.js",
            get(move || std::future::ready(([("content-type", "text/javascript")], script.clone()))),
        )
        .route("/base.zip", get(move || std::future::ready(sent.clone())));
    let shop_url = shop_with(page, files).await;
    bed.among(vec![shop_url.clone()]).await;
    apart(move || {
        let browser = Browser::among("en", &[SHOP]).unwrap();
        browser.go(&shop_url).unwrap();
        browser.until("document.title !== 'Shop'").unwrap();
        let title = browser.script("return document.title").unwrap();
        assert_eq!(title, "sent 1", "{:?}", browser.complaints());
    })
    .await;
    assert_eq!(cuts.load(std::sync::atomic::Ordering::SeqCst), 2, "it was cut off");
    let (form, program) =
        (("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json"));
    assert_eq!(bed.ask("POST", &format!("{session}/finish"), &[form, program], b"").await.status, 204);
    assert_eq!(bed.life.0.lock().unwrap().handed[0][0].sha256, sha256(&content));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_is_not_listed_cannot_show_it() {
    let bed = Bed::new().await;
    let shop_url = shop(framing(&format!("{}{}", bed.url, bed.ticket().await))).await;
    apart(move || {
        let browser = Browser::among("en", &[SHOP]).unwrap();
        browser.go(&shop_url).unwrap();
        let complaints = browser.complaints().unwrap();
        assert!(complaints.iter().any(|line| line.contains("frame-ancestors")), "{complaints:?}");
        browser.frame(Some("#frame")).unwrap();
        assert_ne!(browser.script("return document.querySelectorAll('button.primary').length").unwrap(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seeds_own_form_leads_into_the_frame() {
    let mut bed = Bed::new().await;
    let form = format!(
        "<!doctype html><title>Shop</title><form method=post action='{}/hosting/v1/upload' target=frame>\
         <input type=hidden name=rne value={RNE}><input type=hidden name=key value=the-key><button id=go>Go</button></form>\
         <iframe id=frame name=frame style='width:100%;height:40rem'></iframe>",
        bed.url
    );
    let shop_url = shop(form).await;
    bed.among(vec![shop_url.clone()]).await;
    apart(move || {
        let browser = Browser::among("fr", &[SHOP]).unwrap();
        browser.go(&shop_url).unwrap();
        browser.click("#go").unwrap();
        browser.frame(Some("#frame")).unwrap();
        browser.shows("Choisissez les fichiers").unwrap();
        let url = browser.script("return location.href + document.referrer").unwrap();
        assert!(!url.as_str().unwrap().contains("the-key"), "{url}");
        let asked = browser.requests().unwrap();
        assert!(asked.iter().all(|url| !url.contains("the-key")), "{asked:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_in_another_browser_goes_on_with_the_same_file_and_no_other() {
    let bed = Bed::new().await;
    let session = bed.session().await;
    let content = archive(&vec![9; 4 << 20]);
    let file = bed.create(&session, "CDI.zip", content.len()).await.header("location").to_owned();
    bed.patch(&file, 0, &content[..1 << 20], &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let right = write(folder.path(), "CDI.zip", &content);
    let other_folder = tempfile::tempdir().unwrap();
    let other = write(other_folder.path(), "CDI.zip", &archive(&vec![8; 4 << 20]));
    let url = format!("{}{}", bed.url, bed.ticket().await);
    apart(move || {
        let browser = Browser::start("en").unwrap();
        browser.go(&url).unwrap();
        browser.click("button.primary").unwrap();
        browser.shows("1\u{a0}MiB of 4\u{a0}MiB are there: choose this file again").unwrap();
        browser.choose("#files", &[&other]).unwrap();
        browser.shows("is not the file that was begun").unwrap();
        browser.choose("#files", &[&right]).unwrap();
        browser.until("document.querySelectorAll('.file.there').length === 1").unwrap();
        browser.click("#finish button").unwrap();
        browser.shows("have been handed over").unwrap();
        let odd: Vec<String> = browser.complaints().unwrap();
        assert!(odd.iter().all(|line| line.contains("409")), "{odd:?}");
    })
    .await;
    assert_eq!(bed.life.0.lock().unwrap().handed[0][0].sha256, sha256(&content));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_accessible_and_fits_a_phone_and_a_desk_in_both_languages() {
    let bed = Bed::with(Limits { reserve: 0, ..Limits::default() }).await;
    let session = bed.session().await;
    bed.send(&session, "CDI principal.zip", &archive(&vec![1; 3 << 20])).await;
    let begun = bed.create(&session, "Périodiques et archives de l’établissement.mdb", 9 << 20).await;
    bed.patch(
        begun.header("location"),
        0,
        &[b"\0\x01\0\0Standard Jet DB\0".as_slice(), &vec![0; 4 << 20]].concat(),
        &[],
    )
    .await;
    bed.send(&session, "programme.bdd", b"MZ\x90\0\x03").await;
    let (url, ticket) = (format!("{}{session}", bed.url), format!("{}{}", bed.url, bed.ticket().await));
    let shots = std::env::var_os("INTENDANT_SCREENSHOTS").map(PathBuf::from);
    apart(move || {
        let axe = std::fs::read_to_string(axe().unwrap()).unwrap();
        let browser = Browser::start("en").unwrap();
        for (lang, words) in [("en", "Choose the files"), ("fr", "Choisissez les fichiers")] {
            for (width, device) in [(360, "phone"), (1280, "desk")] {
                for (page, name) in [(&url, "session"), (&ticket, "ticket")] {
                    for dark in [false, true] {
                        browser.size(width, 800).unwrap();
                        browser.dark(dark).unwrap();
                        browser.go(&format!("{page}?lang={lang}")).unwrap();
                        if name == "session" {
                            browser.shows(words).unwrap();
                            browser.until("document.querySelectorAll('.file').length === 3 && document.querySelector('[data-act]')").unwrap();
                        }
                        let wide = "return document.documentElement.scrollWidth <= innerWidth";
                        assert_eq!(browser.script(wide).unwrap(), Value::Bool(true), "{lang} {device} {name}");
                        browser.script(&axe).unwrap();
                        let found = browser.script_async(ASK_AXE).unwrap();
                        assert_eq!(found, Value::Array(Vec::new()), "{lang} {device} {name} {dark}");
                        if let Some(shots) = &shots {
                            let shot = browser.screenshot(width, true).unwrap();
                            let light = if dark { "dark" } else { "light" };
                            std::fs::write(shots.join(format!("upload-{name}-{lang}-{device}-{light}.png")), shot).unwrap();
                        }
                    }
                }
            }
        }
    })
    .await;
}
