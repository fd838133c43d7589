//! A browser as people have it, without a window: Chromium, driven over `WebDriver` (W3C). It is gone when dropped.
//!
//! Nothing here pauses for a while: what has to come is waited for with [`Browser::until`].

mod wire;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::Error;
use crate::daemon::Daemon;
use crate::packages::{Need, need, require, run};
use crate::service::{Sandbox, local};
use crate::wait;
use wire::Wire;

/// Debian's driver, which comes with the browser.
const DRIVER: Need = need("chromedriver", "chromium-driver");

/// The programs that it and its tests are made of.
pub const NEEDS: &[Need] = &[DRIVER, need("chromium", "chromium"), NPM];

/// Fetches what is published for browsers.
const NPM: Need = need("npm", "npm");
/// What is asked about pages (licence MPL-2.0; used by tests only, never shipped).
const AXE: &str = "axe-core@4.14.1";

// Keys as `WebDriver` names them (W3C, 17.4.2).
/// Tab.
pub const TAB: &str = "\u{E004}";
/// Enter.
pub const ENTER: &str = "\u{E007}";
/// Shift, before the key that it is held for.
pub const SHIFT: &str = "\u{E008}";
/// Control, before the key that it is held for.
pub const CONTROL: &str = "\u{E009}";
/// Escape.
pub const ESCAPE: &str = "\u{E00C}";
/// The space bar.
pub const SPACE: &str = " ";
/// The arrow down.
pub const DOWN: &str = "\u{E015}";

/// Only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_mins(2);

/// A browser with one window.
#[derive(Debug)]
pub struct Browser {
    wire: Wire,
    session: String,
    _sandbox: Sandbox,
}

impl Browser {
    /// Starts one that speaks this language.
    ///
    /// # Errors
    /// [`Error::Missing`] when it is not installed; otherwise what it said as it failed.
    pub fn start(lang: &str) -> Result<Self, Error> {
        Browser::among(lang, &[])
    }

