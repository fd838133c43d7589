//! Misbehaviour on command.

use std::time::Duration;

use super::Call;
use crate::reply::Reply;

/// What is to become of the next calls that fit: `Order::on("users.insert").key("a@gadz.org").times(2).error(503, "backendError")`.
#[derive(Clone, Debug)]
pub struct Order {
    method: String,
    key: Option<String>,
    skip: usize,
    times: usize,
    pub(crate) delay: Duration,
    /// Whether the call takes effect.
    pub(crate) effect: bool,
    pub(crate) told: Told,
}

/// What is told of the effect.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    Truth,
    Instead(Reply),
    HangUp,
    Nothing,
    /// A listing without so many of its accounts.
    Short(usize),
    /// What was so before the last write.
    Stale,
    /// The referential's word for a hash that one may not read.
    Hidden,
}

impl Order {
    /// For the next call of this method, see [`Call::method`]; a last `*` stands for any end: `users.*`.
    pub fn on(method: &str) -> Order {
        let (method, delay) = (method.to_owned(), Duration::ZERO);
        Order { method, key: None, skip: 0, times: 1, delay, effect: true, told: Told::Truth }
    }

    /// Only when it is about this account, see [`Call::key`]; case does not count.
    #[must_use]
    pub fn key(mut self, key: &str) -> Order {
        self.key = Some(key.to_lowercase());
        self
    }

    /// So many calls that fit are let through before.
    #[must_use]
    pub fn skip(mut self, skip: usize) -> Order {
        self.skip = skip;
        self
    }

    /// For so many calls.
    #[must_use]
    pub fn times(mut self, times: usize) -> Order {
        self.times = times;
        self
    }

    /// Until it is countermanded.
    #[must_use]
    pub fn always(self) -> Order {
        self.times(usize::MAX)
    }

    /// The call waits this long before it takes effect.
    #[must_use]
    pub fn slow(mut self, delay: Duration) -> Order {
        self.delay = delay;
        self
    }

    /// Nothing comes of the call, and this is the answer.
    #[must_use]
    pub fn reply(self, reply: Reply) -> Order {
        Order { effect: false, told: Told::Instead(reply), ..self }
    }

    /// The call takes effect, and this is the answer all the same.
    #[must_use]
    pub fn reply_after(self, reply: Reply) -> Order {
        Order { effect: true, told: Told::Instead(reply), ..self }
    }

    /// Nothing comes of the call; the answer is Google's error with this reason.
    #[must_use]
    pub fn error(self, status: u16, reason: &str) -> Order {
        self.reply(Reply::error(status, reason, &format!("ordered: {reason}")))
    }

    /// The call takes effect, and an error is the answer all the same.
    #[must_use]
    pub fn error_after(self, status: u16, reason: &str) -> Order {
        self.reply_after(Reply::error(status, reason, &format!("ordered: {reason}")))
    }

    /// The connection is closed, and nothing has come of the call.
    #[must_use]
    pub fn hang_up(self) -> Order {
        Order { effect: false, told: Told::HangUp, ..self }
    }

    /// The connection is closed after the call has taken effect: the answer is lost.
    #[must_use]
    pub fn hang_up_after(self) -> Order {
        Order { effect: true, told: Told::HangUp, ..self }
    }

    /// The call takes effect and is never answered; the connection stays open.
    #[must_use]
    pub fn never_answer(self) -> Order {
        Order { effect: true, told: Told::Nothing, ..self }
    }

    /// A personal account was invited instead: nothing is made, and the answer is 202.
    #[must_use]
    pub fn invited(self) -> Order {
        self.reply(Reply::json(202, &serde_json::json!({})))
    }

    /// A listing (`users.list`) lacks so many accounts, without a word about it.
    #[must_use]
    pub fn short(self, by: usize) -> Order {
        Order { told: Told::Short(by), ..self }
    }

    /// A read tells what was so before the last write of each account.
    #[must_use]
    pub fn stale(self) -> Order {
        Order { told: Told::Stale, ..self }
    }

    /// GrAM does not show the password's hash (`accounts.get`), as to a client without that role.
    #[must_use]
    pub fn hidden(self) -> Order {
        Order { told: Told::Hidden, ..self }
    }

    /// Whether it is for this call; counts those that are let through.
    pub(super) fn concerns(&mut self, call: &Call) -> bool {
        let method = match self.method.strip_suffix('*') {
            Some(begin) => call.method.starts_with(begin),
            None => call.method == self.method,
        };
        let fits = method && self.key.as_ref().is_none_or(|key| *key == call.key.to_lowercase());
        if fits && self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        fits
    }

    /// Counts one; whether that was the last.
    pub(super) fn used_up(&mut self) -> bool {
        self.times = self.times.saturating_sub(usize::from(self.times != usize::MAX));
        self.times == 0
    }
}
