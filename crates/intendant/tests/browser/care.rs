//! Every page on a phone and on a desk, in light and in dark: nothing that keeps somebody out, however slight; nothing that
//! needs to be moved sideways, on a very wide screen neither; none that is heavy or endless, as the table says that is printed. With `INTENDANT_SCREENSHOTS=FOLDER` each is kept as a picture (`cargo xtask
//! screenshots FOLDER`).

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use testkit::browser;

use crate::bed::{ALERTS, Bed, DESKTOP, PHONE, WIDE, Window};
use crate::spoken::english;

/// What a page may bring over the wire, in bytes: to somebody who comes for the first time, and who comes again.
const FIRST: u64 = 150_000;
const AGAIN: u64 = 50_000;
/// How long a page may be on a phone, in CSS pixels.
const LONGEST: u64 = 12_000;

/// What axe is asked, and all of its answer.
const AXE: &str = "const done = arguments[0];
    axe.run(document, { resultTypes: ['violations'], RULES }).then(found => done(found.violations
        .map(v => v.id + ' (' + v.impact + '): ' + v.nodes.map(n => n.target.join(' ') + ' ' + (n.any[0]?.message ?? '')).join('; '))));";

/// What the backends say, in their own language.
const BACKENDS: [&str; 1] = ["the directory refused the bind"];

/// Elements that stand out of the window, and frames that are too small for what is in them.
const OUTSIDE: &str = "
    const wide = document.documentElement.scrollWidth > innerWidth
        ? [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1) : [];
    const small = [...document.querySelectorAll('fieldset, button, .card')].filter(e =>
        e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === 'visible');
    return [...wide, ...small].map(e => e.tagName + '.' + e.className + ' ' + e.innerText.slice(0, 20)).slice(0, 3);";

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
    let browser = &care.bed.browser;
    care.bed.go("/");
    browser.script("document.querySelector('[data-bars] a:last-of-type').focus()").unwrap();
    browser.until("document.querySelector('[data-reading]').textContent.includes('·')").unwrap();
    troubles.extend(care.look_at("overview-reading"));
    care.bed.go("/jobs");
    browser.click("tbody .pick input").unwrap();
    browser.until("document.querySelector('[data-count]').textContent === '1'").unwrap();
    troubles.extend(care.look_at("jobs-chosen"));
    browser.keys("/").unwrap();
    browser.until("document.querySelector('#found [aria-selected=true]')").unwrap();
    troubles.extend(care.look_at("palette-open"));
    care.done(&troubles);
}

#[test]
fn every_page_of_the_modules_is_open_to_everybody() {
    let care = Care::new(Bed::with_bus_and("en", ALERTS));
    care.bed.sign_in();
    let mut troubles = care.look("identities-none", "/identities");
    troubles.extend(care.look("bus-none", "/bus"));
    for (name, path) in modules(&care.bed) {
        troubles.extend(care.look(name, &path));
    }
    care.bed.window(DESKTOP);
    preview(&care.bed);
    troubles.extend(care.look_at("identities-preview"));
    care.bed.go("/settings#http.listen");
    care.bed.browser.until("document.getElementById('http').open").unwrap();
    care.bed.browser.fill("#find", "retention").unwrap();
    care.bed
        .browser
        .until("!document.getElementById('retention').hidden && document.getElementById('http').hidden")
        .unwrap();
    troubles.extend(care.look_at("settings-found"));
    care.done(&troubles);
}

#[test]
fn every_page_speaks_french() {
    let care = Care::new(Bed::with_bus_and("fr", ALERTS));
    let bed = &care.bed;
    bed.go("/sign-in");
    let mut troubles = english(bed, &BACKENDS);
    bed.sign_in();
    let first = ["/", "/jobs", "/dead-letters", "/identities", "/bus", "/failsafe", "/audit"];
    let mut pages: Vec<(&str, String)> = first.map(|path| ("first-day", path.to_owned())).into();
    for (_, path) in &pages {
        bed.go(path);
        troubles.extend(english(bed, &BACKENDS));
    }
    pages = work(bed);
    pages.extend(modules(bed));
    for (name, path) in &pages {
        let windows = if care.folder.is_some() { vec![PHONE, DESKTOP] } else { vec![DESKTOP] };
        for window in windows {
            bed.window(window);
            bed.go(path);
            care.keep(&format!("{name}-fr"), window, "light");
        }
        // The API is described in English.
        if *name != "docs" {
            troubles.extend(english(bed, &BACKENDS));
        }
    }
    preview(bed);
    troubles.extend(english(bed, &BACKENDS));
    care.keep("identities-preview-fr", DESKTOP, "light");
    assert_eq!(troubles, Vec::<String>::new());
}

