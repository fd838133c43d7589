//! The support's day with Google accounts: conflicts that stand first among the dead letters, both accounts side by side,
//! the remedies, and the comparison of all accounts.

use serde_json::{Value, json};
use tempfile::TempDir;
use testgoogle::{Google, Gram};

use crate::bed::{Bed, DESKTOP};
use crate::care::Care;

const ADA: &str = "36a7e016-a300-4f52-85f4-6804dede6c6b";
const GRACE: &str = "36a7e016-a300-4f52-85f4-6804dede6c6c";
const MARY: &str = "36a7e016-a300-4f52-85f4-6804dede6c6d";
const CREATE: &str = "request.googleapps.user.create";

struct Support {
    google: Google,
    gram: Gram,
    bed: Bed,
    _folder: TempDir,
}

impl Support {
    fn new(lang: &str) -> Self {
        let (google, gram) = (Google::start(), Gram::start());
        for (uuid, number, first, last) in
            [(ADA, 1, "Ada", "Lovelace"), (GRACE, 2, "Grace", "Hopper"), (MARY, 3, "Mary", "Somerville")]
        {
            gram.add_person(uuid, number, first, last);
        }
        let folder = tempfile::tempdir().unwrap();
        let key = google.key_file(folder.path());
        let (user, password) = gram.client();
        let bed = Bed::with(
            lang,
            &format!(
                "google:\n  service_account: file:{}\n  subject: {}\n  url: {}\n  gram:\n    url: {}\n    \
                 user: {user:?}\n    password: {password:?}\n",
                key.display(),
                google.admin(),
                google.url(),
                gram.url(),
            ),
        );
        bed.window(DESKTOP);
        bed.sign_in();
        Support { google, gram, bed, _folder: folder }
    }

    /// Asks for an account, and waits until the job has ended.
    fn create(&self, uuid: &str, address: &str) -> String {
        let payload = json!({ "gram_account_uuid": uuid, "primary_email": address, "aliases": [] });
        let job = self.bed.world.submit(&json!({ "action": CREATE, "payload": payload }).to_string());
        self.bed.ended(&job);
        job
    }

    /// A job that fails as GrAM knows a stranger's account, one whose address is taken, and one whose id GrAM refuses.
    fn conflicts(&self) -> [String; 3] {
        let account = |address: &str, first: &str| json!({ "primaryEmail": address, "name": { "givenName": first, "familyName": "Stranger" } });
        let stranger = self.google.add(account("stranger@gadz.org", "Sam"));
        self.gram.change(ADA, json!({ "gapps_id": stranger }));
        self.google.add(account("grace@gadz.org", "Gus"));
        self.gram.change(MARY, json!({ "gender": "x" }));
        [
            self.create(ADA, "ada@gadz.org"),
            self.create(GRACE, "grace@gadz.org"),
            self.create(MARY, "mary@gadz.org"),
        ]
    }
}

#[test]
fn conflicts_stand_first_and_are_put_right_where_both_accounts_are_seen() {
    let support = Support::new("en");
    let (bed, browser) = (&support.bed, &support.bed.browser);
    let [registered, exists, refused] = support.conflicts();
    std::fs::write(bed.world.path("broken"), "").unwrap();
    let usual = bed.submit("IDENTITY_UPDATE", "bob");
    bed.ended(&usual);
    bed.go("/");
    browser.shows("3 failures are grave").unwrap();
    browser.click("a.button[href='/dead-letters#grave']").unwrap();
    browser.shows("3 grave failures: a person has to decide").unwrap();
    let listed = browser
        .script("return [...document.querySelectorAll('tbody tr[id^=job-]')].map(row => row.id)")
        .unwrap();
    let row = |job: &String| format!("job-{job}");
    assert_eq!(listed, json!([row(&refused), row(&exists), row(&registered), row(&usual)]));

    // Both sides, as they were when it failed.
    browser.click(&format!("#job-{registered} a")).unwrap();
    browser.shows("GrAM knows a Google account of this person").unwrap();
    browser.shows("stranger@gadz.org").unwrap();
    browser.click(&format!("a.button[href='/google/jobs/{registered}']")).unwrap();
    browser.shows("As they are now").unwrap();
    let live = "document.querySelectorAll('section table')[1].innerText";
    browser.until(&format!("{live}.includes('Lovelace') && {live}.includes('Sam')")).unwrap();
    browser.shows(&format!("intendant google unlink {ADA}")).unwrap();

    // The wrong words do nothing.
    browser.fill("#typed", "yes").unwrap();
    browser.click("button[value=unlink]").unwrap();
    browser.shows("This is not the UUID of the account: nothing was done.").unwrap();
    assert!(support.gram.gapps_id(ADA).is_some());
    browser.fill("#typed", ADA).unwrap();
    browser.click("button[value=unlink]").unwrap();
    browser.until("location.pathname.startsWith('/jobs/')").unwrap();
    browser.shows("is unlinked from account").unwrap();
    assert_eq!(support.gram.gapps_id(ADA), None);
    bed.go(&format!("/google/jobs/{registered}"));
    browser.click(&format!("form[action='/jobs/{registered}/retry'] button")).unwrap();
    browser.shows("Google account ada@gadz.org was made").unwrap();
    assert!(support.google.user("ada@gadz.org").is_some());

    // What was made and is not known is linked by hand, once GrAM takes it.
    support.gram.change(MARY, json!({ "gender": "female" }));
    bed.go(&format!("/google/jobs/{refused}"));
    browser.fill("#typed", MARY).unwrap();
    browser.click("button[value=link]").unwrap();
    browser.shows("is linked to account").unwrap();
    assert_eq!(
        support.gram.gapps_id(MARY),
        support.google.user("mary@gadz.org").unwrap()["id"].as_str().map(str::to_owned)
    );

    // Who has an account already gets the aliases that are wanted.
    let again = support.create(ADA, "ada@gadz.org");
    bed.go(&format!("/google/jobs/{again}"));
    browser.fill("#aliases", "ada.lovelace@gadz.org").unwrap();
    browser.fill("#typed", ADA).unwrap();
    browser.click("button[value=aliases]").unwrap();
    browser.shows("is up to date").unwrap();
    assert_eq!(support.google.user("ada@gadz.org").unwrap()["aliases"], json!(["ada.lovelace@gadz.org"]));

    bed.go("/audit");
    browser.shows("google.unlink").unwrap();
    browser.shows("google.link").unwrap();
    browser.shows("google.aliases").unwrap();
    bed.go("/dead-letters");
    browser.until(&format!("!document.querySelector('#grave')?.innerHTML.includes('{registered}')")).unwrap();
    bed.is_clean();
}

