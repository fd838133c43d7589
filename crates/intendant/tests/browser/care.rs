//! Every page on a phone and on a desk, in light and in dark: nothing that keeps somebody out, nothing that needs to be
//! moved sideways, on a very wide screen neither. With `INTENDANT_SCREENSHOTS=FOLDER` each is kept as a picture (`cargo xtask
//! screenshots FOLDER`).

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use testkit::browser;

use crate::bed::{Bed, DESKTOP, PHONE, WIDE, Window};

/// What axe is asked, and what is serious of its answer.
const AXE: &str = "const done = arguments[0];
    axe.run(document, { resultTypes: ['violations'] }).then(found => done(found.violations
        .filter(v => v.impact === 'serious' || v.impact === 'critical')
        .map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ') + ' ' + (n.any[0]?.message ?? '')).join('; '))));";

/// Elements that stand out of the window.
const OUTSIDE: &str = "return document.documentElement.scrollWidth > innerWidth
    ? [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => e.tagName + '.' + e.className).slice(0, 3) : [];";

/// In different states, one of them after a failure.
const PEOPLE: &str = "_id,uid,cn,sn\nbob,bob,DUPONT Bob,DUPONT\nann,ann,MARTIN Ann,MARTIN\ncat,cat,,\n";

#[test]
fn every_page_of_operators_is_open_to_everybody() {
    let care = Care::new(Bed::new("en"));
    care.bed.go("/sign-in");
    let mut troubles = care.look("sign-in", "/sign-in");
    care.bed.sign_in();
    troubles.extend(care.look("first-day", "/"));
    for (name, path) in work(&care.bed) {
        troubles.extend(care.look(name, &path));
    }
    care.done(&troubles);
}

#[test]
fn every_page_of_the_modules_is_open_to_everybody() {
    let care = Care::new(Bed::with_bus("en"));
    care.bed.sign_in();
    let mut troubles = care.look("identities-none", "/identities");
    troubles.extend(care.look("bus-none", "/bus"));
    for (name, path) in modules(&care.bed) {
        troubles.extend(care.look(name, &path));
    }
    care.done(&troubles);
}

/// Pages about jobs and backends, with something on each.
fn work(bed: &Bed) -> Vec<(&'static str, String)> {
    let good = bed.submit("IDENTITY_UPDATE", "alice");
    bed.ended(&good);
    fs::write(bed.world.path("broken"), "").unwrap();
    let bad = bed.submit("IDENTITY_UPDATE", "bob");
    bed.ended(&bad);
    fs::remove_file(bed.world.path("broken")).unwrap();
    let refused = bed.world.run_with(&["submit", "-"], r#"{"acton": "IDENTITY_UPDATE"}"#);
    assert_ne!(refused.code, 0);
    bed.ended(&bed.submit("IDENTITY_DELETE", "x"));
    let held = bed.submit("IDENTITY_DELETE", "y");
    bed.go("/failsafe");
    let set = first_link(bed);
    bed.world.run(&["backends", "pause", "20gated"]);
    bed.go("/audit");
    let change = first_link(bed);
    bed.go("/dead-letters?of=refusals");
    let refusal = first_link(bed);
    let to = |path: &str| path.to_owned();
    vec![
        ("overview", to("/")),
        ("jobs", to("/jobs")),
        ("jobs-filtered", to("/jobs?state=failed&subject=wrong")),
        ("job-succeeded", format!("/jobs/{good}")),
        ("job-failed", format!("/jobs/{bad}")),
        ("job-held", format!("/jobs/{held}")),
        ("replay", format!("/jobs/{bad}/retry")),
        ("retry-many", to("/jobs/retry")),
        ("dead-letters", to("/dead-letters")),
        ("aside", format!("/jobs/aside?job={bad}")),
        ("refusals", to("/dead-letters?of=refusals")),
        ("refusal", refusal),
        ("submit", to("/submit")),
        ("submit-action", to("/submit?action=IDENTITY_UPDATE")),
        ("backends", to("/backends")),
        ("check", to("/backends/check")),
        ("backend", to("/backends/10directory")),
        ("failsafe", to("/failsafe")),
        ("failsafe-set", set),
        ("audit", to("/audit")),
        ("change", change),
    ]
}

/// The other pages: the register, the bus, who may do what, and what the hub says of itself.
fn modules(bed: &Bed) -> Vec<(&'static str, String)> {
    fs::write(bed.world.path("broken"), "").unwrap();
    let people = bed.world.file("people.csv", PEOPLE);
    assert_eq!(bed.world.run(&["identities", "import", &people, "--validated"]).code, 0);
    let sent = bed.world.run(&["identities", "sync", "bob", "--json"]).json();
    bed.ended(sent["jobs"][0].as_str().unwrap());
    // No backend ever heard of it.
    assert_eq!(bed.world.run(&["identities", "delete", "cat"]).code, 0);
    let token = bed.world.run(&["token", "make", "crm", "--scope", "submit"]);
    assert_eq!(token.code, 0, "{token:?}");
    bed.go("/tokens");
    let revoke =
        bed.browser.script("return document.querySelector(\"a[href$='/revoke']\").getAttribute('href')");
    // The reply to it finds nobody.
    let publish = ["bus", "publish", "request.mailinglist.update", "-", "--reply-to", "nobody.reply"];
    let published = bed.world.run_with(&publish, r#"{"list": "choir", "members": ["ann"]}"#);
    assert_eq!(published.code, 0, "{published:?}");
    bed.go("/dead-letters?of=deliveries");
    bed.is_live();
    bed.browser.until("document.querySelector('tbody tr')").unwrap();
    bed.go("/bus");
    bed.is_live();
    bed.browser.until("document.querySelectorAll(\"tbody a[href^='/bus/messages/']\").length > 1").unwrap();
    let message = bed
        .browser
        .script("return document.querySelector(\"tbody a[href^='/bus/messages/']\").getAttribute('href')");
    let text = |value: Result<Value, _>| value.unwrap().as_str().unwrap().to_owned();
    let to = |path: &str| path.to_owned();
    vec![
        ("identities", to("/identities")),
        ("identity", to("/identities/bob")),
        ("identity-edit", to("/identities/bob/edit")),
        ("identity-erase", to("/identities/cat/erase")),
        ("identities-import", to("/identities/import")),
        ("identities-many", to("/identities/many?do=delete&all=1")),
        ("bus", to("/bus")),
        ("bus-filtered", to("/bus?key=nothing.of.that.kind")),
        ("bus-message", text(message)),
        ("bus-send", to("/bus/send?key=request.mailinglist.update")),
        ("bus-catalogue", to("/bus/catalogue")),
        ("deliveries", to("/dead-letters?of=deliveries")),
        ("sources", to("/sources")),
        ("tokens", to("/tokens")),
        ("revoke", text(revoke)),
        ("accounts", to("/accounts")),
        ("account-of-somebody", to("/accounts/alice")),
        ("account", to("/account")),
        ("settings", to("/settings")),
        ("about", to("/about")),
        ("alerts", to("/alerts")),
        ("docs", to("/docs")),
        ("palette", to("/palette?q=bob")),
        ("identities-runs", to("/identities/runs")),
        ("identities-new", to("/identities/new")),
        ("nowhere", to("/nowhere")),
    ]
}

fn first_link(bed: &Bed) -> String {
    bed.browser.until("document.querySelector('tbody a')").unwrap();
    let link = bed.browser.script("return document.querySelector('tbody a').getAttribute('href')").unwrap();
    link.as_str().unwrap().to_owned()
}

/// Looks at pages.
pub(crate) struct Care {
    pub(crate) bed: Bed,
    axe: String,
    folder: Option<PathBuf>,
}

impl Care {
    pub(crate) fn new(bed: Bed) -> Self {
        let folder = std::env::var_os("INTENDANT_SCREENSHOTS").map(PathBuf::from);
        if let Some(folder) = &folder {
            fs::create_dir_all(folder).unwrap();
        }
        Care { bed, axe: fs::read_to_string(browser::axe().unwrap()).unwrap(), folder }
    }

    /// What is wrong with a page, which is loaded once.
    pub(crate) fn look(&self, name: &str, path: &str) -> Vec<String> {
        let Care { bed, axe, .. } = self;
        bed.window(PHONE);
        bed.go(path);
        bed.browser.script(axe).unwrap();
        let mut troubles = Vec::new();
        for window in [PHONE, DESKTOP, WIDE] {
            bed.window(window);
            let outside = bed.browser.script(OUTSIDE).unwrap();
            troubles.extend(list(&outside).map(|what| format!("{name}, {}: {what}", window.0)));
            for dark in [false, true] {
                bed.browser.dark(dark).unwrap();
                let theme = if dark { "dark" } else { "light" };
                // What is wide enough for a desk looks the same on a wider one.
                if window != WIDE {
                    let found = bed.browser.script_async(AXE).unwrap();
                    troubles
                        .extend(list(&found).map(|what| format!("{name}, {}, {theme}: {what}", window.0)));
                }
                self.keep(name, window, theme);
            }
        }
        troubles
    }

    fn keep(&self, name: &str, window: Window, theme: &str) {
        let Some(folder) = &self.folder else { return };
        let picture = self.bed.browser.screenshot(window.1, true).unwrap();
        fs::write(folder.join(format!("{name}-{}-{theme}.png", window.0)), picture).unwrap();
        self.bed.window(window);
    }

    pub(crate) fn done(&self, troubles: &[String]) {
        assert_eq!(troubles, Vec::<String>::new());
        // A page that is not there is said to be missing by the browser too.
        let complaints = self.bed.browser.complaints().unwrap();
        let others: Vec<_> = complaints.iter().filter(|complaint| !complaint.contains("/nowhere")).collect();
        assert!(others.is_empty(), "{others:?}");
    }
}

fn list(found: &Value) -> impl Iterator<Item = &str> {
    found.as_array().unwrap().iter().filter_map(Value::as_str)
}
