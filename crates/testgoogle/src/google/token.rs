//! The token endpoint, and the page on which a person lets an installed program in.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::key::{KEYS, Key, key};
use crate::reply::Reply;
use crate::serve::Asked;

/// Allows to read and write users and their aliases.
pub const SCOPE: &str = "https://www.googleapis.com/auth/admin.directory.user";
/// Allows to read users.
pub const READ_SCOPE: &str = "https://www.googleapis.com/auth/admin.directory.user.readonly";
/// Allows to write aliases only.
pub const ALIAS_SCOPE: &str = "https://www.googleapis.com/auth/admin.directory.user.alias";

/// What a machine's clock may be wrong by.
const LEEWAY: i64 = 300;
/// An assertion holds no longer.
const ASSERTION: i64 = 3600;
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// What the token endpoint refuses everybody with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenTrouble {
    /// The key is not known, the clock is wrong, or the subject is nobody.
    InvalidGrant,
    /// The delegation is missing, or lacks a scope.
    UnauthorizedClient,
    /// An administrator forbids it.
    AccessDenied,
    /// The client is not known, or its secret is wrong.
    InvalidClient,
    /// The endpoint itself is in trouble: 503.
    Unavailable,
}

/// A token that was given.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) subject: String,
    pub(super) scopes: Vec<String>,
    pub(super) expires: Timestamp,
}

/// A person's consent, from the page to the first token.
#[derive(Clone, Debug)]
struct Consent {
    scope: String,
    redirect_uri: String,
    challenge: String,
}

/// What the token endpoint knows.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) root: String,
    pub(super) trouble: Option<TokenTrouble>,
    pub(super) deny_consent: bool,
    /// Scopes in the delegation table.
    pub(super) delegated: Vec<String>,
    /// Administrators, of whom the first is whom a test means.
    pub(super) admins: Vec<String>,
    pub(super) life: SignedDuration,
    granted: HashMap<String, Grant>,
    consents: HashMap<String, Consent>,
    refresh: HashMap<String, String>,
    key_number: usize,
    key: Option<Key>,
    count: usize,
}

/// The account of the program itself, which has the key.
pub(super) const ACCOUNT: &str = "intendant@double.iam.gserviceaccount.com";
/// The program that people let in.
pub(super) const CLIENT_ID: &str = "1071-double.apps.googleusercontent.com";
pub(super) const CLIENT_SECRET: &str = "GOCSPX-of-the-double";

impl Tokens {
    pub(super) fn new(root: String) -> Tokens {
        Tokens {
            root,
            trouble: None,
            deny_consent: false,
            delegated: vec![SCOPE.to_owned()],
            admins: vec!["admin@gadz.org".to_owned()],
            life: SignedDuration::from_secs(3599),
            granted: HashMap::new(),
            consents: HashMap::new(),
            refresh: HashMap::new(),
            key_number: 0,
            key: None,
            count: 0,
        }
    }

    pub(super) fn token_uri(&self) -> String {
        format!("{}token", self.root)
    }

    /// The key that is valid now.
    pub(super) fn key(&mut self) -> &Key {
        let number = self.key_number;
        self.key.get_or_insert_with(|| key(number))
    }

    /// Another one: what was signed with the old one is refused.
    pub(super) fn rotate(&mut self) {
        self.key_number = (self.key_number + 1) % KEYS;
        self.key = None;
    }

    /// Gives a token.
    pub(super) fn grant(&mut self, subject: &str, scopes: &[&str], now: Timestamp) -> String {
        self.count += 1;
        let token = format!("ya29.double-{}", self.count);
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        self.granted
            .insert(token.clone(), Grant { subject: subject.to_owned(), scopes, expires: now + self.life });
        token
    }

    /// Forgets every token.
    pub(super) fn revoke(&mut self) {
        self.granted.clear();
    }

    /// The grant of a token that is still valid.
    pub(super) fn of(&self, token: &str, now: Timestamp) -> Option<&Grant> {
        self.granted.get(token).filter(|grant| now < grant.expires)
    }

    /// `POST /token`.
    pub(super) fn token(&mut self, asked: &Asked, now: Timestamp) -> Reply {
        let given = match self.trouble {
            Some(trouble) => Err(of_trouble(trouble)),
            None => self.give(&asked.form(), now),
        };
        given.map_or_else(|refused| refused, |body| Reply::json(200, &body))
    }

