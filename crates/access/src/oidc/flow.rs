//! Sign-ins that are under way: what the provider's answer has to match.
//!
//! Nothing is kept of one that a stranger begins: all of it follows from what its browser keeps, sealed with a key that each hub of
//! the journal knows. Only one that has ended with somebody signed in is kept for as long as it could be used again.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use blake3::Hash;
use jiff::{SignedDuration, Timestamp};
use model::believe::{SLACK, is_ahead};
use serde::{Deserialize, Serialize};

use super::secret;
use crate::store::Kept;
use http::Problem;

/// How long somebody may take to sign in at the provider.
pub(super) const LASTS: SignedDuration = SignedDuration::from_mins(10);

/// The key of the sign-ins; the only one of its kind.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct FlowKey {
    secret: [u8; 32],
}

impl FlowKey {
    pub(super) const KEY: &str = "sign_ins";

    pub(super) fn new() -> Result<Self, Problem> {
        Ok(FlowKey { secret: secret::random()? })
    }

    /// What follows from a text for one purpose; nobody who has it knows what follows for another one.
    fn derive(&self, purpose: &str, text: &str) -> Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.secret);
        hasher.update(purpose.as_bytes()).update(&[0]).update(text.as_bytes());
        hasher.finalize()
    }
}

impl Kept for FlowKey {
    const KIND: &'static str = "sign_in_key";

    fn state(&self) -> &'static str {
        "active"
    }

    fn label(&self) -> &'static str {
        ""
    }
}

/// A sign-in that has ended with somebody signed in; the key of its record is the hash of its `state`.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct UsedFlow {
    until: Timestamp,
}

impl UsedFlow {
    /// Whether no hub would take it again in any case.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now
    }
}

impl Kept for UsedFlow {
    const KIND: &'static str = "sign_in_used";

    fn state(&self) -> &'static str {
        "used"
    }

    fn label(&self) -> &'static str {
        ""
    }
}

/// A sign-in that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    /// What tells it from others.
    salt: String,
    began_at: Timestamp,
    /// The page to go to afterwards.
    pub(super) to: String,
}

/// What is said of one to the provider, and expected of its answer.
pub(super) struct Marks {
    pub(super) state: String,
    pub(super) nonce: String,
    /// The secret half of the code challenge (RFC 7636).
    pub(super) verifier: String,
}

impl Flow {
    pub(super) fn begin(to: &str, now: Timestamp) -> Result<Self, Problem> {
        let salt = BASE64_URL_SAFE_NO_PAD.encode(secret::random::<32>()?);
        Ok(Flow { salt, began_at: now, to: to.to_owned() })
    }

    pub(super) fn marks(&self, key: &FlowKey) -> Marks {
        let mark = |purpose| BASE64_URL_SAFE_NO_PAD.encode(key.derive(purpose, &self.salt).as_bytes());
        Marks {
            state: key.derive("state", &self.salt).to_hex().to_string(),
            nonce: mark("nonce"),
            verifier: mark("verifier"),
        }
    }

    /// What the browser keeps.
    pub(super) fn sealed(&self, key: &FlowKey) -> String {
        let to = BASE64_URL_SAFE_NO_PAD.encode(&self.to);
        let text = format!("{}.{}.{to}", self.salt, self.began_at.as_millisecond());
        let seal = key.derive("cookie", &text).to_hex();
        format!("{text}.{seal}")
    }

    /// The one that a browser keeps, if it is the one of this `state` and its time is not over.
    pub(super) fn open(sealed: &str, state: &str, key: &FlowKey, now: Timestamp) -> Option<Self> {
        let (text, seal) = sealed.rsplit_once('.')?;
        // Comparing hashes takes the same time whatever differs.
        if Hash::from_hex(seal).ok()? != key.derive("cookie", text) {
            return None;
        }
        let (salt, rest) = text.split_once('.')?;
        let (began_at, to) = rest.split_once('.')?;
        let began_at = Timestamp::from_millisecond(began_at.parse().ok()?).ok()?;
        let to = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(to).ok()?).ok()?;
        let is_it = Hash::from_hex(state).ok()? == key.derive("state", salt);
        let in_time = now.duration_since(began_at) < LASTS && !is_ahead(began_at, now);
        (is_it && in_time).then(|| Flow { salt: salt.to_owned(), began_at, to })
    }

    /// That it was used, for as long as any hub would take it.
    pub(super) fn used(&self) -> UsedFlow {
        UsedFlow { until: self.began_at.saturating_add(LASTS + SLACK).unwrap_or(Timestamp::MAX) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_flow_is_known_again_by_its_state_in_its_own_browser_and_in_time() {
        let (key, flow) = (FlowKey::new().unwrap(), Flow::begin("/jobs?a=b.c", at(0)).unwrap());
        let (sealed, marks) = (flow.sealed(&key), flow.marks(&key));
        assert_eq!(Flow::open(&sealed, &marks.state, &key, at(599)), Some(flow.clone()));
        assert_eq!(Flow::open(&sealed, &marks.state, &key, at(600)), None, "too late");
        assert_eq!(Flow::open(&sealed, &marks.state, &key, at(-61)), None, "the clock ran ahead");
        let other = Flow::begin("/jobs?a=b.c", at(0)).unwrap();
        assert_eq!(Flow::open(&other.sealed(&key), &marks.state, &key, at(1)), None, "another browser");
        assert_eq!(Flow::open(&sealed, &other.marks(&key).state, &key, at(1)), None);
        assert_eq!(Flow::open(&sealed, &marks.state, &FlowKey::new().unwrap(), at(1)), None);
    }

    #[test]
    fn a_used_one_is_remembered_for_as_long_as_any_hub_would_take_it() {
        let (key, flow) = (FlowKey::new().unwrap(), Flow::begin("/", at(0)).unwrap());
        let used = flow.used();
        // By a clock that is as far behind as any may be.
        let taken =
            |second: i64| Flow::open(&flow.sealed(&key), &flow.marks(&key).state, &key, at(second - 60));
        assert!(taken(659).is_some() && !used.is_over(at(659)));
        assert!(taken(660).is_none() && used.is_over(at(660)));
    }

    #[test]
    fn nobody_makes_or_changes_one_without_the_key() {
        let (key, flow) = (FlowKey::new().unwrap(), Flow::begin("/", at(0)).unwrap());
        let (sealed, state) = (flow.sealed(&key), flow.marks(&key).state);
        for place in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[place] = if bytes[place] == b'0' { b'1' } else { b'0' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(Flow::open(&changed, &state, &key, at(1)), None, "{changed}");
        }
        for odd in ["", ".", "...", "a.b.c.d", &format!("..{}", "0".repeat(64))] {
            assert_eq!(Flow::open(odd, &state, &key, at(1)), None);
        }
    }

    #[test]
    fn what_is_said_of_one_tells_nothing_of_its_secrets() {
        let (key, flow) = (FlowKey::new().unwrap(), Flow::begin("/", at(0)).unwrap());
        let Marks { state, nonce, verifier } = flow.marks(&key);
        assert!((43..=128).contains(&verifier.len()), "RFC 7636 §4.1");
        assert!(nonce != verifier && state != nonce && !flow.sealed(&key).contains(&verifier));
    }
}
