//! How an administrator grants access: a browser on this machine, or on another one with the address pasted back.
//! With PKCE (RFC 7636); Google has no other way for this scope.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use engine::Clock;
use engine::clock::within;
use model::Secret;
use reqwest::Client;
use ring::digest;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::installed::{ClientSecret, denied};
use super::store::Stored;
use super::{SCOPE, granted};
use crate::trouble::Trouble;

/// Longest request line of a browser, in bytes.
const LONGEST: usize = 16 << 10;
/// How long a browser may take to send it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A sign-in that is under way.
pub struct Flow {
    secret: ClientSecret,
    redirect: String,
    state: String,
    verifier: Secret<String>,
}

/// What a browser was sent back with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pasted(Secret<String>);

/// 256 random bits as text.
fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

impl Flow {
    /// Begins one. The browser ends at this port of its own machine, whether or not anybody listens there.
    pub fn begin(secret: ClientSecret, port: u16) -> Result<Self, getrandom::Error> {
        let redirect = format!("http://127.0.0.1:{port}");
        Ok(Flow { secret, redirect, state: random()?, verifier: Secret::new(random()?) })
    }

    /// The address for the browser.
    pub fn url(&self, subject: &str) -> String {
        let challenge = digest::digest(&digest::SHA256, self.verifier.expose().as_bytes());
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(challenge);
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("client_id", self.secret.client_id.as_str()),
                ("redirect_uri", &self.redirect),
                ("response_type", "code"),
                ("scope", SCOPE),
                ("state", &self.state),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
                ("access_type", "offline"),
                ("prompt", "consent"),
                ("login_hint", subject),
            ])
            .finish();
        let place = self.secret.auth_uri();
        let joint = if place.contains('?') { '&' } else { '?' };
        format!("{place}{joint}{query}")
    }

    /// What stands in the address at which the browser ended. An error is a sentence: it belongs to another sign-in, or
    /// says no.
    pub fn read(&self, address: &str) -> Result<Pasted, String> {
        let query = address.trim().split_once('?').map(|(_, query)| query).unwrap_or_default();
        let query = query.split('#').next().unwrap_or_default();
        let member = |name: &str| {
            form_urlencoded::parse(query.as_bytes())
                .find(|(found, _)| found == name)
                .map(|(_, value)| value.into_owned())
        };
        if member("state").as_deref() != Some(&self.state) {
            return Err(
                "this is not the address at which the sign-in of just now ended: copy all of it".to_owned()
            );
        }
        if let Some(error) = member("error") {
            return Err(match denied(&error) {
                Trouble::Credentials(credentials) => credentials.why,
                _ => error,
            });
        }
        let code = member("code").filter(|code| !code.is_empty());
        code.map(|code| Pasted(Secret::new(code)))
            .ok_or_else(|| "there is no code in this address".to_owned())
    }

    /// Waits for a browser of this machine, and tells it that all is well, or what is not.
    pub async fn wait(&self, listener: &TcpListener) -> Result<Pasted, String> {
        loop {
            let (mut browser, _) = listener.accept().await.map_err(|error| error.to_string())?;
            let mut head = Vec::new();
            let line = async {
                while !head.contains(&b'\n') && head.len() < LONGEST {
                    if browser.read_buf(&mut head).await? == 0 {
                        break;
                    }
                }
                Ok::<_, std::io::Error>(())
            };
            if !matches!(within(PATIENCE, line).await, Ok(Ok(()))) {
                continue;
            }
            let line = String::from_utf8_lossy(&head);
            let path = line.split_whitespace().nth(1).unwrap_or_default();
            // A browser asks for an icon, too; others may knock.
            let answered = path.contains("state=").then(|| self.read(path));
            let (status, text) = match &answered {
                Some(Ok(_)) => ("200 OK", "Access is granted. You may close this page."),
                Some(Err(_)) => ("400 Bad Request", "This does not belong to the sign-in that is under way."),
                None => ("404 Not Found", "There is nothing here."),
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
                text.len()
            );
            let _ = within(PATIENCE, browser.write_all(answer.as_bytes())).await;
            match answered {
                Some(Ok(pasted)) => return Ok(pasted),
                // Somebody who does not know the state ends nothing.
                Some(Err(why)) if path.contains(&self.state) => return Err(why),
                _ => {}
            }
        }
    }

    /// Exchanges it for a grant.
    pub async fn finish(&self, pasted: Pasted, client: &Client, clock: &Clock) -> Result<Stored, Trouble> {
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", pasted.0.expose().as_str()),
            ("redirect_uri", self.redirect.as_str()),
            ("code_verifier", self.verifier.expose().as_str()),
        ];
        let said = self.secret.ask(client, &pairs).await?;
        let fresh = granted(&said)?;
        let text = |name: &str| said.get(name).and_then(Value::as_str);
        let refresh_token = text("refresh_token").ok_or_else(|| {
            Trouble::Unsent("Google gives no token that can be renewed: sign in once more".to_owned())
        })?;
        let until = clock.now().checked_add(fresh.lasts).unwrap_or(clock.now());
        Ok(Stored {
            client_id: self.secret.client_id.clone(),
            access_token: fresh.token,
            refresh_token: Secret::new(refresh_token.to_owned()),
            scope: text("scope").unwrap_or(SCOPE).split_whitespace().map(str::to_owned).collect(),
            expiration_time_millis: until.as_millisecond(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(port: u16) -> Flow {
        let file = r#"{"installed": {"client_id": "c", "client_secret": "s"}}"#.to_owned();
        Flow::begin(ClientSecret::new(&Secret::new(file)).unwrap(), port).unwrap()
    }

    #[test]
    fn only_the_answer_to_what_was_begun_counts() {
        let flow = flow(4711);
        let url = flow.url("admin@x.org");
        assert!(url.contains("code_challenge_method=S256") && url.contains("127.0.0.1%3A4711"), "{url}");
        assert!(!url.contains(flow.verifier.expose()));
        let address = format!("http://127.0.0.1:4711/?state={}&code=4%2Fx&scope=y", flow.state);
        assert_eq!(flow.read(&address).unwrap().0.expose(), "4/x");
        assert!(flow.read("http://127.0.0.1:4711/?state=other&code=4").is_err());
        let refused = flow.read(&format!("/?error=access_denied&state={}", flow.state)).unwrap_err();
        assert!(refused.contains("access_denied"), "{refused}");
    }

    #[tokio::test]
    async fn a_browser_of_this_machine_brings_it_and_strangers_end_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let flow = flow(port);
        let state = flow.state.clone();
        let visits = tokio::spawn(async move {
            let mut answers = Vec::new();
            for path in [
                "/favicon.ico".to_owned(),
                "/?state=guessed&code=1".to_owned(),
                format!("/?state={state}&code=good"),
            ] {
                let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.unwrap();
                answers.push(answer.split_whitespace().nth(1).unwrap().to_owned());
            }
            answers
        });
        assert_eq!(flow.wait(&listener).await.unwrap().0.expose(), "good");
        assert_eq!(visits.await.unwrap(), ["404", "400", "200"]);
    }
}
