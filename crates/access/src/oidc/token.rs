//! ID tokens (OpenID Connect Core 1.0 §3.1.3.7): signed by the provider, for us, for this sign-in, and still valid.
//! Pure: keys, time and what is expected are arguments.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error;

use super::key::{Algorithm, Key};

/// Clocks of two machines may differ by so many seconds.
const LEEWAY: i64 = 60;

/// The claims of a token.
pub(super) type Claims = Map<String, Value>;

/// What a token has to say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'e> {
    pub(super) issuer: &'e str,
    pub(super) client_id: &'e str,
    pub(super) nonce: &'e str,
    pub(super) now: Timestamp,
}

/// Why a token is not believed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Unbelieved {
    #[error("it is no signed token of three parts")]
    Malformed,
    #[error("it is signed with {0:?}: only signatures with a public key are accepted (RS, PS, ES, EdDSA)")]
    Algorithm(String),
    #[error("the provider publishes no key that could have signed it")]
    UnknownKey,
    #[error("its signature is wrong")]
    Signature,
    #[error("it was issued by {0:?}, not by the configured issuer")]
    Issuer(String),
    #[error("it was issued for another client")]
    Audience,
    #[error("it has expired: is the clock of one of the machines wrong?")]
    Expired,
    #[error("it is from the future: is the clock of one of the machines wrong?")]
    Early,
    #[error("it answers another sign-in (wrong nonce)")]
    Nonce,
    #[error("it names nobody (no sub)")]
    Subject,
}

/// The claims of a token that is to be believed.
pub(super) fn verify(token: &str, keys: &[Key], expected: &Expected<'_>) -> Result<Claims, Unbelieved> {
    let (signed, signature) = token.rsplit_once('.').ok_or(Unbelieved::Malformed)?;
    let (head, body) = signed.split_once('.').ok_or(Unbelieved::Malformed)?;
    let head = object(head)?;
    let text = |name: &str| head.get(name).and_then(Value::as_str);
    let algorithm = text("alg").unwrap_or_default();
    let algorithm: Algorithm = algorithm.parse().map_err(|()| Unbelieved::Algorithm(algorithm.to_owned()))?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| Unbelieved::Malformed)?;
    let mut fitting = keys.iter().filter(|key| key.fits(algorithm, text("kid"))).peekable();
    fitting.peek().ok_or(Unbelieved::UnknownKey)?;
    if !fitting.any(|key| key.verifies(algorithm, signed.as_bytes(), &signature)) {
        return Err(Unbelieved::Signature);
    }
    let claims = object(body)?;
    check(&claims, expected)?;
    Ok(claims)
}

fn object(part: &str) -> Result<Claims, Unbelieved> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| Unbelieved::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Unbelieved::Malformed)
}

fn check(claims: &Claims, expected: &Expected<'_>) -> Result<(), Unbelieved> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let second = |name: &str| claims.get(name).and_then(whole);
    let now = expected.now.as_second();
    if text("iss") != expected.issuer {
        return Err(Unbelieved::Issuer(text("iss").to_owned()));
    }
    if !is_for(claims, expected.client_id) {
        return Err(Unbelieved::Audience);
    }
    if second("exp").is_none_or(|end| end.saturating_add(LEEWAY) <= now) {
        return Err(Unbelieved::Expired);
    }
    if ["iat", "nbf"].into_iter().filter_map(second).any(|begin| begin.saturating_sub(LEEWAY) > now) {
        return Err(Unbelieved::Early);
    }
    if text("nonce") != expected.nonce {
        return Err(Unbelieved::Nonce);
    }
    if text("sub").is_empty() { Err(Unbelieved::Subject) } else { Ok(()) }
}

/// Whether a token is for this client, and was given to no other.
fn is_for(claims: &Claims, client_id: &str) -> bool {
    let named = match claims.get("aud") {
        Some(Value::String(one)) => one == client_id,
        Some(Value::Array(many)) => many.iter().any(|one| one.as_str() == Some(client_id)),
        _ => false,
    };
    let party = claims.get("azp");
    named && party.is_none_or(|party| party.as_str() == Some(client_id))
}