    fn give(&mut self, form: &BTreeMap<String, String>, now: Timestamp) -> Result<Value, Reply> {
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        match field("grant_type") {
            GRANT => self.for_assertion(field("assertion"), now),
            "authorization_code" => {
                client(form)?;
                let consent = self.consents.remove(field("code")).ok_or_else(|| bad_grant("Bad Request"))?;
                let challenge =
                    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, field("code_verifier").as_bytes()));
                if consent.redirect_uri != field("redirect_uri") {
                    return Err(refusal(400, "redirect_uri_mismatch", "Bad Request"));
                }
                if consent.challenge != challenge {
                    return Err(bad_grant("Invalid code verifier."));
                }
                let refresh = format!("1//double-{}", self.count + 1);
                self.refresh.insert(refresh.clone(), consent.scope.clone());
                let mut body = self.for_person(&consent.scope, now);
                body["refresh_token"] = refresh.into();
                Ok(body)
            }
            "refresh_token" => {
                client(form)?;
                let known = self.refresh.get(field("refresh_token")).cloned();
                let scope = known.ok_or_else(|| bad_grant("Token has been expired or revoked."))?;
                Ok(self.for_person(&scope, now))
            }
            other => Err(refusal(400, "unsupported_grant_type", &format!("Invalid grant_type: {other}"))),
        }
    }

    fn for_person(&mut self, scope: &str, now: Timestamp) -> Value {
        let scopes: Vec<&str> = scope.split(' ').collect();
        let admin = self.admins[0].clone();
        let token = self.grant(&admin, &scopes, now);
        json!({ "access_token": token, "expires_in": self.life.as_secs(), "scope": scope, "token_type": "Bearer" })
    }

    fn for_assertion(&mut self, assertion: &str, now: Timestamp) -> Result<Value, Reply> {
        let claims = self.claims(assertion)?;
        let text = |name: &str| claims[name].as_str().unwrap_or_default();
        if text("iss") != ACCOUNT {
            return Err(bad_grant("Invalid grant: account not found"));
        }
        if text("aud") != self.token_uri() {
            return Err(bad_grant("Invalid JWT: Failed audience check."));
        }
        let (issued, expires) = (claims["iat"].as_i64(), claims["exp"].as_i64());
        let (issued, expires) =
            issued.zip(expires).ok_or_else(|| bad_grant("Invalid JWT: iat and exp are missing."))?;
        let second = now.as_second();
        if expires - issued > ASSERTION || issued > second + LEEWAY || expires < second - LEEWAY {
            return Err(bad_grant(
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your \
                 iat and exp values in the JWT claim.",
            ));
        }
        let scopes: Vec<&str> = text("scope").split(' ').filter(|scope| !scope.is_empty()).collect();
        let delegated = |scope: &&str| self.delegated.iter().any(|delegated| delegated == scope);
        if scopes.is_empty() || !scopes.iter().all(delegated) {
            return Err(of_trouble(TokenTrouble::UnauthorizedClient));
        }
        if !text("sub").contains('@') {
            return Err(bad_grant("Invalid email or User ID"));
        }
        let token = self.grant(text("sub"), &scopes, now);
        Ok(json!({ "access_token": token, "expires_in": self.life.as_secs(), "token_type": "Bearer" }))
    }

    /// What an assertion claims, if the valid key has signed it.
    fn claims(&mut self, assertion: &str) -> Result<Value, Reply> {
        let wrong = || bad_grant("Invalid JWT Signature.");
        let (signed, signature) = assertion.rsplit_once('.').ok_or_else(wrong)?;
        let (head, claims) = signed.split_once('.').ok_or_else(wrong)?;
        let read = |part: &str| -> Option<Value> {
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        let head = read(head).ok_or_else(wrong)?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| wrong())?;
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.key().public);
        if head["alg"] != "RS256" || public.verify(signed.as_bytes(), &signature).is_err() {
            return Err(wrong());
        }
        read(claims).ok_or_else(wrong)
    }

    /// `GET /o/oauth2/v2/auth`: a person who consents at once.
    pub(super) fn authorize(&mut self, asked: &Asked) -> Reply {
        let field = |name: &str| asked.query(name).unwrap_or_default();
        let redirect = field("redirect_uri");
        let loopback = ["http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
        let wrong = |what: &str| Reply { body: what.as_bytes().to_vec(), ..Reply::html(400) };
        if !loopback.iter().any(|begin| redirect.starts_with(begin)) {
            return wrong("Error 400: redirect_uri_mismatch");
        }
        if field("client_id") != CLIENT_ID {
            return wrong("Error 401: invalid_client");
        }
        if field("response_type") != "code"
            || field("code_challenge_method") != "S256"
            || field("scope").is_empty()
        {
            return wrong("Error 400: invalid_request");
        }
        let mut back = form_urlencoded::Serializer::new(String::new());
        back.append_pair("state", field("state"));
        if self.deny_consent {
            back.append_pair("error", "access_denied");
        } else {
            self.count += 1;
            let code = format!("4/double-{}", self.count);
            back.append_pair("code", &code).append_pair("scope", field("scope"));
            let consent = Consent {
                scope: field("scope").to_owned(),
                redirect_uri: redirect.to_owned(),
                challenge: field("code_challenge").to_owned(),
            };
            self.consents.insert(code, consent);
        }
        Reply::empty(302).with("location", &format!("{redirect}?{}", back.finish()))
    }
}

fn client(form: &BTreeMap<String, String>) -> Result<(), Reply> {
    let is = |name: &str, value: &str| form.get(name).is_some_and(|given| given == value);
    if is("client_id", CLIENT_ID) && is("client_secret", CLIENT_SECRET) {
        return Ok(());
    }
    Err(of_trouble(TokenTrouble::InvalidClient))
}

fn bad_grant(why: &str) -> Reply {
    refusal(400, "invalid_grant", why)
}

fn of_trouble(trouble: TokenTrouble) -> Reply {
    match trouble {
        TokenTrouble::InvalidGrant => bad_grant("Invalid JWT Signature."),
        TokenTrouble::UnauthorizedClient => refusal(
            401,
            "unauthorized_client",
            "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of \
             the scopes requested.",
        ),
        TokenTrouble::AccessDenied => refusal(403, "access_denied", "Requested client not authorized."),
        TokenTrouble::InvalidClient => refusal(401, "invalid_client", "The OAuth client was not found."),
        TokenTrouble::Unavailable => Reply::html(503),
    }
}

fn refusal(status: u16, error: &str, description: &str) -> Reply {
    Reply::json(status, &json!({ "error": error, "error_description": description }))
}
