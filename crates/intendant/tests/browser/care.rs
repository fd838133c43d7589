//! Every page on a phone and on a desk, in light and in dark: nothing that keeps somebody out, nothing that needs to be
//! moved sideways. With `INTENDANT_SCREENSHOTS=FOLDER` each is kept as a picture (`cargo xtask screenshots FOLDER`).

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use testkit::browser;

use crate::bed::{Bed, WINDOWS};

/// What axe is asked, and what is serious of its answer.
const AXE: &str = "const done = arguments[0];
    axe.run(document, { resultTypes: ['violations'] }).then(found => done(found.violations
        .filter(v => v.impact === 'serious' || v.impact === 'critical')
        .map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ') + ' ' + (n.any[0]?.message ?? '')).join('; '))));";

/// Elements that stand out of the window.
const WIDE: &str = "return document.documentElement.scrollWidth > innerWidth
    ? [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => e.tagName + '.' + e.className).slice(0, 3) : [];";

#[test]
fn every_page_is_open_to_everybody() {
    let bed = Bed::new("en");
    let axe = fs::read_to_string(browser::axe().unwrap()).unwrap();
    let folder = std::env::var_os("INTENDANT_SCREENSHOTS").map(PathBuf::from);
    if let Some(folder) = &folder {
        fs::create_dir_all(folder).unwrap();
    }
    bed.go("/sign-in");
    let mut troubles = Vec::new();
    look(&bed, &axe, "sign-in", "/sign-in", folder.as_ref(), &mut troubles);
    bed.sign_in();
    look(&bed, &axe, "first-day", "/", folder.as_ref(), &mut troubles);
    look(&bed, &axe, "identities-none", "/identities", folder.as_ref(), &mut troubles);
    for (name, path) in pages(&bed) {
        look(&bed, &axe, &name, &path, folder.as_ref(), &mut troubles);
    }
    assert_eq!(troubles, Vec::<String>::new());
    // A page that is not there is said to be missing by the browser too.
    let complaints = bed.browser.complaints().unwrap();
    let others: Vec<_> = complaints.iter().filter(|complaint| !complaint.contains("/nowhere")).collect();
    assert!(others.is_empty(), "{others:?}");
}

/// In different states, one of them after a failure.
const PEOPLE: &str = "_id,uid,cn,sn\nbob,bob,DUPONT Bob,DUPONT\nann,ann,MARTIN Ann,MARTIN\ncat,cat,,\n";

/// Every page, with something on it.
fn pages(bed: &Bed) -> Vec<(String, String)> {
    let good = bed.submit("IDENTITY_UPDATE", "alice");
    bed.ended(&good);
    fs::write(bed.world.path("broken"), "").unwrap();
    let bad = bed.submit("IDENTITY_UPDATE", "bob");
    bed.ended(&bad);
    let people = bed.world.file("people.csv", PEOPLE);
    assert_eq!(bed.world.run(&["identities", "import", &people, "--validated"]).code, 0);
    let sent = bed.world.run(&["identities", "sync", "bob", "--json"]).json();
    bed.ended(sent["jobs"][0].as_str().unwrap());
    fs::remove_file(bed.world.path("broken")).unwrap();
    let refused = bed.world.run_with(&["submit", "-"], r#"{"acton": "IDENTITY_UPDATE"}"#);
    assert_ne!(refused.code, 0);
    bed.ended(&bed.submit("IDENTITY_DELETE", "x"));
    let held = bed.submit("IDENTITY_DELETE", "y");
    bed.go("/failsafe");
    bed.browser.until("document.querySelector('tbody a')").unwrap();
    let set = bed.browser.script("return document.querySelector('tbody a').getAttribute('href')").unwrap();
    bed.world.run(&["backends", "pause", "20gated"]);
    let token = bed.world.run(&["token", "make", "crm", "--scope", "submit"]);
    assert_eq!(token.code, 0, "{token:?}");
    bed.go("/tokens");
    let revoke = bed
        .browser
        .script("return document.querySelector(\"a[href$='/revoke']\").getAttribute('href')")
        .unwrap();
    bed.go("/audit");
    let change = bed.browser.script("return document.querySelector('tbody a').getAttribute('href')").unwrap();
    bed.go("/dead-letters?of=refusals");
    let refusal =
        bed.browser.script("return document.querySelector('tbody a').getAttribute('href')").unwrap();
    let text = |value: Value| value.as_str().unwrap().to_owned();
    [
        ("overview", "/".to_owned()),
        ("jobs", "/jobs".to_owned()),
        ("jobs-filtered", "/jobs?state=failed&subject=wrong".to_owned()),
        ("job-succeeded", format!("/jobs/{good}")),
        ("job-failed", format!("/jobs/{bad}")),
        ("job-held", format!("/jobs/{held}")),
        ("replay", format!("/jobs/{bad}/retry")),
        ("retry-many", "/jobs/retry".to_owned()),
        ("dead-letters", "/dead-letters".to_owned()),
        ("refusals", "/dead-letters?of=refusals".to_owned()),
        ("refusal", text(refusal)),
        ("submit", "/submit".to_owned()),
        ("submit-action", "/submit?action=IDENTITY_UPDATE".to_owned()),
        ("identities", "/identities".to_owned()),
        ("identity", "/identities/bob".to_owned()),
        ("identity-edit", "/identities/bob/edit".to_owned()),
        ("identities-import", "/identities/import".to_owned()),
        ("identities-many", "/identities/many?do=delete&all=1".to_owned()),
        ("backends", "/backends".to_owned()),
        ("check", "/backends/check".to_owned()),
        ("backend", "/backends/10directory".to_owned()),
        ("sources", "/sources".to_owned()),
        ("failsafe", "/failsafe".to_owned()),
        ("failsafe-set", text(set)),
        ("tokens", "/tokens".to_owned()),
        ("revoke", text(revoke)),
        ("accounts", "/accounts".to_owned()),
        ("account-of-somebody", "/accounts/alice".to_owned()),
        ("account", "/account".to_owned()),
        ("audit", "/audit".to_owned()),
        ("change", text(change)),
        ("settings", "/settings".to_owned()),
        ("about", "/about".to_owned()),
        ("nowhere", "/nowhere".to_owned()),
    ]
    .map(|(name, path)| (name.to_owned(), path))
    .into()
}

fn look(bed: &Bed, axe: &str, name: &str, path: &str, folder: Option<&PathBuf>, troubles: &mut Vec<String>) {
    for window in WINDOWS {
        bed.window(window);
        bed.go(path);
        bed.browser.script(axe).unwrap();
        for dark in [false, true] {
            bed.browser.dark(dark).unwrap();
            let theme = if dark { "dark" } else { "light" };
            let found = bed.browser.script_async(AXE).unwrap();
            let wide = bed.browser.script(WIDE).unwrap();
            for trouble in found.as_array().unwrap().iter().chain(wide.as_array().unwrap()) {
                troubles.push(format!("{name}, {}, {theme}: {trouble}", window.0));
            }
            if let Some(folder) = folder {
                let picture = bed.browser.screenshot(window.1, true).unwrap();
                fs::write(folder.join(format!("{name}-{}-{theme}.png", window.0)), picture).unwrap();
                bed.window(window);
            }
        }
    }
}
