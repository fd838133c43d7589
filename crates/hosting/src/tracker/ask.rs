//! Asking a host over HTTP, within bounds: of time, of size and of depth. Where it redirects nobody goes with a key.

use std::time::Duration;

use axum::http::{HeaderMap, Method, StatusCode, header};
use engine::clock::within;
use model::{MASK, Secret, json};
use reqwest::{Certificate, Client, Response, Url, redirect};
use serde_json::{Value, json};

use super::error::{Error, Trouble};
use super::reported::Reported;
use crate::hidden::Hidden;
use crate::rne::Rne;
use crate::values::{Change, Values};

/// Below the base URL.
const ROOT: &str = "hosting/v1/establishments";
/// More than any answer has, in bytes.
const LONGEST: usize = 1 << 20;
/// Characters of what a host says that are shown.
const WORDS: usize = 300;
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// No pause that a host asks for is longer.
const LONGEST_PAUSE: Duration = Duration::from_hours(24);

/// A host that is reached over HTTP.
#[derive(Clone, Debug)]
pub struct Remote {
    base: Url,
    key: Secret<String>,
    client: Client,
    patience: Duration,
}

/// How a school stands.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    /// What the host says.
    pub(super) said: Reported,
    /// The school's key is void: it was asked for with the client's.
    pub(super) key_is_void: bool,
}

/// A school that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Made {
    /// Its key.
    pub(super) key: Hidden,
}

/// A link to the upload page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Where it leads, once.
    pub url: String,
    /// Until when it can be opened.
    pub expires_at: Option<jiff::Timestamp>,
}

