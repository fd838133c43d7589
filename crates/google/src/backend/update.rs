//! An account is brought up to date: read, compared, and written only where something differs.

use model::Outcome;
use serde_json::json;

use crate::account::{Person, Plan, User, differs, plan, same, update};
use crate::diff::ours_of;
use crate::request::Wish;
use crate::told::{About, Event, Failure, done};
use crate::trouble::Op;

use super::Pushed;
use super::attempt::{Attempt, Said, Step, forgetful};
use super::create::shown;
use super::memory::Kept;
use super::owner::Owner;

impl Attempt<'_> {
    /// Brings the account up to date with what is known of the person, and gives it the addresses that are wanted.
    pub(super) async fn update(
        &self,
        owner: Owner<'_>,
        person: &Person,
        wish: Wish,
        suspended: Option<bool>,
    ) -> Step<Outcome> {
        self.hides(person);
        let Some(id) = owner.google_id() else { return Ok(no_account(&person.key)) };
        self.hold("google", &id)?;
        if let Some(primary) = &wish.primary {
            self.hold("address", primary)?;
            self.within_bounds(&wish, primary)?;
        }
        let mut kept = self.work.memory.of(&person.key).await.map_err(forgetful)?;
        let was = kept.clone();
        let settling = kept.is_settling(self.work.clock.now(), self.work.rules.settle);
        let user = self.user_by_id(&id, kept.primary.as_deref(), settling).await?;
        let user = user.ok_or_else(|| self.not_existing(&id))?;
        self.knows(&user);
        kept.id = Some(user.id.clone());
        let primary = wish.primary.clone().unwrap_or_else(|| user.primary_email.clone());
        let before = Some(user.primary_email.as_str()).filter(|before| !same(before, &primary));
        let plan = self.planned(&wish, &user, before, &primary)?;
        if self.call.dry_run {
            return Ok(would_update(person, &user, &wish, suspended, &plan));
        }
        kept.asked.ask(&wish, before);
        kept.asked.suspended = suspended.or(kept.asked.suspended);
        // What was asked for is remembered also when it comes to nothing. A change of the address is kept before it anyway.
        let is_news = kept.asked != was.asked;
        if is_news && before.is_none() {
            self.about_to_write(&person.key, &mut kept).await?;
        }
        let (after, wrote) = self.push(person, &user, &wish, suspended, &mut kept, settling).await?;
        self.knows(&after);
        if plan != Plan::default() {
            if !wrote && !is_news {
                self.about_to_write(&person.key, &mut kept).await?;
            }
            self.settle_aliases(&after, &plan, true).await?;
        }
        kept.primary = Some(primary.clone());
        kept.retired = kept.retired && suspended.is_none();
        self.is_as_asked(person, &after, &mut kept).await?;
        if kept != was {
            self.work.memory.keep(&person.key, &kept).await.map_err(forgetful)?;
        }
        Ok(self.told(&owner, person, &after, &primary, Event::Updated))
    }

    /// Writes what differs. Tells how the account is then, and whether anything was written.
    pub(super) async fn push(
        &self,
        person: &Person,
        user: &User,
        wish: &Wish,
        suspended: Option<bool>,
        kept: &mut Kept,
        settling: bool,
    ) -> Step<(User, bool)> {
        let fingerprint = self.fingerprint(person).await?;
        let password_is_due = person.password.is_some() && kept.password != fingerprint;
        let with_password = password_is_due || self.work.rules.password == Pushed::Always;
        let body = update(person, user, wish.primary.as_deref(), suspended, with_password);
        if !password_is_due && !differs(&body, user) {
            return Ok((user.clone(), false));
        }
        let renamed = wish.primary.as_deref().filter(|primary| !same(primary, &user.primary_email));
        kept.written_at = Some(self.work.clock.now());
        if renamed.is_some() {
            // What Google says of either address from now on has to be understood, also after a crash.
            self.about_to_write(&person.key, kept).await?;
        }
        let after = loop {
            match self.ask(Op::Update, settling, || self.work.directory.update(&user.id, &body)).await? {
                Said::Done(after) => break after,
                Said::Absent => return Err(self.not_existing(&user.id)),
                Said::Held => {}
            }
            // It may say so although it was done.
            let now = self.user(&user.id).await?;
            let there = now.filter(|now| renamed.is_none_or(|wanted| same(wanted, &now.primary_email)));
            if let Some(there) = there.filter(|there| !differs(&body, there)) {
                break there;
            }
            let address = renamed.unwrap_or(&user.primary_email);
            match self.user(address).await?.filter(|holder| holder.id != user.id) {
                Some(holder) => return Err(self.held_by(address, Some(&holder))),
                None => self.or_is_free_soon(address, settling).await?,
            }
        };
        kept.password = if with_password { fingerprint } else { kept.password.take() };
        Ok((after, true))
    }

    /// Suspends an account, or lets people in again.
    pub(super) async fn suspend(
        &self,
        owner: Owner<'_>,
        key: &str,
        number: Option<String>,
        suspended: bool,
    ) -> Step<Outcome> {
        let Some(id) = owner.google_id() else { return Ok(no_account(key)) };
        self.hold("google", &id)?;
        let mut kept = self.work.memory.of(key).await.map_err(forgetful)?;
        let settling = kept.is_settling(self.work.clock.now(), self.work.rules.settle);
        let user = self.user_by_id(&id, kept.primary.as_deref(), settling).await?;
        let user = user.ok_or_else(|| self.not_existing(&id))?;
        self.knows(&user);
        let body = serde_json::Map::from_iter([("suspended".to_owned(), suspended.into())]);
        let what = if suspended { "is suspended" } else { "is open again" };
        if self.call.dry_run {
            let message = format!("Google account {} would be changed", user.primary_email);
            return Ok(done(message, json!({ "body": body, "there": user.told() }), Vec::new()));
        }
        kept.id = Some(id.clone());
        kept.retired = false;
        self.set_suspended(key, &user, suspended, &mut kept, settling).await?;
        let about = About {
            uuid: Some(key),
            number: number.as_deref(),
            google_id: &id,
            primary: &user.primary_email,
            suspended,
        };
        let event = if suspended { Event::Suspended } else { Event::Updated };
        let notices = about.notices(event, self.front, self.work.rules.notices);
        let data = json!({ "uuid": key, "google_id": id });
        Ok(done(format!("Google account {} {what}", user.primary_email), data, notices))
    }

    /// Suspends the account, or not, unless it is so already; what was asked for is remembered, and that it was done.
    pub(super) async fn set_suspended(
        &self,
        key: &str,
        user: &User,
        suspended: bool,
        kept: &mut Kept,
        settling: bool,
    ) -> Step<()> {
        const FIELD: &str = "suspended";
        let was = kept.clone();
        kept.asked.suspended = Some(suspended);
        if user.suspended != suspended {
            self.about_to_write(key, kept).await?;
            let body = serde_json::Map::from_iter([(FIELD.to_owned(), suspended.into())]);
            match self.ask(Op::Update, settling, || self.work.directory.update(&user.id, &body)).await? {
                Said::Done(_) => {}
                Said::Absent => return Err(self.not_existing(&user.id)),
                Said::Held => {
                    return Err(
                        self.again(Failure::Google, "Google says that the account is in the way of itself")
                    );
                }
            }
        }
        let memory = &self.work.memory;
        let pushed = memory.fingerprint_of(FIELD, &suspended.to_string()).await.map_err(forgetful)?;
        kept.pushed.insert(FIELD.to_owned(), pushed);
        if *kept != was {
            memory.keep(key, kept).await.map_err(forgetful)?;
        }
        Ok(())
    }

    pub(super) fn planned(
        &self,
        wish: &Wish,
        user: &User,
        before: Option<&str>,
        primary: &str,
    ) -> Step<Plan> {
        let planned =
            plan(wish.aliases.as_deref(), &user.aliases, &user.non_editable_aliases, before, primary);
        planned.map_err(|too_many| {
            let data =
                serde_json::Map::from_iter([("errors".to_owned(), json!([format!("/aliases: {too_many}")]))]);
            Box::new(Failure::Payload.hard(self.work.rules.codes, too_many.to_string(), data))
        })
    }

    /// Something is about to be written: that is remembered first.
    pub(super) async fn about_to_write(&self, key: &str, kept: &mut Kept) -> Step<()> {
        kept.written_at = Some(self.work.clock.now());
        self.work.memory.keep(key, kept).await.map_err(forgetful)
    }

    /// The account says what was asked for: whoever compares it later can tell whether somebody has changed it since.
    pub(super) async fn is_as_asked(&self, person: &Person, user: &User, kept: &mut Kept) -> Step<()> {
        let said = ours_of(person, &kept.asked, user);
        kept.pushed = self.work.memory.fingerprints(&said).await.map_err(forgetful)?;
        Ok(())
    }

    pub(super) async fn fingerprint(&self, person: &Person) -> Step<Option<String>> {
        match &person.password {
            Some(hash) => self.work.memory.fingerprint(hash.expose()).await.map(Some).map_err(forgetful),
            None => Ok(None),
        }
    }
}

/// There is nothing to do for somebody who has no account.
pub(super) fn no_account(key: &str) -> Outcome {
    let data = json!({ "uuid": key, "google_id": null });
    done(format!("account {key} has no Google account: nothing to do"), data, Vec::new())
}

fn would_update(person: &Person, user: &User, wish: &Wish, suspended: Option<bool>, plan: &Plan) -> Outcome {
    let body = update(person, user, wish.primary.as_deref(), suspended, false);
    let message = if differs(&body, user) || *plan != Plan::default() {
        format!("Google account {} would be brought up to date", user.primary_email)
    } else {
        format!("Google account {} is up to date", user.primary_email)
    };
    let aliases = json!({ "remove": plan.remove, "insert": plan.insert });
    let data = json!({ "body": shown(body), "aliases": aliases, "there": user.told() });
    done(message, data, Vec::new())
}