#[test]
fn all_accounts_are_compared_and_each_is_shown_as_the_command_tells_it() {
    let support = Support::new("en");
    let (bed, browser) = (&support.bed, &support.bed.browser);
    support.create(ADA, "ada@gadz.org");
    support.create(GRACE, "grace@gadz.org");
    support.create(MARY, "mary@gadz.org");
    support.google.change("ada@gadz.org", json!({ "suspended": true }));
    support.gram.change(MARY, json!({ "lastname": "Greig" }));
    browser.click("nav a[href='/google/diff']").unwrap();
    browser.shows("Nothing has been compared yet").unwrap();
    browser.click("button[name=begin]").unwrap();
    browser.until("location.pathname.startsWith('/google/diff/')").unwrap();
    browser.until("document.querySelector('#count-differs b')?.textContent === '2'").unwrap();
    let path = browser.script("return location.pathname").unwrap();
    let job = path.as_str().unwrap().strip_prefix("/google/diff/").unwrap().to_owned();
    let told = bed.world.run(&["google", "diff", "--job", &job, "--json"]);
    assert_eq!(told.code, 1, "{told:?}");
    let told = told.json();

    for (situation, count) in told["counts"].as_object().unwrap() {
        let shown = browser
            .script(&format!("return document.querySelector('#count-{situation} b').textContent"))
            .unwrap();
        assert_eq!(shown.as_str(), Some(count.to_string().as_str()), "{situation}");
    }
    let rows = browser
        .script("return [...document.querySelectorAll('tbody tr')].map(row => row.innerText)")
        .unwrap();
    let rows: Vec<&str> = rows.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let accounts = told["accounts"].as_array().unwrap();
    assert_eq!(rows.len(), accounts.len());
    for (account, row) in accounts.iter().zip(&rows) {
        for member in ["uuid", "google_id", "primary_email"] {
            assert!(row.contains(account[member].as_str().unwrap()), "{member} of {account}: {row}");
        }
        for field in account["fields"].as_array().unwrap() {
            let (ours, theirs) = (field["ours"].as_str().unwrap(), field["theirs"].as_str().unwrap());
            assert!(row.contains(ours) && row.contains(theirs), "{field}: {row}");
        }
    }
    let of = |address: &str| rows.iter().find(|row| row.contains(address)).unwrap();
    assert!(
        of("ada@gadz.org").contains("Suspended") && of("ada@gadz.org").contains("changed by hand"),
        "{rows:?}"
    );
    assert!(
        of("mary@gadz.org").contains("Last name") && of("mary@gadz.org").contains("not delivered"),
        "{rows:?}"
    );

    browser.click("#count-missing").unwrap();
    browser.shows("No account is listed here").unwrap();
    browser.click("#count-differs").unwrap();
    browser.until("document.querySelectorAll('tbody tr').length === 2").unwrap();
    bed.go("/google/diff");
    browser.shows("compared: 1 same, 2 differs").unwrap();
    bed.is_clean();
}

#[test]
fn the_pages_about_google_accounts_are_open_to_everybody() {
    let support = Support::new("fr");
    let [registered, ..] = support.conflicts();
    let world = &support.bed.world;
    let compared = world.submit(r#"{"action": "google.diff", "payload": {}}"#);
    support.bed.ended(&compared);
    let care = Care::new(support.bed);
    let mut troubles = Vec::new();
    for (name, path) in [
        ("google-dead-letters", "/dead-letters".to_owned()),
        ("google-job", format!("/jobs/{registered}")),
        ("google-both", format!("/google/jobs/{registered}")),
        ("google-diffs", "/google/diff".to_owned()),
        ("google-diff", format!("/google/diff/{compared}")),
    ] {
        troubles.extend(care.look(name, &path));
        care.bed.browser.until("!document.body.innerText.includes('⟦')").unwrap();
    }
    care.done(&troubles);
}
