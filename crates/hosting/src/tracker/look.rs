//! Asking a school's host how it stands, and what follows from the answer.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use engine::port::BoxFuture;
use jiff::Timestamp;
use model::{Effects, EntityKey};

use super::Tracker;
use super::ask::Shown;
use super::error::{Error, Trouble};
use super::followed::Followed;
use super::hosts::{Answering, OWN, entity_key};
use super::letter::{Links, letter};
use super::link::{Purpose, Said};
use super::reported::Reported;
use crate::rne::Rne;

/// What was heard of a school is good for so long: whoever looks at its page again and again does not ask its host.
const FRESH: Duration = Duration::from_secs(3);
/// Schools of which something that was heard is remembered.
const REMEMBERED: usize = 1_000;

/// What was heard of a school, and when.
pub(super) type Heard = (Instant, Result<Reported, Trouble>);

/// A school, and what its host says of it now.
#[derive(Clone, Debug)]
pub struct Looked {
    /// As it is followed, with all that was just seen.
    pub school: Followed,
    /// What its host says, or why it says nothing: then the school is as it was seen last.
    pub said: Result<Reported, Trouble>,
}

/// A host, for people.
#[derive(Clone, Debug)]
pub struct HostView {
    /// Its name.
    pub name: String,
    /// Where it is; `None` = in this hub.
    pub url: Option<String>,
    /// So many schools are followed there.
    pub schools: usize,
    /// How it answers.
    pub answering: Answering,
}

impl Tracker {
    /// Asks the host of a school how it stands, unless that was just heard. A new step is kept, and told to the school.
    pub async fn look(&self, rne: &Rne) -> Result<Looked, Error> {
        let school = self.get(rne).await?;
        if let Some(said) = self.heard(&school) {
            return Ok(Looked { school, said });
        }
        // Nobody closes it.
        let _turn = self.0.looks.acquire().await;
        let school = self.get(rne).await?;
        let said = match self.heard(&school) {
            Some(said) => return Ok(Looked { school, said }),
            None => self.ask(&school).await,
        };
        let school = self.learn(&school, &said).await?;
        let said = said.map(|shown| shown.said);
        self.remember(rne, &said);
        Ok(Looked { school, said })
    }

    /// What was heard of a school a moment ago, unless it was seen in another state since then.
    fn heard(&self, school: &Followed) -> Option<Result<Reported, Trouble>> {
        let (now, heard) =
            (self.0.clock.instant(), self.0.heard.lock().unwrap_or_else(PoisonError::into_inner));
        let fresh = heard.get(&school.rne).filter(|(at, _)| now.duration_since(*at) < FRESH);
        let said = fresh
            .map(|(_, said)| said)
            .filter(|said| said.as_ref().map_or(true, |said| said.state == school.state));
        said.cloned()
    }

    fn remember(&self, rne: &Rne, said: &Result<Reported, Trouble>) {
        let now = self.0.clock.instant();
        let mut heard = self.0.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.retain(|_, (at, _)| now.duration_since(*at) < FRESH);
        if heard.len() < REMEMBERED {
            heard.insert(rne.clone(), (now, said.clone()));
        }
    }

    /// What was heard of a school does not hold any more: something was just done to it.
    pub(super) fn forget(&self, rne: &Rne) {
        self.0.heard.lock().unwrap_or_else(PoisonError::into_inner).remove(rne);
    }

    /// Asks the host of a school.
    pub(super) fn ask<'a>(&'a self, school: &'a Followed) -> BoxFuture<'a, Result<Shown, Trouble>> {
        Box::pin(async move {
            match self.0.hosts.get(&school.kept.host) {
                Some(remote) => remote.show(&school.rne, school.kept.key.as_ref()).await,
                None if school.kept.host == OWN => self.0.own.show(&school.rne).await,
                None => Err(Trouble::Down {
                    why: format!("the configuration knows no host {} any more", school.kept.host),
                    retry_after: None,
                }),
            }
        })
    }

