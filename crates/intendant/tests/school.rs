//! The whole way of a school as people go it, in Chromium: ordered in the back office, followed on the page whose link came by
//! mail, in a frame of another site that gets no cookies; its databases sent over a network that breaks to a hub that is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "the hub is a program of its own here")]
#![allow(missing_docs, unreachable_pub)]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use support::{Serving, World, examples, executable};
use testkit::browser::Browser;
use testkit::port::Port;
use testkit::smtp::Sink;
use testkit::wait;

const LONG: Duration = Duration::from_mins(2);
const SCHOOL: &str = "0750655E";
const CODE: &str = "licence-code-4711";
const CONTACT: &str = "cdi@lycee.example";
/// Another site, whose page shows ours.
const SHOP: &str = "shop.example";
const PASSWORD: &str = "a long password";
/// How many times as much as here is sent: 40 = 256 MB.
const SIZE: &str = "INTENDANT_SCHOOL_SIZE";
/// The connection that has carried so much breaks off; then, after so much more, nothing passes any longer.
const BREAKS: u64 = 1_200_000;
const STALLS: u64 = 3_500_000;

fn size() -> usize {
    std::env::var(SIZE).map_or(1, |times| times.parse().expect("a whole number"))
}

/// A network in front of the hub.
#[derive(Default)]
struct Network {
    passed: AtomicU64,
    broken: AtomicBool,
    stalled: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Network {
    fn start(port: u16, hub: u16) -> Arc<Self> {
        let network = Arc::<Network>::default();
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let of = Arc::clone(&network);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(("127.0.0.1", hub)) else { continue };
                of.open.lock().unwrap().extend([client.try_clone().unwrap(), server.try_clone().unwrap()]);
                let (back, forth) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let network = Arc::clone(&of);
                thread::spawn(move || network.carry(client, server));
                thread::spawn(move || {
                    let _ = std::io::copy(&mut { back }, &mut &forth);
                    let _ = forth.shutdown(Shutdown::Both);
                });
            }
        });
        network
    }

    /// What a browser says to the hub.
    fn carry(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut piece = vec![0; 64 << 10];
        while let Ok(read @ 1..) = from.read(&mut piece) {
            let all = self.passed.fetch_add(read as u64, Ordering::SeqCst) + read as u64;
            if all > BREAKS * size() as u64 && !self.broken.swap(true, Ordering::SeqCst) {
                break;
            }
            if all > STALLS * size() as u64 && !self.stalled.swap(true, Ordering::SeqCst) {
                // The rest of this connection goes nowhere.
                while let Ok(1..) = from.read(&mut piece) {}
                break;
            }
            if to.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
    }

    /// All that is open breaks off.
    fn cut(&self) {
        for end in self.open.lock().unwrap().drain(..) {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

/// A page of another site, with the page of the school in a frame.
fn shop(listener: TcpListener, page: Arc<Mutex<String>>) {
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut head = [0; 4096];
            let _ = client.read(&mut head);
            let frame = page.lock().unwrap().clone();
            let html = format!(
                "<!doctype html><html lang=fr><title>Shop</title><h1>Your library</h1>\
                 <iframe id=school title=Library style='width:100%;height:70rem' src='{frame}'></iframe>"
            );
            let _ = write!(
                client,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{html}",
                html.len()
            );
        }
    });
}

/// The example's backend, with a port of its own, and behind it one that lets databases be mounted once a file is there.
fn backends(world: &World, port: u16) {
    let to = world.path("backends/50library");
    assert!(
        Command::new("cp")
            .arg("-a")
            .arg(examples().join("backends/50library"))
            .arg(&to)
            .status()
            .unwrap()
            .success()
    );
    let config = to.join("config.yml");
    let text = std::fs::read_to_string(&config).unwrap().replace("8475", &port.to_string());
    std::fs::write(config, text).unwrap();
    let gate = world.path("backends/60gate");
    std::fs::create_dir_all(gate.join("bin")).unwrap();
    let config = "_version: 1\nname: gate\ndescription: waits\nactive: true\nactions:\n  HOSTING_MOUNT:\n    script: main.sh\n";
    std::fs::write(gate.join("config.yml"), config).unwrap();
    let script = format!(
        "#!/bin/sh\ncat >/dev/null\nuntil [ -e '{}' ]; do sleep 0.1; done\necho '{{\"status\": 0}}'\n",
        world.text("mounted")
    );
    executable(&gate.join("bin/main.sh"), &script);
}