/// A `NumericDate`, which may have a fraction.
fn whole(value: &Value) -> Option<i64> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it saturates, and such a date is far away in any case"
    )]
    let cut = |date: f64| date as i64;
    value.as_i64().or_else(|| value.as_f64().map(cut))
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::json;

    use super::super::key;
    use super::*;

    const NOW: i64 = 1_800_000_000;

    struct Provider(EcdsaKeyPair);

    impl Provider {
        fn new() -> Self {
            let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
            Provider(EcdsaKeyPair::from_pkcs8(kind, pkcs8.as_ref(), &random).unwrap())
        }

        fn keys(&self) -> Vec<Key> {
            let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
            let text = |part| BASE64_URL_SAFE_NO_PAD.encode(part);
            key::parse(&json!({"keys": [
                {"kty": "oct", "k": "AAAA"},
                {"kty": "EC", "crv": "P-256", "kid": "one", "use": "sig", "x": text(x), "y": text(y)},
            ]}))
        }

        fn sign(&self, head: &Value, claims: &Value) -> String {
            let text = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
            let signed = format!("{}.{}", text(head), text(claims));
            let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
            format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
        }
    }

    fn claims() -> Value {
        json!({
            "iss": "https://login.example", "aud": "hub", "sub": "248289", "nonce": "n-0S6",
            "iat": NOW - 5, "exp": NOW + 300,
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    fn expected() -> Expected<'static> {
        Expected {
            issuer: "https://login.example",
            client_id: "hub",
            nonce: "n-0S6",
            now: Timestamp::from_second(NOW).unwrap(),
        }
    }

    fn head() -> Value {
        json!({"alg": "ES256", "kid": "one"})
    }

    #[test]
    fn a_good_token_is_believed() {
        let provider = Provider::new();
        let keys = provider.keys();
        let believed = |claims: &Value| verify(&provider.sign(&head(), claims), &keys, &expected());
        assert_eq!(believed(&claims()).unwrap()["sub"], "248289");
        assert!(believed(&with("aud", json!(["other", "hub"]))).is_ok());
        assert!(believed(&with("azp", json!("hub"))).is_ok());
        assert!(believed(&with("exp", json!(NOW - 30))).is_ok(), "clocks differ a little");
        let no_kid = provider.sign(&json!({"alg": "ES256"}), &claims());
        assert!(verify(&no_kid, &keys, &expected()).is_ok());
    }

    #[test]
    fn what_a_token_says_has_to_fit() {
        let provider = Provider::new();
        let keys = provider.keys();
        let why = |name, value| {
            verify(&provider.sign(&head(), &with(name, value)), &keys, &expected()).unwrap_err()
        };
        assert_eq!(
            why("iss", json!("https://evil.example")),
            Unbelieved::Issuer("https://evil.example".into())
        );
        assert_eq!(why("aud", json!("other")), Unbelieved::Audience);
        assert_eq!(why("aud", json!(7)), Unbelieved::Audience);
        assert_eq!(why("azp", json!("other")), Unbelieved::Audience);
        assert_eq!(why("exp", json!(NOW - 61)), Unbelieved::Expired);
        assert_eq!(why("exp", json!("soon")), Unbelieved::Expired);
        assert_eq!(why("exp", json!(-1e300)), Unbelieved::Expired);
        assert_eq!(why("iat", json!(NOW + 3600)), Unbelieved::Early);
        assert_eq!(why("nbf", json!(1e300)), Unbelieved::Early);
        assert_eq!(why("nonce", json!("another")), Unbelieved::Nonce);
        assert_eq!(why("nonce", Value::Null), Unbelieved::Nonce);
        assert_eq!(why("sub", json!("")), Unbelieved::Subject);
    }

    #[test]
    fn only_the_providers_own_key_counts() {
        let (provider, other) = (Provider::new(), Provider::new());
        let keys = provider.keys();
        let why = |token: &str| verify(token, &keys, &expected()).unwrap_err();
        assert_eq!(why(&other.sign(&head(), &claims())), Unbelieved::Signature);
        let elsewhere = json!({"alg": "ES256", "kid": "two"});
        assert_eq!(why(&provider.sign(&elsewhere, &claims())), Unbelieved::UnknownKey);
        for alg in ["none", "HS256", "", "es256"] {
            let head = json!({"alg": alg, "kid": "one"});
            assert_eq!(why(&provider.sign(&head, &claims())), Unbelieved::Algorithm(alg.into()));
        }
        let wrong_kind = json!({"alg": "RS256", "kid": "one"});
        assert_eq!(why(&provider.sign(&wrong_kind, &claims())), Unbelieved::UnknownKey);
        for rubbish in ["", "a", "a.b", "a.b.c", "....", "e30.e30.", "é.é.é"] {
            assert!(verify(rubbish, &keys, &expected()).is_err(), "{rubbish}");
        }
    }
}