    /// Keeps what a host said. What is wrong with the host as a whole is nothing that the school has.
    pub(super) async fn learn(
        &self,
        school: &Followed,
        heard: &Result<Shown, Trouble>,
    ) -> Result<Followed, Error> {
        match heard {
            Ok(shown) => self.note(&school.rne, shown).await,
            Err(trouble) if trouble.is_of_host() => Ok(school.clone()),
            Err(trouble) => self.fail(&school.rne, &trouble.to_string()).await,
        }
    }

    /// Keeps a step with the mail that tells of it, in one commit: whoever sees the same step at the same moment finds it
    /// kept, and writes no other.
    async fn note(&self, rne: &Rne, shown: &Shown) -> Result<Followed, Error> {
        let seen = self
            .hub()
            .write_as_read(async || {
                let found = self.get(rne).await?;
                let (mut next, now) = (found.clone(), self.hub().now());
                let told = next.note(&shown.said, now);
                if shown.key_is_void && next.kept.key.is_some() {
                    next.kept.key = None;
                    next.kept.generation += 1;
                }
                if next == found {
                    return Ok((found, None));
                }
                let mut deliveries = Vec::new();
                if let Some(contact) = next.kept.contact.as_ref().filter(|_| told) {
                    deliveries.push(letter(&next, contact, &shown.said, &self.links(&next).await?));
                }
                let effects = Effects { entities: vec![next.write()], deliveries, ..Effects::default() };
                next.rev += 1;
                Ok::<_, Error>((next, Some((effects, None))))
            })
            .await?;
        Ok(seen)
    }

    /// Keeps what is wrong with one school.
    pub(super) async fn fail(&self, rne: &Rne, why: &str) -> Result<Followed, Error> {
        self.edit(rne, |school, now| school.fail(why, now), None).await
    }

    // === links ===

    /// The links of a school: each call makes new ones, which are good for as long.
    pub async fn links(&self, school: &Followed) -> Result<Links, Error> {
        let (page, page_until) = self.link(school, Purpose::Page).await?;
        let (stop, _) = self.link(school, Purpose::Stop).await?;
        Ok(Links { page, page_until, stop })
    }

    async fn link(&self, school: &Followed, purpose: Purpose) -> Result<(String, Timestamp), Error> {
        let key = self.0.own.host.signer().await?.derived("pages of schools");
        let expires_at = self.hub().now().checked_add(purpose.life()).unwrap_or(Timestamp::MAX);
        let generation = self.generation(school).await?;
        let token = Said { purpose, rne: school.rne.clone(), generation, expires_at }.sign(&key);
        Ok((format!("{}{}{token}", self.url(), purpose.path()), expires_at))
    }

    /// The school of a link that was signed here for this, and is still good.
    pub async fn verify(&self, purpose: Purpose, token: &str) -> Result<Option<Followed>, Error> {
        let key = self.0.own.host.signer().await?.derived("pages of schools");
        let Some(said) = Said::read(purpose, token, &key, self.hub().now()) else { return Ok(None) };
        let Some(school) = self.find(&said.rne).await? else { return Ok(None) };
        let is_good = said.generation == self.generation(&school).await?;
        Ok(Some(school).filter(|_| is_good))
    }

    /// What all links of a school hold on to: another one makes them void. At this hub's own host it follows the school's key.
    async fn generation(&self, school: &Followed) -> Result<String, Error> {
        let own = if school.kept.host == OWN { self.0.own.generation(&school.rne).await? } else { 0 };
        Ok(format!("{}-{own}", school.kept.generation))
    }

    // === hosts ===

    /// The hosts, and how they answer.
    pub async fn hosts(&self) -> Result<Vec<HostView>, Error> {
        self.fill().await?;
        let schools = self.0.due.by_host();
        let mut views = Vec::new();
        for (name, url) in self.0.hosts.places() {
            views.push(HostView {
                name: name.to_owned(),
                url: url.map(str::to_owned),
                schools: schools.get(name).copied().unwrap_or_default(),
                answering: self.answering(name).await?,
            });
        }
        Ok(views)
    }

    /// How a host answers.
    pub(super) async fn answering(&self, name: &str) -> Result<Answering, Error> {
        let key: EntityKey = entity_key(name);
        match self.hub().journal().entity(key).await {
            Err(journal::Error::Damaged(_)) => Ok(Answering::default()),
            entity => Ok(Answering::read(entity?.as_ref())),
        }
    }
}
