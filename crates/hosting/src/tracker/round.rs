//! Looking at all schools that are due.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use engine::Edit;
use futures_util::{StreamExt as _, stream};

use super::Tracker;
use super::error::{Error, Trouble};
use super::followed::{Followed, entity_key};
use super::hosts;
use crate::rne::Rne;

/// After so many failures, one after the other and with nothing in between, a host is asked no more in this round.
const ENOUGH: u32 = 3;

/// What came of looking at all schools that were due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Of so many their hosts said how they stand.
    pub seen: usize,
    /// Of so many they could not.
    pub failed: usize,
    /// So many were left for later: their host does not answer.
    pub left: usize,
}

/// How a host does in a round.
#[derive(Default)]
struct Doing {
    answered: usize,
    /// So many failures, one after the other.
    in_a_row: u32,
    /// It is to be asked no more.
    over: bool,
    /// The last failure of the host as a whole.
    last: Option<Trouble>,
    /// The schools for which it failed.
    failed: Vec<Rne>,
    left: usize,
}

/// All hosts of a round.
#[derive(Default)]
struct Hosts(Mutex<BTreeMap<String, Doing>>);

impl Hosts {
    fn with<T>(&self, host: &str, change: impl FnOnce(&mut Doing) -> T) -> T {
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(hosts.entry(host.to_owned()).or_default())
    }
}

impl Doing {
    fn heard(&mut self, rne: &Rne, trouble: Option<&Trouble>) {
        let Some(trouble) = trouble.filter(|trouble| trouble.is_of_host()) else {
            self.answered += 1;
            self.in_a_row = 0;
            return;
        };
        self.in_a_row += 1;
        // It says itself that it has enough, or that nobody with this key is welcome.
        let told = matches!(trouble, Trouble::Key | Trouble::Down { retry_after: Some(_), .. });
        self.over |= told || self.in_a_row >= ENOUGH;
        self.failed.push(rne.clone());
        self.last = Some(trouble.clone());
    }

    /// Whether it is the host that does not answer, and no school alone for which it does not.
    fn is_down(&self) -> bool {
        self.last.is_some() && (self.over || self.answered == 0)
    }
}

impl Tracker {
    /// Looks at all schools that are due. A host that does not answer is left alone for a while, and its schools are due
    /// still.
    pub async fn round(&self) -> Result<Round, Error> {
        self.fill().await?;
        self.warn();
        let mut paused = BTreeSet::new();
        for name in self.0.hosts.names() {
            if self.answering(name).await?.is_paused(self.hub().now()) {
                paused.insert(name.to_owned());
            }
        }
        let due = self.0.due.now(&paused);
        let hosts = Hosts::default();
        let looked = stream::iter(due)
            .map(|(rne, host)| self.visit(rne, host, &hosts))
            .buffer_unordered(self.0.at_once)
            .collect::<Vec<_>>();
        let looked: Result<Vec<()>, Error> = looked.await.into_iter().collect();
        let told = self.tell(hosts).await;
        looked?;
        told
    }

    /// Says once that mails do not arrive, as soon as there is somebody to write to.
    fn warn(&self) {
        let (schools, mute) = self.0.due.count();
        if let Some(why) = self.hindrance().filter(|_| schools > mute)
            && !self.0.warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!("{why}");
        }
    }

    /// Looks at one of them.
    async fn visit(&self, rne: String, host: String, hosts: &Hosts) -> Result<(), Error> {
        let over = hosts.with(&host, |doing| {
            doing.left += usize::from(doing.over);
            doing.over
        });
        let Ok(rne) = rne.parse::<Rne>() else { return Ok(()) };
        if over {
            return Ok(());
        }
        // It may have been unfollowed meanwhile.
        let Some(school) = self.find(&rne).await? else { return Ok(()) };
        let heard = self.ask(&school).await;
        hosts.with(&host, |doing| doing.heard(&rne, heard.as_ref().err()));
        match self.learn(&school, &heard).await {
            Err(Error::NotFollowed(_)) => Ok(()),
            learned => learned.map(drop),
        }
    }

    /// Keeps how each host did.
    async fn tell(&self, hosts: Hosts) -> Result<Round, Error> {
        let mut round = Round::default();
        for (name, doing) in hosts.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
            round.seen += doing.answered;
            round.failed += doing.failed.len();
            round.left += doing.left;
            if doing.is_down() {
                if let Some(trouble) = &doing.last {
                    self.down(&name, trouble).await?;
                }
                continue;
            }
            if doing.answered > 0 {
                self.up(&name).await?;
            }
            let why = doing.last.as_ref().map(ToString::to_string).unwrap_or_default();
            for rne in &doing.failed {
                match self.fail(rne, &why).await {
                    Err(Error::NotFollowed(_)) => {}
                    failed => drop::<Followed>(failed?),
                }
            }
        }
        Ok(round)
    }

    /// A host answers.
    pub(super) async fn up(&self, name: &str) -> Result<(), Error> {
        let before = self.answering(name).await?;
        let now = self.hub().now();
        if let Some(trouble) = &before.trouble {
            tracing::info!(host = name, "{name} answers again; it did not since {:.0}", trouble.since);
        }
        let next = hosts::Answering::up(now);
        let content = next.content(name);
        self.hub()
            .update(hosts::entity_key(name), |_| Ok::<_, Error>((Edit::Put(content.clone()), None)))
            .await
    }

    /// It does not.
    pub(super) async fn down(&self, name: &str, trouble: &Trouble) -> Result<(), Error> {
        let asked = if let Trouble::Down { retry_after, .. } = trouble { *retry_after } else { None };
        let (now, chance, why) = (self.hub().now(), self.0.clock.chance(), trouble.to_string());
        let before = self.answering(name).await?;
        let next = before.down(&why, asked, chance, now);
        if before.trouble.is_none() {
            tracing::warn!(
                host = name,
                "{name} does not say how its schools stand: {why}; it is asked again until it does"
            );
        }
        let content = next.content(name);
        self.hub()
            .update(hosts::entity_key(name), |_| Ok::<_, Error>((Edit::Put(content.clone()), None)))
            .await
    }

    /// Keeps that a school is to be looked at soon, whatever its turn.
    pub(super) fn hurry(&self, rne: &Rne) {
        self.0.due.hurry(entity_key(rne).key.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(retry_after: Option<u64>) -> Trouble {
        Trouble::Down {
            why: "no answer in time".to_owned(),
            retry_after: retry_after.map(std::time::Duration::from_secs),
        }
    }

    fn doing(heard: &[Option<Trouble>]) -> Doing {
        let mut doing = Doing::default();
        for trouble in heard {
            doing.heard(&"0750655E".parse().unwrap(), trouble.as_ref());
        }
        doing
    }

    #[test]
    fn a_host_is_down_when_it_says_so_or_answers_nobody() {
        assert!(doing(&[Some(down(None))]).is_down());
        assert!(!doing(&[None, Some(down(None)), None]).is_down(), "one school alone");
        let over = doing(&[None, Some(down(None)), Some(down(None)), Some(down(None))]);
        assert!(over.is_down() && over.over);
        assert!(doing(&[None, Some(down(Some(30)))]).over, "it wants a pause");
        assert!(doing(&[Some(Trouble::Key)]).over);
        assert!(!doing(&[Some(Trouble::Missing), Some(Trouble::Odd("x".to_owned()))]).is_down());
    }
}
