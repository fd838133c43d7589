//! What people do with followed schools: following, creating, changing, removing, telling and not telling them.

use engine::{Actor, AuditEntry};
use jiff::Timestamp;
use model::{Code, Effects};
use serde_json::{Value, json};

use super::Tracker;
use super::ask::{Remote, Ticket};
use super::error::{Error, Trouble};
use super::followed::Followed;
use super::hosts::OWN;
use crate::hidden::Hidden;
use crate::rne::Rne;
use crate::state::State;
use crate::values::{Change, Contact, Values};

/// A school that is to be followed.
#[derive(Clone, Debug, PartialEq)]
pub struct NewSchool {
    /// Which.
    pub rne: Rne,
    /// At which host: [`OWN`], or a name of the configuration.
    pub host: String,
    /// What its host is to know of it; `None` = it is there already, and is only looked at.
    pub values: Option<Values>,
    /// Its key, where somebody knows it.
    pub key: Option<Hidden>,
    /// Who is told what happens; `None` = as it was, or nobody.
    pub contact: Option<Contact>,
    /// The state in which it is found is told too.
    pub tell: bool,
}

/// How a school came to be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// Its host did not know it, and was asked for it.
    Created,
    /// Its host knew it, with these values: its key is known again.
    Adopted,
    /// Its host had removed it, and begins anew.
    Renewed,
    /// Its host knew it; nothing was asked for.
    Followed,
    /// It was followed already.
    Known,
}

impl How {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            How::Created => "created",
            How::Adopted => "adopted",
            How::Renewed => "renewed",
            How::Followed => "followed",
            How::Known => "known",
        }
    }
}

/// A school that is followed from now on.
#[derive(Clone, Debug)]
pub struct Created {
    /// The school, as far as its host has said how it stands.
    pub school: Followed,
    /// How it came about.
    pub how: How,
}

/// What is kept of a school that is followed from now on.
struct Kept<'k> {
    rne: &'k Rne,
    host: &'k str,
    key: Option<Hidden>,
    contact: Option<Contact>,
    tell: bool,
    how: How,
}

/// Where a school is asked for.
enum Place<'t> {
    Own,
    At(&'t Remote),
}

impl Tracker {
    /// Follows a school. With values this is the dialogue that creates it: its host is asked whether it knows the school; one
    /// that it does not know it is asked for, one that it knows is adopted by saying the same again, which tells its key. What
    /// was done at the host before a crash is found there by the same call.
    pub async fn follow(&self, new: NewSchool, actor: &Actor) -> Result<Created, Error> {
        let NewSchool { rne, host, values, key, contact, tell } = new;
        let place = self.place(&host)?;
        let before = self.find(&rne).await?;
        if let Some(before) = before.as_ref().filter(|before| before.kept.host != host) {
            return Err(Error::Elsewhere { rne, host: before.kept.host.clone() });
        }
        let found = self.found(&place, &rne, &host).await?;
        let (how, key) = match values {
            None if found.is_none() => return Err(trouble_at(&host, Trouble::Missing)),
            None => {
                let known = before.as_ref().and_then(|before| before.kept.key.clone());
                (if before.is_some() { How::Known } else { How::Followed }, key.or(known))
            }
            Some(values) => {
                let made = match &place {
                    Place::Own => self.0.own.post(&rne, &values, actor).await,
                    Place::At(remote) => remote.post(&rne, &values).await,
                };
                let made = made.map_err(|trouble| trouble_at(&host, trouble))?;
                let how = match found.as_deref().map(State::of_code) {
                    None => How::Created,
                    Some(Some(State::Deleted)) => How::Renewed,
                    Some(_) if before.is_some() => How::Known,
                    Some(_) => How::Adopted,
                };
                (how, Some(made.key))
            }
        };
        // The own host's keys can be told again at any time.
        let key = key.filter(|_| host != OWN);
        let tell = tell || matches!(how, How::Created | How::Renewed);
        self.keep(&Kept { rne: &rne, host: &host, key, contact, tell, how }, actor).await?;
        self.forget(&rne);
        let school = self.seen(&rne).await?;
        Ok(Created { school, how })
    }

