//! A day without a mouse: Tab, Enter, Space, Escape and arrows lead to everything; where one is, is always seen, and is not lost.

use std::fs;

use testkit::browser::{Browser, CONTROL, DOWN, ENTER, ESCAPE, SHIFT, SPACE, TAB};

use crate::bed::{Bed, DESKTOP, PASSWORD, PHONE};

/// So many presses of Tab lead anywhere on a page.
const FAR: usize = 150;

/// Where one is: in words, whether that is seen, and whether it lies in the window.
const HERE: &str = "const here = document.activeElement;
    if (!here || here === document.body) return ['nowhere', true, true];
    const style = getComputedStyle(here);
    // Bars of charts are filled instead.
    const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || here.matches('svg a');
    const box = here.getBoundingClientRect();
    const inside = box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    return [here.tagName + ' ' + (here.id || here.innerText || here.name), seen, inside];";

#[test]
fn everything_is_done_with_the_keyboard_alone() {
    let bed = Bed::new("en");
    let keys = Keys(&bed.browser);
    bed.window(DESKTOP);
    bed.sign_in();
    sign_in(&bed, &keys);
    fs::write(bed.world.path("broken"), "").unwrap();
    let jobs = ["ann", "bob", "cat"].map(|who| bed.submit("IDENTITY_UPDATE", who));
    for job in &jobs {
        bed.ended(job);
    }
    fs::remove_file(bed.world.path("broken")).unwrap();
    search_and_retry(&bed, &keys, &jobs[0]);
    palette(&bed, &keys);
    set_aside(&bed, &keys);
    approve(&bed, &keys);
    menu(&bed, &keys);
    bed.is_clean();
}

/// Out, and in again.
fn sign_in(bed: &Bed, keys: &Keys<'_>) {
    keys.to("form[action='/sign-out'] button");
    keys.press(ENTER);
    bed.browser.until("location.pathname === '/sign-in'").unwrap();
    keys.to("#name");
    keys.write("alice");
    keys.to("#password");
    keys.write(PASSWORD);
    keys.press(ENTER);
    bed.browser.until("location.pathname === '/'").unwrap();
    // The first press of Tab leads past the navigation.
    keys.to(".skip");
    keys.press(ENTER);
    bed.browser.until("document.activeElement.id === 'content'").unwrap();
}

/// A filter keeps one where one was; a page that follows what happens does, too.
fn search_and_retry(bed: &Bed, keys: &Keys<'_>, job: &str) {
    keys.to("nav a[href='/jobs']");
    keys.press(ENTER);
    bed.browser.until("location.pathname === '/jobs'").unwrap();
    keys.to("#f-state");
    for _ in 0..8 {
        if bed.browser.script("return document.querySelector('#f-state').value").unwrap() == "failed" {
            break;
        }
        let before = bed.browser.script("return document.querySelector('#f-state').value").unwrap();
        keys.press(DOWN);
        bed.browser.until(&format!("document.querySelector('#f-state').value !== {before}")).unwrap();
        bed.browser.until("location.search.includes(document.querySelector('#f-state').value)").unwrap();
        bed.browser.until("document.activeElement.id === 'f-state'").unwrap();
    }
    bed.browser.until("document.querySelectorAll('tbody tr[id^=job-]').length === 3").unwrap();
    keys.to("#f-text");
    keys.write("ann");
    keys.press(ENTER);
    bed.browser.until("document.querySelectorAll('tbody tr[id^=job-]').length === 1").unwrap();
    keys.to(&format!("a[href='/jobs/{job}']"));
    bed.is_live();
    bed.submit("IDENTITY_PASSWORD_RESET", "ann");
    bed.world.wait_until_started();
    bed.world.open_gate();
    assert_eq!(keys.here(), format!("/jobs/{job}"), "it was moved by what happened meanwhile");
    keys.press(ENTER);
    bed.browser.until(&format!("location.pathname === '/jobs/{job}'")).unwrap();
    keys.to("button[name=plain]");
    keys.press(ENTER);
    bed.browser.shows("It has succeeded").unwrap();
}