impl Remote {
    /// A host at this base URL, asked with this client key. `authority` = the certificate of one that may have signed the
    /// host's, in PEM. An error is a sentence.
    pub fn new(
        base: &str,
        key: Secret<String>,
        authority: Option<&[u8]>,
        patience: Duration,
    ) -> Result<Self, String> {
        let base = base_url(base)?;
        // Whoever came first has installed the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .timeout(patience)
            .connect_timeout(CONNECT.min(patience))
            .redirect(redirect::Policy::none())
            .user_agent(concat!("intendant/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = authority {
            let certificates = Certificate::from_pem_bundle(pem)
                .map_err(|_| "authorities: there is no PEM of a certificate in the file".to_owned())?;
            builder = builder.tls_certs_merge(certificates);
        }
        if key.expose().is_empty() || key.expose().chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err("key: it is no token such as `intendant token make` prints".to_owned());
        }
        let client = builder.build().map_err(|error| Error::Client(error.to_string()).to_string())?;
        Ok(Remote { base, key, client, patience })
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    // === the dialogue ===

    /// How a school stands. Its own key is shown first, the client's when that is void.
    pub(super) async fn show(&self, rne: &Rne, key: Option<&Hidden>) -> Result<Shown, Trouble> {
        let path = format!("{ROOT}/{rne}");
        let mut key_is_void = false;
        if let Some(key) = key {
            match self.ask(Method::GET, &path, key.expose(), None).await {
                Err(Trouble::Key) => key_is_void = true,
                answer => return shown(&answer?, false),
            }
        }
        shown(&self.ask(Method::GET, &path, self.key.expose(), None).await?, key_is_void)
    }

    /// Asks for a school, or for its key again. Who is told of it stays here.
    pub(super) async fn post(&self, rne: &Rne, values: &Values) -> Result<Made, Trouble> {
        let body = json!({
            "rne": rne, "griffe": values.griffe, "code": values.code.expose(), "version": values.version,
        });
        match self.ask(Method::POST, ROOT, self.key.expose(), Some(&body)).await {
            Ok(answer) => {
                let key = answer.get("key").and_then(Value::as_str);
                let sound =
                    |key: &&str| (1..=512).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
                let key =
                    key.filter(sound).ok_or_else(|| Trouble::Odd("there is no key in it".to_owned()))?;
                Ok(Made { key: Hidden::new(key) })
            }
            // 404 is every refusal there, and what is said of it is not that there is no such school.
            Err(Trouble::Missing) => {
                Err(Trouble::Refused { kind: "refused".to_owned(), why: "it refuses the school".to_owned() })
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Changes what is known of a school.
    pub(super) async fn put(&self, rne: &Rne, key: Option<&Hidden>, change: &Change) -> Result<(), Trouble> {
        let mut body = serde_json::Map::new();
        let Change { griffe, code, version, contact: _ } = change;
        body.extend(griffe.as_ref().map(|griffe| ("griffe".to_owned(), json!(griffe))));
        body.extend(code.as_ref().map(|code| ("code".to_owned(), json!(code.expose()))));
        body.extend(version.map(|version| ("version".to_owned(), json!(version))));
        self.by_either(Method::PUT, &format!("{ROOT}/{rne}"), key, Some(&Value::Object(body))).await.map(drop)
    }

    /// Has a school removed.
    pub(super) async fn delete(&self, rne: &Rne, key: Option<&Hidden>) -> Result<(), Trouble> {
        self.by_either(Method::DELETE, &format!("{ROOT}/{rne}"), key, None).await.map(drop)
    }

    /// A link to the upload page.
    pub(super) async fn ticket(&self, rne: &Rne, key: Option<&Hidden>) -> Result<Ticket, Trouble> {
        let path = format!("{ROOT}/{rne}/upload-tickets");
        let answer = self.by_either(Method::POST, &path, key, None).await?;
        let url = answer.get("url").and_then(Value::as_str).and_then(|url| self.base.join(url).ok());
        // It goes into a page. The host may be reached by others under another name than from here.
        let sound =
            |url: &Url| url.scheme() == "https" || (url.scheme() == "http" && self.base.scheme() == "http");
        let url = url.filter(sound);
        let url =
            url.ok_or_else(|| Trouble::Odd("there is no link in it that a page may show".to_owned()))?;
        let expires_at = answer.get("expires_at").and_then(|at| at.as_str()?.parse().ok());
        Ok(Ticket { url: url.into(), expires_at })
    }

    /// With the school's key, or the client's where there is none or it is void.
    async fn by_either(
        &self,
        method: Method,
        path: &str,
        key: Option<&Hidden>,
        body: Option<&Value>,
    ) -> Result<Value, Trouble> {
        if let Some(key) = key {
            match self.ask(method.clone(), path, key.expose(), body).await {
                Err(Trouble::Key) => {}
                answer => return answer,
            }
        }
        self.ask(method, path, self.key.expose(), body).await
    }

    // === one request ===

    async fn ask(
        &self,
        method: Method,
        path: &str,
        key: &str,
        body: Option<&Value>,
    ) -> Result<Value, Trouble> {
        let url = self.base.join(path).map_err(|error| Trouble::Odd(error.to_string()))?;
        let mut request =
            self.client.request(method, url).bearer_auth(key).header(header::ACCEPT, "application/json");
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_string());
        }
        // The client's own limit does not count a body that trickles in without end.
        let exchange = async {
            let answer = request.send().await.map_err(|error| down(&error))?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            Ok((status, headers, read(answer).await?))
        };
        let (status, headers, body) = within(self.patience, exchange).await.map_err(|_| late())??;
        self.understood(status, &headers, &body, key)
    }

    fn understood(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        key: &str,
    ) -> Result<Value, Trouble> {
        let said = json::read(body);
        if status.is_success() {
            return said.map_err(|error| Trouble::Odd(error.to_string()));
        }
        let said = said.unwrap_or_default();
        let word = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default();
        let kind = word("type");
        let asked =
            headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        let retry_after = asked.map(|seconds| Duration::from_secs(seconds).min(LONGEST_PAUSE));
        match status.as_u16() {
            401 | 403 => Err(Trouble::Key),
            404 if kind.is_empty() || kind == "about:blank" || kind == "not-found" => Err(Trouble::Missing),
            429 | 500.. => Err(Trouble::Down { why: format!("it answers {status}"), retry_after }),
            300..=399 => Err(Trouble::Odd(format!(
                "it answers {status} and wants to be asked elsewhere, where no key is sent: correct the URL of the host"
            ))),
            _ => {
                let fields = said.get("errors").and_then(Value::as_array).into_iter().flatten();
                let field = |field: &Value| {
                    let text = |name: &str| field.get(name).and_then(Value::as_str).unwrap_or_default();
                    format!("{} {}", text("pointer").trim_start_matches('/'), text("detail"))
                };
                let mut why: Vec<String> = fields.take(10).map(field).collect();
                if why.is_empty() {
                    let detail = word("detail");
                    why.push(if detail.is_empty() {
                        format!("it answers {status}")
                    } else {
                        detail.to_owned()
                    });
                }
                Err(Trouble::Refused { kind: line(kind), why: self.shown(&why.join("; "), key) })
            }
        }
    }

    /// What a host says, as it may be shown: it could repeat a key.
    fn shown(&self, text: &str, key: &str) -> String {
        line(&text.replace(key, MASK).replace(self.key.expose().as_str(), MASK))
    }
}

fn line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(WORDS).collect()
}

fn shown(answer: &Value, key_is_void: bool) -> Result<Shown, Trouble> {
    let said = Reported::read(answer);
    let said = said.ok_or_else(|| Trouble::Odd("it does not say where the school stands".to_owned()))?;
    Ok(Shown { said, key_is_void })
}

/// The body of an answer, within bounds.
async fn read(mut answer: Response) -> Result<Vec<u8>, Trouble> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| down(&error))? {
        if body.len() + chunk.len() > LONGEST {
            return Err(Trouble::Odd(format!("it is longer than {LONGEST} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn late() -> Trouble {
    Trouble::Down { why: "no answer in time".to_owned(), retry_after: None }
}

/// What an error of the client means. Without the address: the last cause says what happened.
fn down(error: &reqwest::Error) -> Trouble {
    if error.is_timeout() {
        return late();
    }
    let mut last: &dyn std::error::Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    Trouble::Down { why: format!("it cannot be reached: {}", line(&last.to_string())), retry_after: None }
}

/// A base URL that keys may be sent to: `https`, unless it is this machine.
fn base_url(text: &str) -> Result<Url, String> {
    let bad = |why: &str| format!("url: {text:?} {why}");
    let mut url = Url::parse(text.trim()).map_err(|_| bad("is no address such as https://host.example"))?;
    if !url.username().is_empty()
        || url.password().is_some()
        || url.query().is_some()
        || url.fragment().is_some()
    {
        return Err(bad(
            "must be an address without user, query and fragment: the key has a place of its own",
        ));
    }
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    let is_here = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if is_here => {}
        "http" => return Err(bad("is not encrypted, and the key would be read by others: write https://")),
        _ => return Err(bad("begins with neither https:// nor http://")),
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(base: &str) -> Result<Remote, String> {
        Remote::new(base, Secret::new("client-key-1".to_owned()), None, Duration::from_secs(5))
    }

    #[test]
    fn keys_travel_encrypted_or_stay_on_this_machine() {
        for good in [
            "https://host.example",
            "https://host.example/bcdi/",
            "http://127.0.0.1:8470",
            "http://[::1]:1",
            "http://localhost:1",
        ] {
            assert!(remote(good).is_ok(), "{good}");
        }
        for bad in [
            "http://host.example",
            "host.example",
            "ftp://host.example",
            "",
            "https://a:b@host.example",
            "https://host.example/?key=1",
            "http://127.0.0.1.host.example",
            "http://10.0.0.1",
        ] {
            let why = remote(bad).unwrap_err();
            assert!(why.starts_with("url: "), "{bad}: {why}");
        }
        assert_eq!(remote("https://host.example/bcdi").unwrap().url(), "https://host.example/bcdi");
        assert!(!format!("{:?}", remote("https://host.example").unwrap()).contains("client-key-1"));
    }

    #[test]
    fn what_a_host_answers_is_understood_and_repeats_no_key() {
        let remote = remote("https://host.example").unwrap();
        let answer = |status: u16, body: &str| {
            remote.understood(
                StatusCode::from_u16(status).unwrap(),
                &HeaderMap::new(),
                body.as_bytes(),
                "school-key-1",
            )
        };
        assert_eq!(answer(401, ""), Err(Trouble::Key));
        assert_eq!(answer(404, "<html>not here</html>"), Err(Trouble::Missing));
        assert_eq!(answer(404, r#"{"type":"not-found"}"#), Err(Trouble::Missing));
        let refused =
            answer(404, r#"{"type":"already-exists","detail":"you said school-key-1 and client-key-1\nno"}"#);
        let Err(Trouble::Refused { kind, why }) = refused else { panic!("{refused:?}") };
        assert_eq!((kind.as_str(), why.as_str()), ("already-exists", "you said •••••• and •••••• no"));
        let faults = r#"{"type":"invalid-request","errors":[{"pointer":"/griffe","detail":"is too long"}]}"#;
        assert!(
            matches!(answer(422, faults), Err(Trouble::Refused { why, .. }) if why == "griffe is too long")
        );
        assert!(matches!(answer(302, ""), Err(Trouble::Odd(why)) if why.contains("elsewhere")));
        assert!(matches!(answer(503, "x"), Err(Trouble::Down { .. })));
        let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
        assert!(matches!(answer(200, &deep), Err(Trouble::Odd(_))));
    }

    #[test]
    fn a_host_may_ask_for_a_pause_of_a_day_at_most() {
        let remote = remote("https://host.example").unwrap();
        for (said, wanted) in [("30", Some(30)), ("99999999", Some(86_400)), ("soon", None)] {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, said.parse().unwrap())]);
            let answer = remote.understood(StatusCode::TOO_MANY_REQUESTS, &headers, b"", "k");
            let Err(Trouble::Down { retry_after, .. }) = answer else { panic!("{answer:?}") };
            assert_eq!(retry_after, wanted.map(Duration::from_secs));
        }
    }
}