struct Road {
    world: World,
    hub: u16,
    network: Arc<Network>,
    sink: Sink,
    browser: Browser,
    page: Arc<Mutex<String>>,
    shop: String,
    office: String,
}

/// Subject, text and HTML of all mails that came, as a library of others reads them.
const READ: &str = "import sys, json\nfrom email import message_from_string, policy\n\
    for text in json.load(sys.stdin):\n    mail = message_from_string(text, policy=policy.default)\n    \
    print(json.dumps([mail['Subject'], *(mail.get_body((kind,)).get_content() for kind in ('plain', 'html'))]))\n";

impl Road {
    fn new() -> (Self, Serving) {
        let world = World::new();
        let (hub, front, library, shop_port) =
            (Port::take().unwrap(), Port::take().unwrap(), Port::take().unwrap(), Port::take().unwrap());
        backends(&world, library.number());
        let sink = Sink::start().unwrap();
        let shop_url = format!("http://{SHOP}:{}", shop_port.number());
        let client = examples().join("backends/50library/client/library-client.py");
        world.configure(&format!(
            "http:\n  url: http://127.0.0.1:{}\nmail:\n  relay: {}\n  security: none\n  from: Library <library@shop.example>\n\
             hosting:\n  sites: ['{shop_url}']\n  clients: ['CL/linux={}']\n",
            front.number(), sink.address(), client.display(),
        ));
        let page = Arc::<Mutex<String>>::default();
        let (hub, front, shop_port) = (hub.number(), front.number(), shop_port.number());
        shop(TcpListener::bind(("127.0.0.1", shop_port)).unwrap(), Arc::clone(&page));
        let network = Network::start(front, hub);
        let office = format!("http://127.0.0.1:{front}");
        let road = Road {
            world,
            hub,
            network,
            sink,
            browser: Browser::among("en", &[SHOP]).unwrap(),
            page,
            shop: shop_url,
            office,
        };
        let serving = road.serve();
        (road, serving)
    }

    fn serve(&self) -> Serving {
        let mut command = self.world.command(&["serve"]);
        command.env("INTENDANT_HTTP__LISTEN", format!("127.0.0.1:{}", self.hub));
        Serving::start(&self.world, command)
    }