/// It opens over whatever is there, goes where one wants, and gives back where one was.
fn palette(bed: &Bed, keys: &Keys<'_>) {
    let browser = &bed.browser;
    keys.to("nav a[href='/audit']");
    keys.press("/");
    browser.until("document.querySelector('#palette').open && document.activeElement.name === 'q'").unwrap();
    keys.write("backends");
    browser.until("document.querySelector('#found [aria-selected=true]')").unwrap();
    keys.press(ESCAPE);
    // The first one clears the field.
    if browser.script("return document.querySelector('#palette').open").unwrap() == true {
        keys.press(ESCAPE);
    }
    browser.until("!document.querySelector('#palette').open").unwrap();
    assert_eq!(keys.here(), "/audit", "the palette keeps what it took");
    keys.press(&format!("{CONTROL}k"));
    browser.until("document.querySelector('#palette').open && document.activeElement.name === 'q'").unwrap();
    keys.write("dead letters");
    browser
        .until("document.querySelector('#found [aria-selected=true]')?.pathname === '/dead-letters'")
        .unwrap();
    keys.press(ENTER);
    browser.until("location.pathname === '/dead-letters'").unwrap();
}

/// Two are chosen and set aside together.
fn set_aside(bed: &Bed, keys: &Keys<'_>) {
    let browser = &bed.browser;
    bed.go("/jobs?state=failed&text=bob");
    bed.go("/jobs?state=failed");
    browser.until("document.querySelectorAll('tbody .pick input').length === 3").unwrap();
    keys.to("tbody .pick input");
    keys.press(SPACE);
    browser.until("document.querySelector('[data-count]').textContent === '1'").unwrap();
    keys.to("tbody tr:nth-child(2) .pick input");
    keys.press(SPACE);
    browser.until("document.querySelector('[data-count]').textContent === '2'").unwrap();
    keys.to(".bulk button[formaction='/jobs/aside']");
    keys.press(ENTER);
    browser.until("location.pathname === '/jobs/aside'").unwrap();
    keys.to("#reason");
    keys.write("they have left");
    keys.press(ENTER);
    browser.shows("2 dead letters are set aside.").unwrap();
    bed.go("/dead-letters");
    browser.shows("No failed job").unwrap();
}

/// One deletion passes; the next is held, looked at and let go on.
fn approve(bed: &Bed, keys: &Keys<'_>) {
    bed.ended(&bed.submit("IDENTITY_DELETE", "x"));
    let held = bed.submit("IDENTITY_DELETE", "y");
    bed.go("/");
    keys.to(".alert a[href^='/failsafe/']");
    keys.press(ENTER);
    bed.browser.until("location.pathname.startsWith('/failsafe/')").unwrap();
    keys.to("form[action$='/approve'] button");
    keys.press(ENTER);
    bed.browser.shows("1 job may run.").unwrap();
    assert_eq!(bed.ended(&held)["job"]["state"], "succeeded");
}

/// On a phone the navigation opens over the page, and gives back where one was.
fn menu(bed: &Bed, keys: &Keys<'_>) {
    bed.window(PHONE);
    bed.go("/");
    keys.to("button.menu");
    keys.press(ENTER);
    bed.browser.until("document.querySelector('#side').matches(':popover-open')").unwrap();
    keys.to("#side a[href='/jobs']");
    keys.press(ESCAPE);
    bed.browser.until("!document.querySelector('#side').matches(':popover-open')").unwrap();
    bed.browser.until("document.activeElement.matches('button.menu')").unwrap();
}

/// Somebody who has a keyboard, and looks.
struct Keys<'b>(&'b Browser);

impl Keys<'_> {
    fn press(&self, keys: &str) {
        self.0.keys(keys).unwrap();
    }

    fn write(&self, text: &str) {
        for key in text.chars() {
            self.press(&key.to_string());
        }
    }

    /// Goes on with Tab until this is where one is; each place on the way is seen.
    fn to(&self, css: &str) {
        let there = format!("return document.activeElement.matches({css:?})");
        self.0.until(&format!("document.querySelector({css:?})?.getClientRects().length")).unwrap();
        let mut way = Vec::new();
        while self.0.script(&there).unwrap() != true {
            assert!(way.len() < FAR, "no way leads to {css}: {way:?}");
            self.press(TAB);
            let here = self.0.script(HERE).unwrap();
            let place = here[0].as_str().unwrap().to_owned();
            assert!(here[1] == true, "it is not seen that one is at {place}");
            assert!(here[2] == true, "one is at {place}, outside of the window");
            way.push(place);
        }
        // And back: the place before it, and here again.
        self.press(&format!("{SHIFT}{TAB}"));
        self.press(TAB);
        assert_eq!(self.0.script(&there).unwrap(), true, "there is no way back to {css}");
    }

    /// Where the link leads at which one is.
    fn here(&self) -> String {
        let path = self.0.script("return document.activeElement.pathname ?? ''").unwrap();
        path.as_str().unwrap().to_owned()
    }
}
