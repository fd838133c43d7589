//! Two sources that are one queue, however their addresses are spelled: each job would run twice.

use std::fmt;

use futures_util::future::join_all;

use crate::examine::run_id;
use crate::settings::Settings;

/// Two sources that are one queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twins {
    one: String,
    other: String,
    queue: String,
}

impl fmt::Display for Twins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Twins { one, other, queue } = self;
        write!(
            f,
            "sources {one} and {other} are both queue {queue} on the same Redis, and each job would run twice: remove \
             one of the two, or name another queue (what SESAME_* variables say is the source sesame)"
        )
    }
}

/// The first two that are one queue. Servers whose addresses differ are asked who they are; one that does not answer
/// is taken for another one, and found out when it does.
pub async fn twins(all: &[Settings]) -> Option<Twins> {
    let pairs =
        || all.iter().enumerate().flat_map(|(n, one)| all.iter().skip(n + 1).map(move |other| (one, other)));
    let alike: Vec<_> = pairs().filter(|(one, other)| names(one) == names(other)).collect();
    let same_place = |(one, other): &&(&Settings, &Settings)| one.address.place() == other.address.place();
    let found = match alike.iter().find(same_place).copied() {
        None => same_server(&alike).await,
        found => found,
    };
    found.map(|(one, other)| Twins {
        one: one.name.clone(),
        other: other.name.clone(),
        queue: one.queue.clone(),
    })
}

/// The first two of these whose servers are one.
async fn same_server<'a>(pairs: &[(&'a Settings, &'a Settings)]) -> Option<(&'a Settings, &'a Settings)> {
    let ids = join_all(pairs.iter().map(async |(one, other)| (run_id(one).await, run_id(other).await))).await;
    let same = ids.into_iter().position(|(one, other)| one.is_some() && one == other)?;
    pairs.get(same).copied()
}

/// What tells the queues of one server apart.
fn names(settings: &Settings) -> (i64, &str, &str) {
    (settings.address.database(), &settings.prefix, &settings.queue)
}
