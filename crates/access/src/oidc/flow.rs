//! Sign-ins that are under way: what the provider's answer has to match.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use model::believe::is_ahead;

/// How long somebody may take to sign in at the provider.
pub(super) const LASTS: SignedDuration = SignedDuration::from_mins(10);
/// So many at once; above that the oldest of whoever has begun most is given up.
const MOST: usize = 1000;
/// Of one address so many; above that its oldest is given up.
const OWN: usize = 20;

/// A sign-in that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    /// Hash of the secret in the cookie of the browser in which it was begun.
    pub(super) browser: String,
    pub(super) nonce: String,
    /// The secret half of the code challenge (RFC 7636).
    pub(super) verifier: String,
    /// The page to go to afterwards.
    pub(super) to: String,
    /// Where it was begun.
    pub(super) household: IpAddr,
    pub(super) began_at: Timestamp,
}

/// All of them, by the hash of `state`. A restart forgets them.
#[derive(Debug, Default)]
pub(super) struct Flows(Mutex<HashMap<String, Flow>>);

impl Flows {
    pub(super) fn begin(&self, state: String, flow: Flow) {
        let mut flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        flows.retain(|_, other| flow.began_at.duration_since(other.began_at) < LASTS);
        let own = flows.values().filter(|other| other.household == flow.household).count();
        if own >= OWN {
            give_up(&mut flows, flow.household);
        } else if flows.len() >= MOST
            && let Some(busiest) = busiest(&flows)
        {
            give_up(&mut flows, busiest);
        }
        flows.insert(state, flow);
    }

    /// The one with this `state`, begun in this browser. Each is taken once.
    pub(super) fn take(&self, state: &str, browser: &str, now: Timestamp) -> Option<Flow> {
        let mut flows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let flow = flows.get(state)?;
        // Somebody else's browser must not end what is under way here.
        if flow.browser != browser {
            return None;
        }
        let in_time =
            |flow: &Flow| now.duration_since(flow.began_at) < LASTS && !is_ahead(flow.began_at, now);
        flows.remove(state).filter(in_time)
    }
}

/// Gives up the oldest sign-in that was begun there.
fn give_up(flows: &mut HashMap<String, Flow>, household: IpAddr) {
    let own = flows.iter().filter(|(_, flow)| flow.household == household);
    let oldest = own.min_by_key(|(_, flow)| flow.began_at).map(|(state, _)| state.clone());
    oldest.and_then(|state| flows.remove(&state));
}

/// Who has begun most.
fn busiest(flows: &HashMap<String, Flow>) -> Option<IpAddr> {
    let mut counts = HashMap::<IpAddr, usize>::new();
    for flow in flows.values() {
        *counts.entry(flow.household).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(household, _)| household)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn flow(second: i64) -> Flow {
        let text = |text: &str| text.to_owned();
        Flow {
            browser: text("b"),
            nonce: text("n"),
            verifier: text("v"),
            to: text("/"),
            household: Ipv4Addr::LOCALHOST.into(),
            began_at: at(second),
        }
    }

    #[test]
    fn a_flow_is_taken_once_in_its_own_browser_and_in_time() {
        let flows = Flows::default();
        flows.begin("s".to_owned(), flow(0));
        assert_eq!(flows.take("other", "b", at(1)), None);
        assert_eq!(flows.take("s", "another browser", at(1)), None);
        assert_eq!(flows.take("s", "b", at(599)), Some(flow(0)));
        assert_eq!(flows.take("s", "b", at(599)), None, "taken before");
        flows.begin("late".to_owned(), flow(0));
        assert_eq!(flows.take("late", "b", at(600)), None);
    }

    #[test]
    fn there_is_a_bound() {
        let flows = Flows::default();
        let from = |n: u32, second| Flow { household: Ipv4Addr::from(n).into(), ..flow(second) };
        flows.begin("owner's".to_owned(), from(0, 0));
        for n in 0..1300 {
            flows.begin(n.to_string(), from(1 + n % 60, 1));
        }
        assert_eq!(flows.0.lock().unwrap().len(), MOST);
        assert!(flows.take("owner's", "b", at(101)).is_some(), "who begins many gives up his own");
        let flows = Flows::default();
        for n in 0..=OWN {
            flows.begin(format!("own {n}"), from(99, i64::try_from(n).unwrap()));
        }
        assert!(flows.take("own 0", "b", at(101)).is_none() && flows.take("own 1", "b", at(101)).is_some());
    }
}
