//! Signatures by which the other side knows that a webhook comes from this hub and was not changed on its way
//! (Standard Webhooks, symmetric signatures).

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;

/// What secrets begin with when they are written as the specification wants it.
const PREFIX: &str = "whsec_";
/// Bytes of a secret.
const LENGTH: std::ops::RangeInclusive<usize> = 24..=64;

/// Signs what is posted to one address. Never shown.
#[derive(Clone)]
pub struct SigningKey(hmac::Key);

/// Refused: the secret of a webhook cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the secret of a webhook is `whsec_` and the Base64 of 24 to 64 random bytes: make one with `openssl rand -base64 32`"
)]
pub struct BadSecret;

impl SigningKey {
    /// From `whsec_` and Base64; the prefix may be missing.
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        let text = text.trim();
        let bytes =
            BASE64_STANDARD.decode(text.strip_prefix(PREFIX).unwrap_or(text)).map_err(|_| BadSecret)?;
        if LENGTH.contains(&bytes.len()) {
            Ok(SigningKey(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
        } else {
            Err(BadSecret)
        }
    }

    /// The value of the header `webhook-signature`.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", BASE64_STANDARD.encode(context.sign()))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn signs_as_specified() {
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn weak_secrets_are_refused() {
        for bad in ["", "whsec_", "secret", "whsec_c2hvcnQ=", "not base64 at all!"] {
            assert!(SigningKey::parse(bad).is_err(), "{bad}");
        }
        assert!(
            !format!("{:?}", SigningKey::parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()).contains("Mf")
        );
    }
}
