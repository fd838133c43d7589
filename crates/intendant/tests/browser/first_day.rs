//! The first day of an administrator, as the guide tells it (`docs/LANGUAGE/identities.md`, "step by step"): its file, its mapping
//! and its buttons in its order, from a spreadsheet to a real directory that refuses some, until all is green.

use std::fs;

use testkit::service::Kind;

use crate::bed::{Bed, DESKTOP};
use crate::directory::{PEOPLE, as_admin, entry, fill, install};
use crate::spoken::english;
use crate::support::{World, examples};

/// What was made by hand, long ago: with this class it can never become a person.
const OLD: [&str; 2] = ["zlefevre", "ebenoit"];

/// The part of the guide.
const FRENCH: &str = "### Pas à pas, dans la console";

#[test]
fn from_a_spreadsheet_to_the_directory_in_french() {
    let directory = Kind::Slapd.start().unwrap();
    let world = World::new();
    let old = OLD.map(|uid| format!("dn: uid={uid},{PEOPLE}\nobjectClass: account\nuid: {uid}\n"));
    fill(&world, &directory, &old.join("\n"));
    install(&world, &directory);
    let guide = Guide::read("fr", FRENCH);
    let file = world.path("personnel.csv");
    fs::write(&file, windows(&guide.code("csv"))).unwrap();
    let bed = Bed::of(world, "fr");
    let browser = &bed.browser;
    bed.window(DESKTOP);
    bed.sign_in();
    let mut day = Day { bed: &bed, left: guide.buttons(), english: Vec::new() };

    day.press("Identités");
    day.press("Importer un fichier");
    browser.choose("#file", &[&file]).unwrap();
    day.press("Voir ce qui se passerait");
    browser.shows("ressemble à du latin-1 (ligne 1)").unwrap();
    browser.pick("#encoding", "latin-1").unwrap();
    browser.fill("#mapping", &guide.code("yaml")).unwrap();
    day.press("Voir ce qui se passerait");
    for words in ["Rien n’est encore écrit", "CŒUR Hélène", "il lui manque"] {
        browser.shows(words).unwrap();
    }
    // That the file could not be read at first is said by the browser, too.
    let complaints = browser.complaints().unwrap();
    assert!(complaints.iter().all(|complaint| complaint.contains("422")), "{complaints:?}");

    day.press("Importer 5 identités");
    day.press("Vers les identités");
    day.press("Mettre 5 identités à synchroniser");
    bed.is_live();
    day.press("Synchroniser 5 identités");
    bed.is_live();
    browser.until("document.querySelector('#count-synchronised b')?.textContent === '3'").unwrap();
    browser.until("document.querySelector('#count-in_error b')?.textContent === '2'").unwrap();
    let mail = "mail: helene.coeur@example.org";
    assert!(entry(&directory, "hcoeur").contains(mail), "{}", entry(&directory, "hcoeur"));

    day.press("Rebuts");
    browser.until("document.querySelectorAll('#causes tbody tr').length === 1").unwrap();
    browser.until("document.querySelectorAll('tbody tr[id^=job-]').length === 2").unwrap();
    for name in ["LEFÈVRE Zoé", "BENOÎT Éloïse"] {
        browser.shows(name).unwrap();
    }
    let dn = OLD.map(|uid| format!("uid={uid},{PEOPLE}"));
    let deleted = as_admin(&directory, "ldapdelete", &[dn[0].as_str(), dn[1].as_str()]);
    assert!(deleted.status.success(), "{deleted:?}");
    day.press("Relancer…");
    day.press("Relancer 2 travaux");
    browser.shows("2 travaux sont relancés.").unwrap();
    day.press("Identités");
    bed.is_live();
    browser.until("document.querySelector('#count-synchronised b')?.textContent === '5'").unwrap();
    assert!(entry(&directory, "zlefevre").contains("inetOrgPerson"), "{}", entry(&directory, "zlefevre"));

    // Nothing is left to do, and each page that shows how it went is in French too.
    assert_eq!(day.left, Vec::<String>::new(), "the guide goes on");
    for path in ["/", "/jobs", "/dead-letters", "/identities/runs", "/audit", "/backends/openldap"] {
        bed.go(path);
        day.listen();
    }
    bed.go("/jobs?state=failed");
    browser.click("tbody tr[id^=job-] th a").unwrap();
    browser.until("location.pathname.startsWith('/jobs/')").unwrap();
    let named = "['LEFÈVRE Zoé', 'BENOÎT Éloïse'].some(name => document.querySelector('h1 + .lead').innerText.includes(name))";
    browser.until(named).unwrap();
    day.listen();
    bed.go("/");
    browser.shows("Rien ne demande votre attention").unwrap();
    assert_eq!(day.english, Vec::<String>::new(), "not in French");
    bed.is_clean();
}

