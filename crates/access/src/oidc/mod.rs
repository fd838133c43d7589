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
use jiff::Timestamp;
use model::{EntityWrite, Secret};
use ring::digest;

use super::Access;
use super::origin::Origin;
use super::secret;
use super::session::{self, SameSite, SignedIn};
use crate::store::Store;
use flow::{Flow, Marks};
use http::Problem;
use provider::{Known, Provider};
use token::{Claims, Expected, Unbelieved};

pub use fault::Fault;
pub(crate) use flow::{FlowKey, UsedFlow};
pub use person::Mapping;

/// Bytes of the path of a page to go to, and of what a provider says in a browser's address, at most.
const LONGEST: usize = 1024;
/// The cookie that ties a sign-in to the browser in which it was begun, and holds all that has to be known of it.
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

/// So many sign-ins that have ended are remembered, for the eleven minutes in which some hub could take them again; above that
/// nobody signs in there.
const MOST: usize = 10_000;

/// The provider.
pub(super) struct Oidc {
    settings: Settings,
    provider: Provider,
}

impl Oidc {
    pub(super) fn new(settings: Settings) -> Result<Self, Problem> {
        let provider = Provider::new().map_err(|error| Problem::bug(&error))?;
        Ok(Oidc { settings, provider })
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
        let (key, flow) = (self.flow_key().await?, Flow::begin(to, now)?);
        let location = location(&oidc.settings, &known, &flow.marks(&key));
        let age = u64::try_from(flow::LASTS.as_secs()).unwrap_or_default();
        // Lax: the browser comes back from another site.
        let cookie = session::cookie(COOKIE, &flow.sealed(&key), age, SameSite::Lax, origin)?;
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
        let (flow, marks) = noted(self.flow(answer, headers, origin).await, origin)?;
        let claims = noted(self.claims(oidc, answer, &marks).await, origin)?;
        let row = noted(self.account_of(oidc, &claims).await, origin)?;
        let id = secret::hash(&marks.state);
        let used = Store::writing(&id, 0, &flow.used())?;
        match self.begin(row, origin, vec![used]).await {
            Ok(signed) => Ok((signed, flow.to)),
            // Of two answers to it, at whichever hubs, one counts.
            Err(problem) if problem.code == *"conflict" => noted(Err(Fault::Lost), origin),
            Err(problem) => Err(problem.into()),
        }
    }

    /// The sign-in that was begun in this browser, with what is expected of the answer to it.
    async fn flow(
        &self,
        answer: &Answer,
        headers: &HeaderMap,
        origin: &Origin,
    ) -> Result<(Flow, Marks), Fault> {
        let sealed = session::text_of(headers, COOKIE, origin.https).ok_or(Fault::Lost)?;
        let key = self.flow_key().await?;
        let flow = Flow::open(&sealed, &answer.state, &key, self.0.hub.now()).ok_or(Fault::Lost)?;
        let marks = flow.marks(&key);
        if self.0.flows_used.get(&secret::hash(&marks.state)).is_some() {
            return Err(Fault::Lost);
        }
        let now = self.0.hub.now();
        // What is over is forgotten by the next who signs in: it must not keep everybody out.
        if self.0.flows_used.count(|used| !used.is_over(now)) >= MOST {
            return Err(Problem::later("busy", 60, "too many people sign in at once: try again later").into());
        }
        Ok((flow, marks))
    }

    /// The key of the sign-ins, made by whichever hub needs it first.
    async fn flow_key(&self) -> Result<FlowKey, Problem> {
        if let Some(row) = self.0.flow_keys.heard(FlowKey::KEY).await? {
            return Ok(row.value);
        }
        let made = FlowKey::new()?;
        match self.0.flow_keys.put(FlowKey::KEY, 0, &made, None).await {
            Ok(()) => Ok(made),
            // Somebody else was first.
            Err(problem) => self.0.flow_keys.heard(FlowKey::KEY).await?.map(|row| row.value).ok_or(problem),
        }
    }

    /// What forgets the sign-ins that can be used no more in any case.
    pub(super) fn flows_over(&self, now: Timestamp) -> Vec<EntityWrite> {
        let over = self.0.flows_used.all().into_iter().filter(|(_, row)| row.value.is_over(now));
        over.map(|(id, row)| Store::<UsedFlow>::removal(&id, row.rev)).collect()
    }

    /// What the provider says of the person, once all of it is believed.
    async fn claims(&self, oidc: &Oidc, answer: &Answer, marks: &Marks) -> Result<Claims, Fault> {
        let (settings, provider, now) = (&oidc.settings, &oidc.provider, self.0.hub.now());
        if let Some(issuer) = answer.issuer.as_ref().filter(|issuer| **issuer != settings.issuer) {
            return Err(Fault::Unbelieved(Unbelieved::Issuer(word(issuer)).to_string()));
        }
        let no_code = || Fault::Denied(answer.error.as_deref().map_or("no code was sent".to_owned(), word));
        let code = answer.code.as_deref().ok_or_else(no_code)?;
        let known = provider.known(settings, now, false).await?;
        let tokens = provider.exchange(settings, &known, code, &marks.verifier).await?;
        let expected =
            Expected { issuer: &settings.issuer, client_id: &settings.client_id, nonce: &marks.nonce, now };
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
        joined(claims, more)
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
fn location(settings: &Settings, known: &Known, marks: &Marks) -> String {
    let challenge = digest::digest(&digest::SHA256, marks.verifier.as_bytes());
    let scopes = std::iter::once("openid").chain(settings.scopes.iter().map(String::as_str));
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", &settings.client_id)
        .append_pair("redirect_uri", &settings.redirect_uri)
        .append_pair("scope", &scopes.collect::<Vec<_>>().join(" "))
        .append_pair("state", &marks.state)
        .append_pair("nonce", &marks.nonce)
        .append_pair("code_challenge", &BASE64_URL_SAFE_NO_PAD.encode(challenge))
        .append_pair("code_challenge_method", "S256")
        .finish();
    let place = known.authorization();
    let mark = if place.contains('?') { '&' } else { '?' };
    format!("{place}{mark}{query}")
}
