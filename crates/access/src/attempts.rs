//! How often somebody may try to sign in. What a stranger does wrong keeps neither others behind his address out, in
//! browsers in which they have signed in before, nor an account's owner anywhere else.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::limit::{Asker, Limit, Quota};
use http::Problem;
use http::listen::household;

/// Nobody mistypes a password more often.
const MISTYPED: Quota = Quota::new(10, SignedDuration::from_secs(6));
/// Behind one address there may be a whole school.
const HOUSEHOLD: Quota = Quota::new(30, SignedDuration::from_secs(2));
/// Of one account, wherever from: above this somebody guesses from many addresses.
const ACCOUNT: Quota = Quota::new(100, SignedDuration::from_secs(36));
/// What is left to each address meanwhile: its owner needs one.
const GUESSED: Quota = Quota::new(2, SignedDuration::from_mins(5));

/// The attempts of late.
pub(super) struct Attempts {
    households: Limit,
    pairs: Limit,
    accounts: Limit,
    guessed: Limit,
    browsers: Limit,
    own: Limit,
}

impl Attempts {
    pub(super) fn new() -> Self {
        Attempts {
            households: Limit::new(HOUSEHOLD),
            pairs: Limit::new(MISTYPED),
            accounts: Limit::new(ACCOUNT),
            guessed: Limit::new(GUESSED),
            browsers: Limit::new(MISTYPED),
            own: Limit::new(MISTYPED),
        }
    }

    /// Counts an attempt of whatever kind from an address.
    pub(super) fn from(&self, address: IpAddr, now: Timestamp) -> Result<(), Problem> {
        self.households.check(Asker::at(address), now)
    }

    /// Counts an attempt to sign in to an account from an address.
    pub(super) fn at(&self, account: &str, address: IpAddr, now: Timestamp) -> Result<(), Problem> {
        let pair = Asker::of(&[account.as_bytes(), household(address).to_string().as_bytes()]);
        self.pairs.check(pair, now)?;
        if self.accounts.check(Asker::of(&[account.as_bytes()]), now).is_ok() {
            return Ok(());
        }
        self.guessed.check(pair, now)
    }

    /// Counts an attempt in a browser in which somebody has signed in to the account before.
    pub(super) fn in_browser(&self, browser: &[u8], now: Timestamp) -> Result<(), Problem> {
        self.browsers.check(Asker::of(&[browser]), now)
    }

    /// Counts an attempt of somebody who is signed in to give the present password.
    pub(super) fn by_owner(&self, account: &str, now: Timestamp) -> Result<(), Problem> {
        self.own.check(Asker::of(&[account.as_bytes()]), now)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }

    fn address(n: u32) -> IpAddr {
        Ipv4Addr::from(n).into()
    }

    #[test]
    fn a_strangers_attempts_do_not_keep_the_owner_out() {
        let attempts = Attempts::new();
        assert!((0..10).all(|_| attempts.at("alice", address(1), now()).is_ok()));
        assert!(attempts.at("alice", address(1), now()).is_err());
        assert!(attempts.at("alice", address(2), now()).is_ok());
        assert!(attempts.at("bob", address(1), now()).is_ok());
        assert!(attempts.in_browser(b"alice's", now()).is_ok(), "behind the stranger's address");
        assert!(attempts.by_owner("alice", now()).is_ok());
    }

    #[test]
    fn who_guesses_from_many_addresses_gets_little_and_the_owner_enough() {
        let attempts = Attempts::new();
        let from_each = |n: u32| (0..10).filter(|_| attempts.at("alice", address(n), now()).is_ok()).count();
        let first: usize = (0..10).map(from_each).sum();
        let rest: usize = (10..110).map(from_each).sum();
        assert_eq!((first, rest), (100, 200));
        assert!(attempts.at("alice", address(1000), now()).is_ok(), "the owner, somewhere else");
        assert!(attempts.at("bob", address(5), now()).is_ok());
    }
}