/// The guide in English leads the same way, and both name buttons as pages do.
#[test]
fn both_guides_name_the_buttons_as_pages_do() {
    let guides = [("fr", FRENCH), ("en", "### Step by step, in the console")].map(|(lang, heading)| {
        let guide = Guide::read(lang, heading);
        let texts = ["identities", "console"].map(|name| {
            fs::read_to_string(examples().join(format!("../crates/{name}/texts/{lang}.ftl"))).unwrap()
        });
        for button in guide.buttons() {
            let text = button.replace(|c: char| c.is_ascii_digit(), "{ $n }");
            let named = texts.iter().flat_map(|texts| texts.lines()).any(|line| {
                line.split_once(" = ").map(|(_, value)| value) == Some(&*text)
                    || line.trim() == format!("*[other] {text}")
            });
            assert!(named, "{lang}: nothing is called {button}");
        }
        guide
    });
    let [french, english] = &guides;
    assert_eq!(french.buttons().len(), english.buttons().len());
    assert_eq!(french.code("csv").lines().count(), english.code("csv").lines().count());
    assert_eq!(french.code("yaml").lines().count(), english.code("yaml").lines().count());
}

/// Somebody who does what the guide says.
struct Day<'b> {
    bed: &'b Bed,
    /// The buttons that the guide still names.
    left: Vec<String>,
    english: Vec<String>,
}

impl Day<'_> {
    /// Presses what the guide names next, which is this.
    fn press(&mut self, name: &str) {
        self.listen();
        assert!(!self.left.is_empty(), "the guide ends before {name}");
        assert_eq!(self.left.remove(0), name, "the guide goes another way");
        self.bed.browser.press(name).unwrap();
    }

    fn listen(&mut self) {
        self.english.extend(english(self.bed, &["structural object class modification"]));
    }
}

/// A part of a page of the documentation.
struct Guide(String);

impl Guide {
    fn read(lang: &str, heading: &str) -> Self {
        let path = examples().join(format!("../docs/{lang}/identities.md"));
        let page = fs::read_to_string(path).unwrap();
        let (_, part) = page.split_once(&format!("{heading}\n")).expect("the guide has this part");
        Guide(part.split("\n## ").next().unwrap().to_owned())
    }

    /// What stands in bold, in its order.
    fn buttons(&self) -> Vec<String> {
        let names = self.0.split("**").skip(1).step_by(2);
        names.map(|name| name.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    /// The block of code of this kind.
    fn code(&self, kind: &str) -> String {
        let (before, block) = self.0.split_once(&format!("```{kind}\n")).expect("the guide has this block");
        let indent = before.rsplit('\n').next().unwrap();
        let lines = block.lines().map(|line| line.strip_prefix(indent).unwrap_or(line));
        let lines: Vec<&str> = lines.take_while(|line| !line.starts_with("```")).collect();
        lines.join("\n") + "\n"
    }
}

/// As spreadsheets write it on Windows: Windows-1252, with their ends of lines.
fn windows(text: &str) -> Vec<u8> {
    let byte = |c: char| match c {
        'Œ' => 0x8C,
        c => u8::try_from(u32::from(c)).unwrap(),
    };
    text.replace('\n', "\r\n").chars().map(byte).collect()
}