    /// Subject, text and HTML of each mail that came.
    fn mails(&self) -> Vec<[String; 3]> {
        let texts: Vec<String> = self.sink.mails().into_iter().map(|mail| mail.text).collect();
        let mut python = Command::new("python3");
        let mut python =
            python.args(["-c", READ]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        python.stdin.take().unwrap().write_all(&serde_json::to_vec(&texts).unwrap()).unwrap();
        let said = python.wait_with_output().unwrap();
        assert!(said.status.success());
        let said = String::from_utf8(said.stdout).unwrap();
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The link in the newest mail with these words.
    fn link(&self, words: &str) -> String {
        let found = wait::until(LONG, || {
            let said = |[subject, text, _]: &[String; 3]| subject.contains(words) || text.contains(words);
            let [_, text, _] = self.mails().into_iter().rev().find(said)?;
            let link = text.split_whitespace().find(|word| word.contains("/hosting/v1/school/"))?;
            Some(link.trim_matches(['<', '>', '.']).to_owned())
        });
        found.unwrap_or_else(|| panic!("no mail says {words:?}: {:?}", self.mails()))
    }

    /// Into the page of the school in the frame of the other site.
    fn to_page(&self) {
        self.browser.frame(None).unwrap();
        self.browser.frame(Some("#school")).unwrap();
    }

    fn go(&self, path: &str) {
        self.browser.go(&format!("{}{path}", self.office)).unwrap();
    }

    fn state(&self) -> Value {
        self.world.run(&["hosting", "show", SCHOOL, "--json"]).json()
    }
}

/// Databases of a school, as its software exports them.
fn titles(count: usize, of: &str) -> Vec<u8> {
    let mut text = b"Titre;Auteur\nGerminal;Zola\n".to_vec();
    text.extend((0..count).flat_map(|n| format!("Titre {n:06} de {of};Auteur {of}\n").into_bytes()));
    text
}

fn fetch(url: &str) -> Vec<u8> {
    let got = Command::new("curl").args(["-sSf", "--max-time", "60", url]).output().unwrap();
    assert!(got.status.success(), "{url}: {}", String::from_utf8_lossy(&got.stderr));
    got.stdout
}

#[test]
fn a_school_is_ordered_followed_opened_changed_and_removed() {
    let (road, serving) = Road::new();
    order(&road);
    let link = road.link("vous pouvez envoyer les bases");
    *road.page.lock().unwrap() = link.clone();
    let titles = |name| (name, titles(40_000 * size(), name));
    let sent = ["Base principale.txt", "Périodiques.txt", "Archives.txt"].map(titles);
    let serving = upload(&road, &sent, serving);
    mounts(&road);
    let password = opens(&road);
    changes(&road, &link);
    removes(&road, &link, &sent);
    keeps_secrets(&road, &serving, &password);
    looks(&road);
    serving.stop();
}

/// Mails fit a phone and a desk. With `INTENDANT_SCREENSHOTS=FOLDER` each is kept as a picture.
fn looks(road: &Road) {
    let folder = std::env::var_os("INTENDANT_SCREENSHOTS").map(PathBuf::from);
    for (n, [_, _, html]) in road.mails().iter().enumerate() {
        road.browser.go(&format!("file://{}", road.world.file("mail.html", html.as_bytes()))).unwrap();
        for width in [390, 1280] {
            road.browser.size(width, 800).unwrap();
            let fits = "return document.documentElement.scrollWidth <= innerWidth";
            assert_eq!(road.browser.script(fits).unwrap(), true, "{html}");
            if let Some(folder) = &folder {
                let shot = road.browser.screenshot(width, true).unwrap();
                std::fs::write(folder.join(format!("school-mail-{n}-{width}.png")), shot).unwrap();
            }
        }
    }
}

/// In the back office: the host does not know it, and is asked for it.
fn order(road: &Road) {
    let browser = &road.browser;
    browser.size(1280, 900).unwrap();
    let sign_in = road.world.run(&["token", "sign-in"]).stdout;
    browser.go(sign_in.split_whitespace().find(|word| word.starts_with("http")).unwrap()).unwrap();
    browser.fill("#name", "alice").unwrap();
    browser.fill("#password", PASSWORD).unwrap();
    browser.fill("#again", PASSWORD).unwrap();
    browser.click("main button.primary").unwrap();
    browser.until("location.pathname === '/'").unwrap();
    road.go("/hosting");
    browser.click("a[href='/hosting/new']").unwrap();
    browser.fill("#rne", "0750655F").unwrap();
    browser.fill("#griffe", "Lycée Moulin").unwrap();
    browser.fill("#code", CODE).unwrap();
    browser.fill("#mail", CONTACT).unwrap();
    browser.click("main button.primary").unwrap();
    browser.until("document.querySelector('#rne[aria-invalid=true]')").unwrap();
    assert_eq!(
        browser.script("return document.querySelector('#code').value").unwrap(),
        "",
        "it is typed again"
    );
    browser.fill("#rne", SCHOOL).unwrap();
    browser.fill("#code", CODE).unwrap();
    browser.click("main button.primary").unwrap();
    browser.until(&format!("location.pathname === '/hosting/schools/{SCHOOL}'")).unwrap();
    browser.shows("The school was ordered at its host.").unwrap();
    browser.shows("Waits for databases").unwrap();
    // The same once more: it is there, with these values.
    road.go(&format!("/hosting/new?rne={SCHOOL}&griffe=Lyc%C3%A9e+Moulin&version=CL&language=fr"));
    browser.fill("#code", CODE).unwrap();
    browser.click("main button.primary").unwrap();
    browser.shows("The host knew the school already").unwrap();
}

/// The databases are sent from a frame in a frame, over a network that breaks, to a hub that is killed.
fn upload(road: &Road, sent: &[(&str, Vec<u8>)], serving: Serving) -> Serving {
    let browser = &road.browser;
    browser.go(&road.shop).unwrap();
    road.to_page();
    browser.shows("Vos bases sont attendues").unwrap();
    browser.frame(Some("#frame")).unwrap();
    browser.click("button.primary").unwrap();
    browser.shows("Choisissez les fichiers").unwrap();
    assert_eq!(browser.script("try { return document.cookie } catch { return '' }").unwrap(), "");
    let files: Vec<PathBuf> = sent.iter().map(|(name, text)| road.world.file(name, text).into()).collect();
    let files: Vec<_> = files.iter().map(PathBuf::as_path).collect();
    browser.choose("#files", &files).unwrap();
    let stalled = wait::until(LONG, || road.network.stalled.load(Ordering::SeqCst).then_some(()));
    assert!(stalled.is_some(), "{} bytes passed", road.network.passed.load(Ordering::SeqCst));
    assert!(road.network.broken.load(Ordering::SeqCst));
    serving.kill();
    road.network.cut();
    let serving = road.serve();
    browser.until("document.querySelectorAll('.file.there').length === 3").unwrap();
    browser.until("document.querySelector('.file .name').innerText.includes('Base principale')").unwrap();
    browser.click("#finish button").unwrap();
    serving
}

/// The page of the school shows by itself that they are mounted, and how long it takes.
fn mounts(road: &Road) {
    road.to_page();
    road.browser.shows("Le montage de vos bases est en cours").unwrap();
    road.browser.until("/environ 1[0-9] minutes/.test(document.querySelector('#left')?.innerText)").unwrap();
    road.browser.until("!document.querySelector('#act iframe')").unwrap();
    road.world.file("mounted", "");
    road.browser.shows("Votre serveur documentaire est opérationnel").unwrap();
    road.link("est opérationnel");
}

/// How to connect: what is secret is in the page only once somebody asks for it. The answer is that.
fn opens(road: &Road) -> String {
    let browser = &road.browser;
    let view = road.state();
    let password = view["connection"]["rows"][1]["value"].as_str().unwrap().to_owned();
    let whole = "return document.documentElement.outerHTML";
    browser.until("document.querySelector('#reveal')").unwrap();
    assert!(!browser.script(whole).unwrap().as_str().unwrap().contains(&password));
    browser.click("#reveal").unwrap();
    browser.shows(&password).unwrap();
    browser.click("#hide").unwrap();
    browser.until("document.querySelector('#reveal')").unwrap();
    assert!(!browser.script(whole).unwrap().as_str().unwrap().contains(&password));
    let client = examples().join("backends/50library/client/library-client.py");
    let offered = text_of(browser, "document.querySelector('a.client').href");
    let downloaded = fetch(&offered);
    assert!(downloaded == std::fs::read(client).unwrap(), "{offered}");
    let site = text_of(browser, "document.querySelector('#site').href");
    let mut client = Command::new("python3");
    client.args([&road.world.file("client.py", &downloaded), &site, "germinal"]);
    let mut client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    writeln!(client.stdin.take().unwrap(), "{password}").unwrap();
    let found = String::from_utf8(client.wait_with_output().unwrap().stdout).unwrap();
    assert!(found.contains("Zola"), "{found}");
    browser.frame(None).unwrap();
    browser.go(&site).unwrap();
    browser.shows("Lycée Moulin").unwrap();
    password
}

fn text_of(browser: &Browser, expression: &str) -> String {
    browser.script(&format!("return {expression}")).unwrap().as_str().unwrap().to_owned()
}

/// In the back office: another stamp, which the site shows; mails are stopped; another link makes the old one void.
fn changes(road: &Road, link: &str) {
    let browser = &road.browser;
    road.go(&format!("/hosting/schools/{SCHOOL}/alter"));
    browser.fill("#griffe", "Collège Zola").unwrap();
    browser.click("main button.primary").unwrap();
    browser.shows("The change was sent to the host.").unwrap();
    let changed = wait::until(LONG, || {
        let view = road.state();
        (view["state"] == "BCDIREADY" && view["griffe"] == "Collège Zola").then_some(view)
    });
    let site = changed.expect("it is open again")["connection"]["url"].as_str().unwrap().to_owned();
    assert!(String::from_utf8(fetch(&site)).unwrap().contains("Collège Zola"));
    road.go(&format!("/hosting/schools/{SCHOOL}/rotate"));
    browser.click("main button.primary").unwrap();
    browser.shows("The link was replaced").unwrap();
    *road.page.lock().unwrap() = text_of(browser, "document.querySelector('#link').value");
    browser.go(link).unwrap();
    browser.until("document.querySelector('[role=alert]') && !document.querySelector('#now')").unwrap();
}

/// Deleted by its number; the school finds what it sent.
fn removes(road: &Road, link: &str, sent: &[(&str, Vec<u8>)]) {
    let browser = &road.browser;
    road.go(&format!("/hosting/schools/{SCHOOL}/delete"));
    browser.fill("#typed", "0750654D").unwrap();
    browser.click("main button.primary").unwrap();
    browser.shows("nothing was deleted").unwrap();
    browser.fill("#typed", SCHOOL).unwrap();
    browser.click("main button.primary").unwrap();
    browser.shows("The host removes the library server.").unwrap();
    browser.go(&road.shop).unwrap();
    road.to_page();
    browser.shows("Votre serveur documentaire a été supprimé").unwrap();
    browser.until("document.querySelectorAll('a.download').length > 3").unwrap();
    for (name, text) in sent {
        let named = format!(
            "[...document.querySelectorAll('a.download')].find(a => a.innerText.includes('{name}')).href"
        );
        assert!(fetch(&text_of(browser, &named)) == *text, "{name}");
    }
    assert_ne!(*road.page.lock().unwrap(), link);
}

/// No key, code or password stands where it does not belong.
fn keeps_secrets(road: &Road, serving: &Serving, password: &str) {
    let key = road.world.run(&["hosting", "rotate", SCHOOL]).stdout.trim().to_owned();
    assert_eq!(key.len(), 64);
    let (log, mails) = (serving.log(), road.mails());
    let asked = road.browser.requests().unwrap().join("\n");
    for secret in [CODE, password] {
        assert!(!log.contains(secret), "{secret} is in the log");
        assert!(!asked.contains(secret), "{secret} is in an address");
        assert!(mails.iter().flatten().all(|text| !text.contains(secret)), "{secret} is in a mail");
    }
    let tokens = mails.iter().flat_map(|[_, text, _]| text.split("/hosting/v1/school/").skip(1));
    for token in tokens.filter_map(|rest| rest.split_whitespace().next()) {
        assert!(!log.contains(token.trim_end_matches('.')), "a link to the page of the school is in the log");
    }
    let subjects: Vec<_> = mails.iter().map(|[subject, ..]| subject.as_str()).collect();
    let mut once = subjects.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), subjects.len(), "one mail for each step: {subjects:?}");
}
