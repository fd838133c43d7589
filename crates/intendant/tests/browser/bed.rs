//! A hub with a browser in front of it.

use serde_json::Value;
use testkit::browser::Browser;
use testkit::service::{Kind, Service};

use crate::support::{Serving, World};

/// Its name, width and height in CSS pixels.
pub type Window = (&'static str, u32, u32);

pub const PHONE: Window = ("phone", 390, 844);
pub const DESKTOP: Window = ("desktop", 1440, 900);
pub const WIDE: Window = ("wide", 2560, 1300);

pub const PASSWORD: &str = "a long password";

/// Succeeds, unless the file `broken` is there, or `busy`.
const SCRIPT: &str = r#"
cat >/dev/null
if [ -e "BUSY" ]; then
    echo '{"wait": 2, "wait_for": "backend", "message": "the quota of the day is used up"}'
    exit 0
fi
if [ -e "BROKEN" ]; then
    echo "connecting to directory.example.org" >&2
    echo '{"status": 49, "message": "the directory refused the bind: its password has expired"}'
    exit 49
fi
echo '{"status": 0, "message": "the entry is written"}'
"#;

/// A bus with one application on it, which writes mailing lists, and a referential that it asks.
const BUS: &str = "bus:\n  lists:\n    url: URL\n    supervise: true\n    routes:\n      request.mailinglist.update:\n        \
                   about: Writes a mailing list\n        action: LIST_UPDATE\n        schema: schema.json\n        \
                   concerned_to: /list\n        notify: notify.mailinglist.updated\n        \
                   depends_on: [{name: GrAM, url: 'http://127.0.0.1:1/api', why: members}]\n";

const SCHEMA: &str = r#"{"type": "object", "required": ["list", "members"], "properties": {
    "list": {"type": "string", "examples": ["choir"]}, "members": {"type": "array", "items": {"type": "string"}}}}"#;

/// Mails about what needs a person, to a relay that nobody listens at.
pub const ALERTS: &str = "alerts:\n  to: [admin@example.org]\n  digest: 0 8 * * *\n  quiet: 22:00-07:00\n\
                          mail:\n  relay: 127.0.0.1:1\n  from: hub@example.org\n";

/// A failsafe that lets one deletion through.
const MORE: &str = "failsafe:\n  sources: ['*']\n  delete: 1\n\
                    actions:\n  IDENTITY_DELETE: { destructive: delete }\n";

pub struct Bed {
    pub world: World,
    _hub: Serving,
    _broker: Option<Service>,
    pub browser: Browser,
    pub url: String,
}

impl Bed {
    pub fn new(lang: &str) -> Self {
        Bed::start(lang, None, "")
    }

    /// With a message bus, on a broker of its own.
    pub fn with_bus(lang: &str) -> Self {
        Bed::with_bus_and(lang, "")
    }

    /// The same, with more in its configuration.
    pub fn with_bus_and(lang: &str, more: &str) -> Self {
        Bed::start(lang, Some(Kind::RabbitMq.start().unwrap()), more)
    }

    /// With more in its configuration.
    pub fn with(lang: &str, more: &str) -> Self {
        Bed::start(lang, None, more)
    }

    fn start(lang: &str, broker: Option<Service>, more: &str) -> Self {
        let world = World::new();
        let bus = broker.as_ref().map(|broker| BUS.replace("URL", broker.url())).unwrap_or_default();
        world.file("schema.json", SCHEMA);
        world.configure(&format!("{MORE}{bus}{more}"));
        world.backend(
            "10directory",
            &SCRIPT.replace("BROKEN", &world.text("broken")).replace("BUSY", &world.text("busy")),
        );
        world.gates();
        world.backend("20gated", &world.gated_script());
        let only = "_version: 1\nname: 20gated\ndescription: waits\nactive: true\nactions:\n  \
                    IDENTITY_PASSWORD_RESET: { script: main.sh, onError: stop }\n";
        world.file("backends/20gated/config.yml", only);
        world.backend(
            "30lists",
            "cat >/dev/null; echo '{\"status\": 0, \"message\": \"the list is written\"}'",
        );
        let only = "_version: 1\nname: 30lists\ndescription: mailing lists\nactive: true\nactions:\n  \
                    LIST_UPDATE: { script: main.sh, onError: stop }\n";
        world.file("backends/30lists/config.yml", only);
        Bed { _broker: broker, ..Bed::of(world, lang) }
    }

    /// With what is in a world, and nothing else.
    pub fn of(world: World, lang: &str) -> Self {
        let hub = world.serve();
        let url = hub.url();
        Bed { world, _hub: hub, _broker: None, browser: Browser::start(lang).unwrap(), url }
    }

    pub fn window(&self, window: Window) {
        self.browser.size(window.1, window.2).unwrap();
    }

    pub fn go(&self, path: &str) {
        self.browser.go(&format!("{}{path}", self.url)).unwrap();
    }

    /// Makes the first account with a link, as its owner would.
    pub fn sign_in(&self) {
        let link = self.world.run(&["token", "sign-in"]);
        let link = link
            .stdout
            .split_whitespace()
            .find(|word| word.starts_with("http"))
            .unwrap_or_else(|| panic!("{link:?}"));
        self.browser.go(link).unwrap();
        self.browser.fill("#name", "alice").unwrap();
        self.browser.fill("#password", PASSWORD).unwrap();
        self.browser.fill("#again", PASSWORD).unwrap();
        self.browser.click("main button.primary").unwrap();
        self.browser.until("location.pathname === '/'").unwrap();
    }

    /// Hands a request in, past the console.
    pub fn submit(&self, action: &str, who: &str) -> String {
        self.world.submit(&document(action, who))
    }

    /// The id of the job whose page is shown.
    pub fn shown_job(&self) -> String {
        let path = self.browser.script("return location.pathname").unwrap();
        path.as_str().unwrap().strip_prefix("/jobs/").unwrap().to_owned()
    }

    /// Whether the live stream is open.
    pub fn is_live(&self) {
        self.browser.until("document.getElementById('pulse').dataset.state === 'on'").unwrap();
    }

    /// Waits until a job has ended.
    pub fn ended(&self, job: &str) -> Value {
        self.world.run(&["jobs", "watch", job]);
        self.world.run(&["jobs", "show", job, "--json"]).json()
    }

    /// The browser complained of nothing, and asked nobody but the hub.
    pub fn is_clean(&self) {
        assert_eq!(self.browser.complaints().unwrap(), Vec::<String>::new());
        for asked in self.browser.requests().unwrap() {
            // The browser's own first page is none of ours.
            let own = [self.url.as_str(), "data:", "chrome:"].iter().any(|own| asked.starts_with(own));
            assert!(own, "the page asked {asked}");
        }
    }
}

pub fn document(action: &str, who: &str) -> String {
    format!(
        r#"{{"action": "{action}", "concernedTo": "{who}", "payload": {{"uid": "{who}", "newPassword": "s3cr3t"}}}}"#
    )
}