/// Of a table with somebody new, somebody changed, and somebody without an account.
fn preview(bed: &Bed) {
    let file = bed.world.path("more.csv");
    fs::write(
        &file,
        "_id,uid,cn,sn,shoe\nbob,bob,DUPONT Robert,DUPONT,42\neve,eve,ÉVRARD Ève,ÉVRARD,37\n,,X,,\n",
    )
    .unwrap();
    bed.go("/identities/import");
    bed.browser.choose("#file", &[&file]).unwrap();
    bed.browser.click("button[name=look]").unwrap();
    bed.browser.until("document.querySelector('button[name=import]')").unwrap();
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
        // Each moment with its day.
        ("overview-week", to("/?range=7d")),
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
    measures: RefCell<Vec<Measure>>,
}

/// What a page takes of whoever looks at it.
struct Measure {
    name: String,
    first: u64,
    again: u64,
    /// On a phone and on a desk.
    heights: [u64; 2],
}

impl Care {
    pub(crate) fn new(bed: Bed) -> Self {
        let folder = std::env::var_os("INTENDANT_SCREENSHOTS").map(PathBuf::from);
        if let Some(folder) = &folder {
            fs::create_dir_all(folder).unwrap();
        }
        Care {
            bed,
            axe: fs::read_to_string(browser::axe().unwrap()).unwrap(),
            folder,
            measures: RefCell::default(),
        }
    }

    /// What is wrong with a page.
    pub(crate) fn look(&self, name: &str, path: &str) -> Vec<String> {
        let bed = &self.bed;
        bed.window(PHONE);
        bed.browser.forget().unwrap();
        let brought = || {
            bed.browser.transferred().unwrap();
            bed.go(path);
            bed.browser.transferred().unwrap()
        };
        let (first, again) = (brought(), brought());
        let height = |window| {
            bed.window(window);
            bed.browser.script("return document.documentElement.scrollHeight").unwrap().as_u64().unwrap()
        };
        let heights = [height(PHONE), height(DESKTOP)];
        self.measures.borrow_mut().push(Measure { name: name.to_owned(), first, again, heights });
        let mut troubles = self.look_at(name);
        troubles.extend(self.look_in_french(name, path));
        troubles
    }

    /// What has no room there, where words are longer.
    fn look_in_french(&self, name: &str, path: &str) -> Vec<String> {
        let speaks =
            |lang| self.bed.browser.script(&format!("document.cookie = 'lang={lang}; path=/'")).unwrap();
        speaks("fr");
        let mut troubles = Vec::new();
        for window in [PHONE, DESKTOP] {
            self.bed.window(window);
            self.bed.go(path);
            let outside = self.bed.browser.script(OUTSIDE).unwrap();
            troubles.extend(list(&outside).map(|what| format!("{name} in French, {}: {what}", window.0)));
            self.keep(&format!("{name}-fr"), window, "light");
        }
        speaks("en");
        self.bed.go(path);
        troubles
    }

    /// What is wrong with what is shown.
    pub(crate) fn look_at(&self, name: &str) -> Vec<String> {
        let Care { bed, axe, .. } = self;
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
                    // Only colours are others in the dark.
                    let rules = if dark { "runOnly: ['color-contrast']" } else { "" };
                    let found = bed.browser.script_async(&AXE.replace("RULES", rules)).unwrap();
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

    #[allow(clippy::print_stdout, reason = "what each page weighs is read by people")]
    pub(crate) fn done(&self, troubles: &[String]) {
        let mut measures = self.measures.borrow_mut();
        measures.sort_by_key(|measure| std::cmp::Reverse(measure.first));
        println!("bytes at first  again  px on a phone  on a desk  page");
        for Measure { name, first, again, heights: [phone, desk] } in &*measures {
            println!("{first:14} {again:6} {phone:14} {desk:10}  {name}");
        }
        let big: Vec<&str> = measures
            .iter()
            .filter(|m| m.first > FIRST || m.again > AGAIN || m.heights[0] > LONGEST)
            .map(|m| m.name.as_str())
            .collect();
        assert!(big.is_empty(), "heavy or long: {big:?}");
        assert!(measures.iter().all(|m| m.first > m.again), "the browser keeps nothing of them");
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
