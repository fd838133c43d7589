//! The orchestrator's workflow as a person goes through it: import 200 identities, set them to synchronise, synchronise them all and
//! watch, see that one fails, put it right, synchronise it again.

use serde_json::json;

use crate::bed::{Bed, DESKTOP};

/// Fails for one of them, until its document is put right.
const SCRIPT: &str = r#"
if grep -q '"uid":"u007".*"mail":"wrong"' ; then
    echo '{"status": 1, "message": "the mail of u007 is not allowed"}'
    exit 1
fi
echo '{"status": 0, "message": "the entry is written"}'
"#;

fn people() -> String {
    let person = |n: u32| {
        let mail = if n == 7 { "wrong".to_owned() } else { format!("u{n:03}@example.org") };
        json!({"_id": format!("u{n:03}"), "inetOrgPerson":
            {"uid": format!("u{n:03}"), "cn": format!("PERSON {n}"), "sn": "PERSON", "mail": mail}})
        .to_string()
    };
    (0..200).map(person).collect::<Vec<_>>().join("\n")
}

#[test]
fn two_hundred_are_imported_synchronised_and_one_is_put_right() {
    let bed = Bed::new("en");
    bed.world.backend("10directory", SCRIPT);
    assert_eq!(bed.world.run(&["backends", "reload"]).code, 0);
    let file = bed.world.file("people.ndjson", people());
    let browser = &bed.browser;
    bed.window(DESKTOP);
    bed.sign_in();
    browser.click("nav a[href='/identities']").unwrap();
    browser.shows("No identity yet").unwrap();
    browser.click("main .empty a[href='/identities/import']").unwrap();
    browser.fill("#file", &file).unwrap();
    browser.click("button[name=look]").unwrap();
    browser.shows("Nothing is written yet").unwrap();
    browser.click("button[name=import]").unwrap();
    browser.until("document.querySelector('.tiles b')?.textContent === '200'").unwrap();

    browser.click("a.button.primary[href='/identities']").unwrap();
    browser.shows("200 identities wait for somebody to look at them").unwrap();
    browser.click("button[name=validate]").unwrap();
    browser.shows("200 identities are to be synchronised").unwrap();
    bed.is_live();
    browser.click("button[name=synchronise]").unwrap();
    browser.shows("200 identities are being synchronised").unwrap();
    browser.script("window.mark = true").unwrap();
    browser.until("document.querySelector('#count-synchronised b')?.textContent === '199'").unwrap();
    browser.until("document.querySelector('#count-in_error b')?.textContent === '1'").unwrap();
    browser.until("window.mark === true").unwrap();

    browser.click("#count-in_error").unwrap();
    browser.shows("the mail of u007 is not allowed").unwrap();
    browser.click("tbody a[href='/identities/u007']").unwrap();
    browser.shows("Put right what the backend says").unwrap();
    browser.click("a[href='/identities/u007/edit']").unwrap();
    browser.until("document.querySelector('[name=\"/inetOrgPerson/mail\"]')?.value === 'wrong'").unwrap();
    browser.fill("[name=\"/inetOrgPerson/mail\"]", "u007@").unwrap();
    browser.click("button[name=save][class=primary]").unwrap();
    browser.shows("Write an address as name@example.org").unwrap();
    // That a form came to nothing is said by the browser, too.
    let complaints = browser.complaints().unwrap();
    assert!(complaints.iter().all(|complaint| complaint.contains("422")), "{complaints:?}");
    browser.fill("[name=\"/inetOrgPerson/mail\"]", "u007@example.org").unwrap();
    browser.click("button[name=save][class=primary]").unwrap();
    browser.shows("The document is saved").unwrap();
    browser.click("button[name=to-synchronise]").unwrap();
    browser.shows("1 identity is to be synchronised").unwrap();
    browser.click("button[name=synchronise]").unwrap();
    browser.until("document.querySelector('header .state.good')").unwrap();
    browser.shows("the entry is written").unwrap();
    browser.click("nav a[href='/identities']").unwrap();
    browser.until("document.querySelector('#count-synchronised b')?.textContent === '200'").unwrap();
    bed.is_clean();
}
