//! The assertion of a service account: who it is, in whose name, for what; signed with RS256.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

/// Seconds for which an assertion may be used; Google takes no more.
const LASTS: i64 = 3600;

/// The private key in a PEM (PKCS #8); `None` = it is none.
pub(super) fn key(pem: &str) -> Option<RsaKeyPair> {
    let body: String = pem.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
    let der = zeroize::Zeroizing::new(BASE64_STANDARD.decode(body).ok()?);
    RsaKeyPair::from_pkcs8(&der).ok()
}

/// An assertion that begins to hold now (`issued_at`, in seconds since 1970).
pub(super) fn assertion(
    key: &RsaKeyPair,
    key_id: Option<&str>,
    issuer: &str,
    subject: &str,
    audience: &str,
    scope: &str,
    issued_at: i64,
) -> Option<String> {
    let mut header = json!({ "alg": "RS256", "typ": "JWT" });
    if let (Some(id), Some(members)) = (key_id, header.as_object_mut()) {
        members.insert("kid".to_owned(), id.into());
    }
    let claims = json!({
        "iss": issuer, "sub": subject, "scope": scope, "aud": audience,
        "iat": issued_at, "exp": issued_at + LASTS,
    });
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).ok()?;
    Some(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}