    /// The same, where these names lead to this machine as well, and sites that stand in frames of others get no cookies.
    ///
    /// # Errors
    /// As [`Browser::start`].
    pub fn among(lang: &str, names: &[&str]) -> Result<Self, Error> {
        let mut sandbox = Sandbox::new("browser")?;
        let port = sandbox.port()?;
        let mut command = Command::new(require(DRIVER)?);
        command.arg(format!("--port={port}")).env("TMPDIR", sandbox.folder()).env("HOME", sandbox.folder());
        let daemon = Daemon::start("chromedriver", &mut command, sandbox.folder(), Signal::TERM)?;
        let wire = Wire::new(local(port));
        sandbox.keep(daemon, || wire.call("GET", "/status", None).is_ok())?;
        let created = wire.call("POST", "/session", Some(&capabilities(lang, names, &sandbox)))?;
        let session = created.get("sessionId").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Browser { wire, session, _sandbox: sandbox })
    }

    /// Goes to an address and waits until its page is loaded.
    pub fn go(&self, url: &str) -> Result<(), Error> {
        self.post("/url", &json!({ "url": url })).map(drop)
    }

    /// Shows pages in a window of this size, in CSS pixels.
    pub fn size(&self, width: u32, height: u32) -> Result<(), Error> {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics)
    }

    /// Shows pages as on a system that is set to dark, or to light.
    pub fn dark(&self, dark: bool) -> Result<(), Error> {
        let value = if dark { "dark" } else { "light" };
        let feature = json!({ "name": "prefers-color-scheme", "value": value });
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": [feature] }))
    }

    /// Forgets what it has kept of pages, as one that comes for the first time.
    pub fn forget(&self) -> Result<(), Error> {
        self.devtools("Network.clearBrowserCache", &json!({}))
    }

    /// What a script in the page returns.
    pub fn script(&self, code: &str) -> Result<Value, Error> {
        self.post("/execute/sync", &json!({ "script": code, "args": [] }))
    }

    /// What a script hands to its last argument, sooner or later.
    pub fn script_async(&self, code: &str) -> Result<Value, Error> {
        self.post("/execute/async", &json!({ "script": code, "args": [] }))
    }

    /// Waits until an expression in the page is true.
    ///
    /// # Errors
    /// [`Error::Tool`] with what the page says instead.
    pub fn until(&self, expression: &str) -> Result<(), Error> {
        let code = format!("return Boolean({expression})");
        // While a page is being exchanged for another, asking it anything fails.
        let came =
            wait::until(PATIENCE, || self.script(&code).ok().filter(|found| *found == Value::Bool(true)));
        if came.is_some() {
            return Ok(());
        }
        let page = self.script("return location.href + '\\n' + document.body.innerText")?;
        let log = page.as_str().unwrap_or_default().to_owned();
        Err(Error::Tool { what: format!("waiting until {expression}"), log })
    }

    /// Waits until the page shows these words.
    pub fn shows(&self, words: &str) -> Result<(), Error> {
        self.until(&format!("document.body.innerText.includes({})", Value::from(words)))
    }

    /// Presses what a CSS selector leads to, as soon as it is there.
    pub fn click(&self, css: &str) -> Result<(), Error> {
        let element = self.element(css)?;
        self.post(&format!("/element/{element}/click"), &json!({})).map(drop)
    }

    /// Presses the link, button or heading of a fold that has exactly this name, as soon as it is seen.
    pub fn press(&self, name: &str) -> Result<(), Error> {
        let named = format!(
            "[...document.querySelectorAll('a, button, summary')].find(e => e.getClientRects().length && \
             e.innerText.replace(/\\s+/g, ' ').trim() === {})",
            Value::from(name)
        );
        self.until(&named)?;
        // A page that follows what happens may put another in its place meanwhile.
        let press = || {
            let found = self.script(&format!("return {named}")).ok()?;
            let id = found.as_object()?.values().next()?.as_str()?;
            self.post(&format!("/element/{id}/click"), &json!({})).ok()
        };
        let pressed = wait::until(PATIENCE, press).map(drop);
        pressed.ok_or_else(|| Error::Tool { what: format!("pressing {name}"), log: named })
    }

    /// Presses these keys together, and lets go of them: what has the focus gets them.
    pub fn keys(&self, keys: &str) -> Result<(), Error> {
        let turn = |kind: &'static str| move |key: char| json!({ "type": kind, "value": key.to_string() });
        let actions: Vec<Value> =
            keys.chars().map(turn("keyDown")).chain(keys.chars().rev().map(turn("keyUp"))).collect();
        self.post(
            "/actions",
            &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": actions }] }),
        )
        .map(drop)
    }

    /// Chooses one of the options of a field, by its value.
    pub fn pick(&self, css: &str, value: &str) -> Result<(), Error> {
        self.element(css)?;
        let (css, value) = (Value::from(css), Value::from(value));
        let code = format!(
            "const field = document.querySelector({css}); field.value = {value};\
             field.dispatchEvent(new Event('change', {{ bubbles: true }})); return field.value"
        );
        let chosen = self.script(&code)?;
        if chosen == value {
            return Ok(());
        }
        Err(Error::Tool { what: format!("choosing {value} in {css}"), log: chosen.to_string() })
    }

    /// Chooses files for a field of a form.
    pub fn choose(&self, css: &str, files: &[&Path]) -> Result<(), Error> {
        let element = self.element(css)?;
        let paths: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
        self.post(&format!("/element/{element}/value"), &json!({ "text": paths.join("\n") })).map(drop)
    }

    /// From here on everything is about the page in this frame; `None` = about the whole page again.
    pub fn frame(&self, css: Option<&str>) -> Result<(), Error> {
        let frame = match css {
            Some(css) => json!({ "element-6066-11e4-a52e-4f735466cecf": self.element(css)? }),
            None => Value::Null,
        };
        self.post("/frame", &json!({ "id": frame })).map(drop)
    }

    /// Types into a field, in the place of what was in it.
    pub fn fill(&self, css: &str, text: &str) -> Result<(), Error> {
        let element = self.element(css)?;
        self.post(&format!("/element/{element}/clear"), &json!({}))?;
        self.post(&format!("/element/{element}/value"), &json!({ "text": text })).map(drop)
    }

    /// The page as it is seen, as PNG; with `whole` all of it, however long.
    pub fn screenshot(&self, width: u32, whole: bool) -> Result<Vec<u8>, Error> {
        if whole {
            let height = self.script("return document.documentElement.scrollHeight")?;
            let height = height.as_u64().and_then(|h| u32::try_from(h).ok()).unwrap_or(800);
            self.size(width, height.clamp(200, 16_000))?;
        }
        let shot = self.get("/screenshot")?;
        let decoded = STANDARD.decode(shot.as_str().unwrap_or_default());
        decoded
            .map_err(|error| Error::Tool { what: "taking a screenshot".to_owned(), log: error.to_string() })
    }

    /// What the browser complained about since this was asked last.
    pub fn complaints(&self) -> Result<Vec<String>, Error> {
        let entries = self.post("/se/log", &json!({ "type": "browser" }))?;
        let entries = entries.as_array().cloned().unwrap_or_default();
        Ok(entries.iter().filter_map(|entry| entry.get("message")?.as_str().map(str::to_owned)).collect())
    }

    /// The addresses that pages asked for since this was asked last.
    pub fn requests(&self) -> Result<Vec<String>, Error> {
        let entries = self.post("/se/log", &json!({ "type": "performance" }))?;
        let entries = entries.as_array().cloned().unwrap_or_default();
        let url = |entry: &Value| {
            let message: Value = serde_json::from_str(entry.get("message")?.as_str()?).ok()?;
            let message = message.get("message")?;
            (message.get("method")? == "Network.requestWillBeSent")
                .then(|| message.pointer("/params/request/url")?.as_str().map(str::to_owned))?
        };
        Ok(entries.iter().filter_map(url).collect())
    }

    /// The bytes that pages brought over the wire, heads and all, since this or [`Browser::requests`] was asked last.
    pub fn transferred(&self) -> Result<u64, Error> {
        let entries = self.post("/se/log", &json!({ "type": "performance" }))?;
        let entries = entries.as_array().cloned().unwrap_or_default();
        let bytes = |entry: &Value| {
            let message: Value = serde_json::from_str(entry.get("message")?.as_str()?).ok()?;
            let message = message.get("message")?;
            if message.get("method")? != "Network.loadingFinished" {
                return None;
            }
            // Written with a fraction, which is none.
            let bytes = message.pointer("/params/encodedDataLength")?.as_number()?.to_string();
            bytes.split('.').next()?.parse::<u64>().ok()
        };
        Ok(entries.iter().filter_map(bytes).sum())
    }

    fn element(&self, css: &str) -> Result<String, Error> {
        self.until(&format!("document.querySelector({})?.getClientRects().length", Value::from(css)))?;
        let found = self.post("/element", &json!({ "using": "css selector", "value": css }))?;
        let id = found.as_object().and_then(|found| found.values().next()?.as_str());
        Ok(id.unwrap_or_default().to_owned())
    }

    fn devtools(&self, command: &str, parameters: &Value) -> Result<(), Error> {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters })).map(drop)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.wire.call("POST", &format!("/session/{}{path}", self.session), Some(body))
    }

    fn get(&self, path: &str) -> Result<Value, Error> {
        self.wire.call("GET", &format!("/session/{}{path}", self.session), None)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the browser itself; its driver goes with its sandbox.
        let _ = self.wire.call("DELETE", &format!("/session/{}", self.session), None);
    }
}