    /// The state in which a host says that a school is; `None` = it does not know it.
    async fn found(&self, place: &Place<'_>, rne: &Rne, host: &str) -> Result<Option<String>, Error> {
        let shown = match place {
            Place::Own => self.0.own.show(rne).await,
            Place::At(remote) => remote.show(rne, None).await,
        };
        match shown {
            Ok(shown) => Ok(Some(shown.said.state)),
            Err(Trouble::Missing) => Ok(None),
            Err(trouble) => Err(trouble_at(host, trouble)),
        }
    }

    async fn keep(&self, kept: &Kept<'_>, actor: &Actor) -> Result<(), Error> {
        let Kept { rne, host, key, contact, tell, how } = kept;
        self.hub()
            .write_as_read(async || {
                let (found, now) = (self.find(rne).await?, self.hub().now());
                let mut next = found.clone().unwrap_or_else(|| Followed::new((*rne).clone(), host, now));
                next.give_key(key.clone());
                if contact.is_some() && next.kept.contact != *contact {
                    next.kept.contact.clone_from(contact);
                    // Whoever did not want to be told was somebody else.
                    next.kept.stopped_at = None;
                }
                if found.is_none() {
                    next.kept.greet = *tell;
                }
                if found.as_ref() == Some(&next) {
                    return Ok(((), None));
                }
                let entry = entry(actor, rne, "school_followed", format!("{} at {host}", how.word()));
                let entry = found.as_ref().map(shown).into_iter().fold(entry, AuditEntry::before);
                let effects = Effects { entities: vec![next.write()], ..Effects::default() };
                Ok::<_, Error>(((), Some((effects, Some(entry.after(shown(&next)))))))
            })
            .await
    }

    /// As it stands after something was done to it: what was done is done, whether its host says so now or later.
    async fn seen(&self, rne: &Rne) -> Result<Followed, Error> {
        let looked = self.look(rne).await?;
        if looked.said.is_err() {
            self.hurry(rne);
        }
        Ok(looked.school)
    }

    /// Follows a school no longer. Its host is told nothing. `false` = it was not followed.
    pub async fn unfollow(&self, rne: &Rne, actor: &Actor) -> Result<bool, Error> {
        let entry = entry(actor, rne, "school_unfollowed", "unfollowed".to_owned());
        self.forget(rne);
        Ok(self.hub().erase(super::followed::entity_key(rne), Some(entry)).await?)
    }

    /// Has its host change what is known of it. The contact stays here.
    pub async fn alter(&self, rne: &Rne, change: &Change, actor: &Actor) -> Result<Followed, Error> {
        let school = self.get(rne).await?;
        if let Some(contact) = &change.contact {
            self.set_contact(rne, Some(contact.clone()), actor).await?;
        }
        let rest = Change { contact: None, ..change.clone() };
        if rest == Change::default() {
            return self.get(rne).await;
        }
        let host = &school.kept.host;
        let done = match self.place(host)? {
            Place::Own => self.0.own.put(rne, &rest, actor).await,
            Place::At(remote) => remote.put(rne, school.kept.key.as_ref(), &rest).await,
        };
        done.map_err(|trouble| trouble_at(host, trouble))?;
        self.did(rne, actor, "school_altered", format!("its change was asked for at {host}")).await
    }

    /// Has its host remove it.
    pub async fn delete(&self, rne: &Rne, actor: &Actor) -> Result<Followed, Error> {
        let school = self.get(rne).await?;
        let host = &school.kept.host;
        let done = match self.place(host)? {
            Place::Own => self.0.own.delete(rne, actor).await,
            Place::At(remote) => remote.delete(rne, school.kept.key.as_ref()).await,
        };
        done.map_err(|trouble| trouble_at(host, trouble))?;
        self.did(rne, actor, "school_deleted", format!("its removal was asked for at {host}")).await
    }

