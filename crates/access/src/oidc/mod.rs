//! Signing in elsewhere: OpenID Connect, authorization code flow with PKCE.
//!
//! A browser is sent to the provider with a `state`, a `nonce` and a code challenge; it comes back with a code, which is
//! exchanged for an ID token. Only an answer to what was begun in the same browser counts, once. What the provider
//! says of the person is held against [`Mapping`]; local accounts go on working when the provider does not.

mod account;
mod fault;
mod flow;
mod key;
mod person;
mod provider;
mod token;

use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use model::Secret;
use ring::digest;

use super::Access;
use super::origin::Origin;
use super::secret::{self, Fresh};
use super::session::{self, SameSite, SignedIn};
use flow::{Flow, Flows};
use http::Problem;
use provider::{Known, Provider};
use token::{Claims, Expected, Unbelieved};

pub use fault::Fault;
pub use person::Mapping;

/// Bytes of the path of a page to go to, and of what a provider says in a browser's address, at most.
const LONGEST: usize = 1024;
/// The cookie that ties a sign-in to the browser in which it was begun.
const COOKIE: &str = "intendant-sign-in";

/// What an administrator says of the provider.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its issuer, exactly as it writes it itself.
    pub issuer: String,
    /// Under which id the hub is registered there.
    pub client_id: String,
    /// The secret that goes with it; `None` = a public client.
    pub client_secret: Option<Secret<String>>,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// Who gets in, and as what.
    pub mapping: Mapping,
    /// What people call it: "Sign in with LABEL".
    pub label: String,
    /// The hub's own address that ends in [`CALLBACK`].
    pub redirect_uri: String,
}

/// Where the provider sends browsers back to.
pub const CALLBACK: &str = "/sign-in/oidc/callback";

/// The provider, and the sign-ins that are under way there.
pub(super) struct Oidc {
    settings: Settings,
    provider: Provider,
    flows: Flows,
}

impl Oidc {
    pub(super) fn new(settings: Settings) -> Result<Self, Problem> {
        let provider = Provider::new().map_err(|error| Problem::bug(&error))?;
        Ok(Oidc { settings, provider, flows: Flows::default() })
    }
}

/// A sign-in was begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where the browser is sent.
    pub location: String,
    /// The value of `Set-Cookie`.
    pub cookie: HeaderValue,
}

/// What the provider sent a browser back with.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Names the sign-in that was begun.
    pub state: String,
    /// What is exchanged for tokens.
    pub code: Option<String>,
    /// Why there is none.
    pub error: Option<String>,
    /// Who answers (RFC 9207), where the provider says it.
    pub issuer: Option<String>,
}

impl Access {
    /// What people call the provider; `None` = there is none.
    pub fn provider(&self) -> Option<&str> {
        self.0.oidc.as_ref().map(|oidc| oidc.settings.label.as_str())
    }

    /// Begins a sign-in at the provider, after which the browser goes to the page `to`.
    pub async fn begin_elsewhere(&self, to: &str, origin: &Origin) -> Result<Begun, Fault> {
        let oidc = self.oidc()?;
        self.attempt(origin)?;
        let now = self.0.hub.now();
        let to = Some(to).filter(|to| to.len() <= LONGEST).unwrap_or("/");
        let known = noted(oidc.provider.known(&oidc.settings, now, false).await, origin)?;
        let (state, nonce, verifier, browser) = (Fresh::new()?, Fresh::new()?, Fresh::new()?, Fresh::new()?);
        let location = location(&oidc.settings, &known, &state, &nonce, &verifier);
        let flow = Flow {
            browser: browser.hash(),
            nonce: nonce.expose().to_owned(),
            verifier: verifier.expose().to_owned(),
            to: to.to_owned(),
            household: http::listen::household(origin.address),
            began_at: now,
        };
        oidc.flows.begin(state.hash(), flow);
        let age = u64::try_from(flow::LASTS.as_secs()).unwrap_or_default();
        // Lax: the browser comes back from another site.
        let cookie = session::cookie(COOKIE, browser.expose(), age, SameSite::Lax, origin)?;
        Ok(Begun { location, cookie })
    }