fn capabilities(lang: &str, names: &[&str], sandbox: &Sandbox) -> Value {
    let here = names.iter().map(|name| format!("MAP {name} 127.0.0.1, "));
    let hosts = format!(
        "--host-resolver-rules={}MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        here.collect::<Vec<_>>().concat()
    );
    let profile = format!("--user-data-dir={}", sandbox.folder().join("profile").display());
    let options = json!({
        "args": [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            // A page that still moves as its window changes complains of it.
            "--force-prefers-reduced-motion",
            // Nobody but this machine is there.
            hosts, profile, format!("--lang={lang}"),
        ],
        "prefs": {
            "intl.accept_languages": lang,
            "profile.block_third_party_cookies": !names.is_empty(),
            "profile.cookie_controls_mode": u8::from(!names.is_empty()),
        },
    });
    json!({ "capabilities": { "alwaysMatch": {
        "goog:chromeOptions": options,
        "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        "timeouts": { "pageLoad": 120_000, "script": 120_000 },
    }}})
}

/// Where axe is, which knows what keeps people out of a page. Fetched with npm when it is not there yet.
///
/// # Errors
/// [`Error::Missing`] without npm, [`Error::Tool`] when it could not be fetched.
pub fn axe() -> Result<PathBuf, Error> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let folder = cache.unwrap_or_else(std::env::temp_dir).join("intendant").join(AXE);
    let file = folder.join("package/axe.min.js");
    fs::create_dir_all(&folder).map_err(Error::io(format!("creating {}", folder.display())))?;
    // Two tests must not both fetch it.
    let lock = folder.join("lock");
    let lock = File::create(&lock).map_err(Error::io(format!("creating {}", lock.display())))?;
    lock.lock().map_err(Error::io(format!("locking {}", folder.display())))?;
    if !file.exists() {
        run("npm", Command::new(require(NPM)?).current_dir(&folder).args(["pack", AXE]))?;
        let archive = format!("{}.tgz", AXE.replace('@', "-"));
        run("tar", Command::new("tar").current_dir(&folder).args(["xzf", &archive, "package/axe.min.js"]))?;
    }
    Ok(file)
}
