//! A message that is sent by hand, and what supervision shows of it.

use crate::bed::{Bed, DESKTOP, PHONE, Window};

const KEY: &str = "request.mailinglist.update";

/// What the pages say.
struct Words {
    lang: &'static str,
    empty: &'static str,
    refused: &'static str,
    no_json: &'static str,
    sent: &'static str,
    request: &'static str,
    event: &'static str,
    reply: &'static str,
    succeeded: &'static str,
    unreachable: &'static str,
}

const ENGLISH: Words = Words {
    lang: "en",
    empty: "Requests, replies, events and failures appear here",
    refused: "The data does not fit the schema: ",
    no_json: "The data is no JSON: ",
    sent: "The message was published.",
    request: "request",
    event: "event",
    reply: "reply",
    succeeded: "It has succeeded",
    unreachable: "does not answer",
};

const FRENCH: Words = Words {
    lang: "fr",
    empty: "apparaissent ici d’eux-mêmes",
    refused: "Les données ne respectent pas le schéma",
    no_json: "Les données ne sont pas du JSON",
    sent: "Le message est publié.",
    request: "demande",
    event: "événement",
    reply: "réponse",
    succeeded: "Il a réussi",
    unreachable: "ne répond pas",
};

#[test]
fn a_message_is_sent_and_seen_on_a_desk_in_english() {
    walk(&ENGLISH, DESKTOP);
}

#[test]
fn a_message_is_sent_and_seen_on_a_phone_in_french() {
    walk(&FRENCH, PHONE);
}

fn walk(words: &Words, window: Window) {
    let bed = Bed::with_bus(words.lang);
    bed.window(window);
    bed.sign_in();
    bed.go("/bus");
    bed.browser.until("document.querySelector('.state.good')").unwrap();
    bed.browser.shows(words.empty).unwrap();
    send(&bed, words);
    supervise(&bed, words);
    catalogue(&bed, words);
    bed.is_clean();
}

/// What does not fit is refused beside what was typed; what fits goes out.
fn send(bed: &Bed, words: &Words) {
    let browser = &bed.browser;
    browser.click("a.button[href='/bus/send']").unwrap();
    let publish = "form[action='/bus/send'] button.primary";
    browser.fill("#key", KEY).unwrap();
    for (data, why) in [(r#"{"list": "choir"}"#, words.refused), ("{", words.no_json)] {
        browser.fill("#data", data).unwrap();
        browser.click(publish).unwrap();
        browser.until("document.querySelector('[role=alert]')").unwrap();
        browser.shows(why).unwrap();
        browser.until(&format!("document.querySelector('#data').value === {data:?}")).unwrap();
    }
    // That a form came to nothing is said by the browser, too.
    let complaints = browser.complaints().unwrap();
    assert!(complaints.iter().all(|complaint| complaint.contains("422")), "{complaints:?}");
    browser.fill("#data", r#"{"list": "choir", "members": ["ann", "bob"]}"#).unwrap();
    browser.click("input[name=reply]").unwrap();
    browser.click(publish).unwrap();
    browser.shows(words.sent).unwrap();
}

/// Request, notification and reply come by themselves, and are one story, with the job in it.
fn supervise(bed: &Bed, words: &Words) {
    let browser = &bed.browser;
    bed.is_live();
    browser.script("window.mark = true").unwrap();
    for kind in [words.request, words.event, words.reply] {
        browser
            .until(&format!("[...document.querySelectorAll('.state')].some(e => e.innerText === '{kind}')"))
            .unwrap();
    }
    browser.until("window.mark === true").unwrap();
    let of_the_request =
        format!("[...document.querySelectorAll('tbody tr')].find(row => row.innerText.includes('{KEY}'))");
    browser.script(&format!("{of_the_request}.querySelector('a').click()")).unwrap();
    browser.until("document.querySelectorAll('[aria-labelledby=story] tbody tr').length === 3").unwrap();
    browser.shows("notify.mailinglist.updated").unwrap();
    browser.until("document.querySelector('#body').parentElement.innerText.includes('choir')").unwrap();
    browser.click("dl a[href^='/jobs/']").unwrap();
    browser.shows(words.succeeded).unwrap();
    browser.shows("the list is written").unwrap();
}

fn catalogue(bed: &Bed, words: &Words) {
    bed.go("/bus");
    bed.browser.click("a.button[href='/bus/catalogue']").unwrap();
    bed.browser.shows("Writes a mailing list").unwrap();
    bed.browser.shows("notify.mailinglist.updated").unwrap();
    bed.browser.shows(words.unreachable).unwrap();
}