    /// Ends a sign-in with what the provider answered: a session, and the page to go to.
    pub async fn end_elsewhere(
        &self,
        answer: &Answer,
        headers: &HeaderMap,
        origin: &Origin,
    ) -> Result<(SignedIn, String), Fault> {
        let oidc = self.oidc()?;
        self.attempt(origin)?;
        let (claims, to) = noted(self.claims(oidc, answer, headers, origin).await, origin)?;
        let row = noted(self.account_of(oidc, &claims).await, origin)?;
        Ok((self.begin(row, origin).await?, to))
    }

    /// What the provider says of the person, once all of it is believed.
    async fn claims(
        &self,
        oidc: &Oidc,
        answer: &Answer,
        headers: &HeaderMap,
        origin: &Origin,
    ) -> Result<(Claims, String), Fault> {
        let (settings, provider, now) = (&oidc.settings, &oidc.provider, self.0.hub.now());
        let browser = session::text_of(headers, COOKIE, origin.https).ok_or(Fault::Lost)?;
        let flow = oidc.flows.take(&secret::hash(&answer.state), &secret::hash(&browser), now);
        let flow = flow.ok_or(Fault::Lost)?;
        if let Some(issuer) = answer.issuer.as_ref().filter(|issuer| **issuer != settings.issuer) {
            return Err(Fault::Unbelieved(Unbelieved::Issuer(word(issuer)).to_string()));
        }
        let no_code = || Fault::Denied(answer.error.as_deref().map_or("no code was sent".to_owned(), word));
        let code = answer.code.as_deref().ok_or_else(no_code)?;
        let known = provider.known(settings, now, false).await?;
        let tokens = provider.exchange(settings, &known, code, &flow.verifier).await?;
        let expected =
            Expected { issuer: &settings.issuer, client_id: &settings.client_id, nonce: &flow.nonce, now };
        let mut believed = token::verify(&tokens.id_token, &known.keys, &expected);
        if believed == Err(Unbelieved::UnknownKey) {
            // The provider may have changed its keys since.
            let known = provider.known(settings, now, true).await?;
            believed = token::verify(&tokens.id_token, &known.keys, &expected);
        }
        let claims = believed.map_err(|why| Fault::Unbelieved(why.to_string()))?;
        let more = match tokens.access_token {
            Some(token) if !settings.mapping.is_answered(&claims) => provider.user(&known, &token).await?,
            _ => None,
        };
        Ok((joined(claims, more)?, flow.to))
    }

    fn oidc(&self) -> Result<&Oidc, Problem> {
        self.0.oidc.as_ref().ok_or_else(|| Problem::missing("provider in the configuration (http.oidc)"))
    }
}

/// What a browser brought, for the log: the beginning of it, in visible characters.
fn word(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(100).collect()
}

/// Says in the log why somebody did not get in.
fn noted<T>(result: Result<T, Fault>, origin: &Origin) -> Result<T, Fault> {
    if let Err(fault) = &result {
        tracing::warn!(address = %origin.address, "a sign-in with the provider failed: {fault}");
    }
    result
}

/// The ID token's claims, and what the provider said beside; the token has the first word.
fn joined(mut claims: Claims, more: Option<Claims>) -> Result<Claims, Fault> {
    let Some(more) = more else { return Ok(claims) };
    if more.get("sub") != claims.get("sub") {
        return Err(Fault::Unbelieved("userinfo is about somebody else".to_owned()));
    }
    for (name, value) in more {
        claims.entry(name).or_insert(value);
    }
    Ok(claims)
}

/// Where the browser is sent.
fn location(settings: &Settings, known: &Known, state: &Fresh, nonce: &Fresh, verifier: &Fresh) -> String {
    let challenge = digest::digest(&digest::SHA256, verifier.expose().as_bytes());
    let scopes = std::iter::once("openid").chain(settings.scopes.iter().map(String::as_str));
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &settings.client_id)
        .append_pair("redirect_uri", &settings.redirect_uri)
        .append_pair("scope", &scopes.collect::<Vec<_>>().join(" "))
        .append_pair("state", state.expose())
        .append_pair("nonce", nonce.expose())
        .append_pair("code_challenge", &BASE64_URL_SAFE_NO_PAD.encode(challenge))
        .append_pair("code_challenge_method", "S256")
        .finish();
    let place = known.authorization();
    let mark = if place.contains('?') { '&' } else { '?' };
    format!("{place}{mark}{query}")
}