    async fn did(
        &self,
        rne: &Rne,
        actor: &Actor,
        code: &'static str,
        message: String,
    ) -> Result<Followed, Error> {
        self.hub().audit(entry(actor, rne, code, message)).await?;
        self.forget(rne);
        self.seen(rne).await
    }

    /// A link to the upload page of its host, for one use.
    pub async fn ticket(&self, rne: &Rne) -> Result<Ticket, Error> {
        let school = self.get(rne).await?;
        let host = &school.kept.host;
        let ticket = match self.place(host)? {
            Place::Own => self.0.own.ticket(rne).await,
            Place::At(remote) => remote.ticket(rne, school.kept.key.as_ref()).await,
        };
        let ticket = ticket.map_err(|trouble| trouble_at(host, trouble))?;
        let expected = |school: &mut Followed, now: Timestamp| school.kept.expected_at = Some(now);
        self.edit(rne, expected, None).await?;
        Ok(ticket)
    }

    // === who is told ===

    /// Another contact, or none.
    pub async fn set_contact(
        &self,
        rne: &Rne,
        contact: Option<Contact>,
        actor: &Actor,
    ) -> Result<Followed, Error> {
        let change = move |school: &mut Followed, _| {
            if school.kept.contact != contact {
                school.kept.stopped_at = None;
                school.kept.contact.clone_from(&contact);
            }
        };
        self.edit(rne, change, Some((actor, "school_contact", "its contact"))).await
    }

    /// Somebody at the school wants no more mails.
    pub async fn stop(&self, rne: &Rne, actor: &Actor) -> Result<Followed, Error> {
        let change = |school: &mut Followed, now: Timestamp| {
            school.kept.stopped_at.get_or_insert(now);
        };
        self.edit(rne, change, Some((actor, "school_stopped", "no more mails"))).await
    }

    /// It is told again.
    pub async fn resume(&self, rne: &Rne, actor: &Actor) -> Result<Followed, Error> {
        let change = |school: &mut Followed, _| school.kept.stopped_at = None;
        self.edit(rne, change, Some((actor, "school_resumed", "mails again"))).await
    }

    /// All links that were sent are void.
    pub async fn rotate_links(&self, rne: &Rne, actor: &Actor) -> Result<Followed, Error> {
        let change = |school: &mut Followed, _| school.kept.generation += 1;
        self.edit(rne, change, Some((actor, "school_links_rotated", "the links that were sent are void")))
            .await
    }

    /// Changes what is kept of a school, with what the audit says of it.
    pub(super) async fn edit(
        &self,
        rne: &Rne,
        change: impl Fn(&mut Followed, Timestamp),
        deed: Option<(&Actor, &'static str, &str)>,
    ) -> Result<Followed, Error> {
        self.hub()
            .write_as_read(async || {
                let found = self.get(rne).await?;
                let mut next = found.clone();
                change(&mut next, self.hub().now());
                if next == found {
                    return Ok((found, None));
                }
                let entry = deed.map(|(actor, code, message)| {
                    entry(actor, rne, code, message.to_owned()).before(shown(&found)).after(shown(&next))
                });
                let effects = Effects { entities: vec![next.write()], ..Effects::default() };
                next.rev += 1;
                Ok::<_, Error>((next, Some((effects, entry))))
            })
            .await
    }

    fn place(&self, host: &str) -> Result<Place<'_>, Error> {
        if host == OWN {
            return Ok(Place::Own);
        }
        self.0.hosts.get(host).map(Place::At).ok_or_else(|| self.no_host(host))
    }
}

fn trouble_at(host: &str, trouble: Trouble) -> Error {
    Error::Host { host: host.to_owned(), trouble }
}

fn entry(actor: &Actor, rne: &Rne, code: &'static str, message: String) -> AuditEntry {
    AuditEntry::new(actor, format!("school {rne}"), Code::from_static(code), message)
}

/// What the audit says of a school: never a key.
fn shown(school: &Followed) -> Value {
    let kept = &school.kept;
    json!({
        "host": kept.host, "state": school.state, "contact": kept.contact, "stopped_at": kept.stopped_at,
        "generation": kept.generation,
    })
}
