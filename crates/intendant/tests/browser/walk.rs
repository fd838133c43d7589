//! A day of an operator.

use std::fs;

use crate::bed::{Bed, DESKTOP, PHONE, Window, document};

/// What the pages say.
struct Words {
    lang: &'static str,
    running: &'static str,
    succeeded: &'static str,
    waits: &'static str,
    put_off: &'static str,
    many: &'static str,
    some: &'static str,
    held: &'static str,
    approved: &'static str,
}

const ENGLISH: Words = Words {
    lang: "en",
    running: "It is running on 20gated.",
    succeeded: "It has succeeded",
    waits: "It waits until 10directory is resumed.",
    put_off: "10directory asks all jobs to wait until:",
    many: "2 jobs will run again",
    some: "2 jobs run again.",
    held: "The failsafe holds 1 job on 10directory",
    approved: "1 job may run.",
};

const FRENCH: Words = Words {
    lang: "fr",
    running: "Il s’exécute sur 20gated.",
    succeeded: "Il a réussi",
    waits: "Il attend la reprise de 10directory.",
    put_off: "10directory demande à tous les travaux d’attendre jusqu’au",
    many: "2 travaux seront relancés",
    some: "2 travaux sont relancés.",
    held: "Le garde-fou retient 1 travail sur 10directory",
    approved: "1 travail peut s’exécuter.",
};

#[test]
fn on_a_desk_in_english() {
    walk(&ENGLISH, DESKTOP);
}

#[test]
fn on_a_phone_in_french() {
    walk(&FRENCH, PHONE);
}

fn walk(words: &Words, window: Window) {
    let bed = Bed::new(words.lang);
    bed.window(window);
    bed.sign_in();
    bed.browser.until(&format!("document.documentElement.lang === '{}'", words.lang)).unwrap();
    bed.is_live();
    submit_and_watch(&bed, words, window);
    let retried = fail_fix_and_retry(&bed, words);
    retry_many(&bed, words, &retried);
    pause_and_resume(&bed, words);
    put_off(&bed, words);
    approve(&bed, words);
    bed.is_clean();
}

/// The job's page follows it without being loaded again.
fn submit_and_watch(bed: &Bed, words: &Words, window: Window) {
    if window.0 == "phone" {
        bed.browser.click("button.menu").unwrap();
    }
    bed.browser.click("nav a[href='/submit']").unwrap();
    bed.browser.fill("#choose", "IDENTITY_PASSWORD_RESET").unwrap();
    bed.browser.click("form[action='/submit'][method=get] button").unwrap();
    bed.browser.fill("#document", &document("IDENTITY_PASSWORD_RESET", "gated")).unwrap();
    bed.browser.click("form[method=post][action='/submit'] button.primary").unwrap();
    bed.browser.until("location.pathname.startsWith('/jobs/')").unwrap();
    bed.browser.script("window.mark = true").unwrap();
    bed.world.wait_until_started();
    bed.browser.shows(words.running).unwrap();
    bed.browser.until("!document.body.innerText.includes('s3cr3t')").unwrap();
    bed.world.open_gate();
    bed.browser.shows(words.succeeded).unwrap();
    bed.browser.until("window.mark === true").unwrap();
}

/// A failure is told in the backend's words, and is over when its cause is.
fn fail_fix_and_retry(bed: &Bed, words: &Words) -> String {
    fs::write(bed.world.path("broken"), "").unwrap();
    let jobs = ["a", "b", "c"].map(|who| bed.submit("IDENTITY_UPDATE", who));
    for job in &jobs {
        bed.ended(job);
    }
    bed.go("/");
    bed.browser.click("a.button[href='/dead-letters']").unwrap();
    bed.browser.until("document.querySelectorAll('tbody tr[id^=job-]').length === 3").unwrap();
    bed.browser.click(&format!("a[href='/jobs/{}']", jobs[0])).unwrap();
    bed.browser.shows("the directory refused the bind: its password has expired").unwrap();
    bed.browser.shows("connecting to directory.example.org").unwrap();
    fs::remove_file(bed.world.path("broken")).unwrap();
    bed.browser.click("button[name=plain]").unwrap();
    bed.browser
        .until(&format!(
            "location.pathname.startsWith('/jobs/') && !location.pathname.endsWith('{}')",
            jobs[0]
        ))
        .unwrap();
    bed.browser.shows(words.succeeded).unwrap();
    let [first, ..] = jobs;
    first
}

/// What succeeded in the meantime is no dead letter any more.
fn retry_many(bed: &Bed, words: &Words, retried: &str) {
    bed.go("/dead-letters");
    bed.browser.click("a.button[href='/jobs/retry?dead=true']").unwrap();
    bed.browser.shows(words.many).unwrap();
    bed.browser.click("form[action='/jobs/retry'] button.primary").unwrap();
    bed.browser.shows(words.some).unwrap();
    bed.browser.until(&format!("!document.querySelector(\"tbody a[href='/jobs/{retried}']\")")).unwrap();
}

/// A paused backend holds its jobs back, and lets them go on.
fn pause_and_resume(bed: &Bed, words: &Words) {
    bed.go("/backends/10directory");
    bed.browser.click("button[name=pause]").unwrap();
    bed.browser.until("document.querySelector('button[name=resume]')").unwrap();
    let job = bed.submit("IDENTITY_UPDATE", "patient");
    bed.go(&format!("/jobs/{job}"));
    bed.browser.shows(words.waits).unwrap();
    assert_eq!(bed.shown_job(), job);
    bed.is_live();
    bed.browser.script("window.mark = true").unwrap();
    assert_eq!(bed.world.run(&["backends", "resume", "10directory"]).code, 0);
    bed.browser.shows(words.succeeded).unwrap();
    bed.browser.until("window.mark === true").unwrap();
}

/// A backend says "not now", and why; its job goes on by itself when the backend can.
fn put_off(bed: &Bed, words: &Words) {
    fs::write(bed.world.path("busy"), "").unwrap();
    let job = bed.submit("IDENTITY_UPDATE", "thrifty");
    bed.go(&format!("/jobs/{job}"));
    bed.browser.shows(words.put_off).unwrap();
    bed.browser.shows("the quota of the day is used up").unwrap();
    fs::remove_file(bed.world.path("busy")).unwrap();
    bed.browser.shows(words.succeeded).unwrap();
}

/// One deletion passes, the next one is held until somebody has looked.
fn approve(bed: &Bed, words: &Words) {
    let first = bed.submit("IDENTITY_DELETE", "x");
    bed.ended(&first);
    bed.go("/");
    bed.is_live();
    let held = bed.submit("IDENTITY_DELETE", "y");
    bed.browser.shows(words.held).unwrap();
    bed.browser.click("a.button[href^='/failsafe/']").unwrap();
    bed.browser.until(&format!("document.querySelector(\"a[href='/jobs/{held}']\")")).unwrap();
    bed.browser.click("form[action$='/approve'] button").unwrap();
    bed.browser.shows(words.approved).unwrap();
    assert_eq!(bed.ended(&held)["job"]["state"], "succeeded");
}
