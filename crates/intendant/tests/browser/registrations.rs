//! Who is registered by processes of OpenChange: the page follows them by itself.

use crate::bed::{Bed, DESKTOP, PHONE, Window};
use crate::program::{Bench, Program};

/// What the page says.
struct Words {
    lang: &'static str,
    nobody: &'static str,
    connected: &'static str,
    no_manager: &'static str,
}

const ENGLISH: Words = Words {
    lang: "en",
    nobody: "Nobody is registered",
    connected: "process connected",
    no_manager: "manager interface missing",
};

const FRENCH: Words = Words {
    lang: "fr",
    nobody: "Personne n’est enregistré",
    connected: "processus connecté",
    no_manager: "interface de gestion absente",
};

#[test]
fn who_comes_and_goes_is_seen_on_a_desk_in_english() {
    walk(&ENGLISH, DESKTOP);
}

#[test]
fn who_comes_and_goes_is_seen_on_a_phone_in_french() {
    walk(&FRENCH, PHONE);
}

fn walk(words: &Words, window: Window) {
    let (bed, bench) = (Bed::with(words.lang, "registry:\n  socket: mapistore.sock\n"), Bench::new());
    let browser = &bed.browser;
    bed.window(window);
    bed.sign_in();
    bed.go("/registrations");
    browser.shows(words.nobody).unwrap();
    bed.is_live();
    browser.script("window.mark = true").unwrap();

    let program = bench.build("steps");
    let socket = bed.world.path("mapistore.sock");
    let mut program = Program::spawn(bench.command(program).env("INTENDANT_MAPISTORE_SOCKET", socket));
    program.says("step");
    let row = |user: &str| {
        format!("[...document.querySelectorAll('tbody tr')].find(row => row.innerText.includes('{user}'))")
    };
    for user in ["alice", "bob"] {
        browser.until(&row(user)).unwrap();
    }
    browser.shows(words.connected).unwrap();
    browser.shows(words.no_manager).unwrap();
    browser.shows(&format!("steps [{}]", program.pid())).unwrap();
    // Somebody goes, and somebody is held twice.
    program.go();
    program.says("step");
    browser.until(&format!("!{}", row("bob"))).unwrap();
    browser.until(&format!("{}.innerText.includes('×2')", row("alice"))).unwrap();
    let too_wide = "document.documentElement.scrollWidth - window.innerWidth";
    browser.until(&format!("{too_wide} <= 0")).unwrap();
    if let Some(folder) = std::env::var_os("INTENDANT_SCREENSHOTS") {
        let file =
            std::path::Path::new(&folder).join(format!("registrations-{}-{}.png", words.lang, window.0));
        std::fs::write(file, browser.screenshot(window.1, true).unwrap()).unwrap();
    }
    program.kill();
    browser.shows(words.nobody).unwrap();
    browser.until("window.mark === true").unwrap();
    bed.is_clean();
}
