//! An account is deleted, and the referential told so.

use std::collections::BTreeMap;

use model::Outcome;
use serde_json::json;

use crate::diff::Asked;
use crate::gram::{Gram, GramTrouble};
use crate::told::{About, Event, done};
use crate::trouble::Op;

use super::OnDelete;
use super::attempt::{Attempt, Step, forgetful};
use super::memory::{Errand, Kept};
use super::owner::Owner;
use super::update::no_account;

impl Attempt<'_> {
    /// Deletes the account that Google knows by this key. What an earlier attempt has begun is gone on with.
    pub(super) async fn delete_by_key(&self, gram: &Gram, key: &str) -> Step<Outcome> {
        let begun = self.work.memory.errand(&self.line).await.map_err(forgetful)?;
        let errand = match begun {
            Some(errand) => errand,
            None => match self.user(key).await? {
                Some(user) => {
                    self.knows(&user);
                    let uuid = match user.uuid() {
                        Some(uuid) => Some(uuid.to_lowercase()),
                        None => self.known_to(gram, &user.id).await?,
                    };
                    Errand { id: user.id, primary: user.primary_email, uuid }
                }
                None => return Err(self.not_existing(key)),
            },
        };
        if let Some(uuid) = &errand.uuid {
            self.is_about(uuid);
            self.hold("account", uuid)?;
        }
        let number = match &errand.uuid {
            Some(uuid) => match gram.account(uuid).await {
                Err(GramTrouble::NotFound) => None,
                said => self.of_gram(said)?.number(),
            },
            None => None,
        };
        self.carry_out(errand, number, Some(gram)).await
    }

    /// Deletes the account that somebody has.
    pub(super) async fn delete(&self, owner: Owner<'_>, key: &str, number: Option<String>) -> Step<Outcome> {
        let begun = self.work.memory.errand(&self.line).await.map_err(forgetful)?;
        let kept = self.work.memory.of(key).await.map_err(forgetful)?;
        let errand = match (begun, owner.google_id()) {
            (Some(errand), _) => errand,
            (None, Some(id)) => Errand {
                primary: self
                    .user(&id)
                    .await?
                    .map(|user| user.primary_email)
                    .or(kept.primary)
                    .unwrap_or_default(),
                id,
                uuid: Some(key.to_owned()),
            },
            (None, None) => return Ok(no_account(key)),
        };
        let gram = match owner {
            Owner::Gram(gram, _) => Some(gram),
            Owner::Own(_) => None,
        };
        self.carry_out(errand, number, gram).await
    }

    async fn carry_out(&self, errand: Errand, number: Option<String>, gram: Option<&Gram>) -> Step<Outcome> {
        self.hold("google", &errand.id)?;
        if !errand.primary.is_empty() {
            self.hold("address", &errand.primary)?;
        }
        if self.work.rules.on_delete == OnDelete::Suspend {
            return self.retire(&errand, number).await;
        }
        if self.call.dry_run {
            let message = format!("Google account {} would be deleted", errand.primary);
            return Ok(done(message, json!({ "key": errand.id }), Vec::new()));
        }
        let (memory, job) = (&self.work.memory, self.call.mark.job);
        let now = self.work.clock.now();
        let mut settling = false;
        if let Some(uuid) = &errand.uuid {
            let kept = memory.of(uuid).await.map_err(forgetful)?;
            settling = kept.is_settling(now, self.work.rules.settle);
            let (asked, pushed) = (Asked::default(), BTreeMap::default());
            let kept = Kept { written_at: Some(now), deleted: true, retired: false, asked, pushed, ..kept };
            memory.keep(uuid, &kept).await.map_err(forgetful)?;
        }
        if !errand.primary.is_empty() {
            memory.free(std::slice::from_ref(&errand.primary), now).await.map_err(forgetful)?;
        }
        memory.set_errand(job, Some(&errand)).await.map_err(forgetful)?;
        // One that is gone already is as good: it was there when this began.
        self.ask(Op::Delete, settling, || self.work.directory.delete(&errand.id)).await?;
        if let (Some(gram), Some(uuid)) = (gram, &errand.uuid) {
            self.forget(gram, uuid, &errand.id).await?;
        }
        // Its own is forgotten with its end.
        for replayed in self.line.iter().skip(1) {
            memory.set_errand(*replayed, None).await.map_err(forgetful)?;
        }
        let about = About {
            uuid: errand.uuid.as_deref(),
            number: number.as_deref(),
            google_id: &errand.id,
            primary: &errand.primary,
            suspended: false,
        };
        let notices = about.notices(Event::Deleted, self.front, self.work.rules.notices);
        let message = format!("Google account {} was deleted", errand.primary);
        Ok(done(message, json!({ "key": errand.id }), notices))
    }

    /// Suspends it in the place of deleting it. The referential goes on knowing it: whoever asks for an account for the same
    /// person gets this one again.
    async fn retire(&self, errand: &Errand, number: Option<String>) -> Step<Outcome> {
        let user = self.user(&errand.id).await?.ok_or_else(|| self.not_existing(&errand.id))?;
        self.knows(&user);
        let data = json!({ "key": errand.id, "suspended": true });
        if self.call.dry_run {
            let message = format!("Google account {} would be suspended, not deleted", user.primary_email);
            return Ok(done(message, data, Vec::new()));
        }
        // Of one that is nobody's nothing is remembered but this.
        let key = errand.uuid.as_deref().unwrap_or(&errand.id);
        let mut kept = self.work.memory.of(key).await.map_err(forgetful)?;
        let settling = kept.is_settling(self.work.clock.now(), self.work.rules.settle);
        kept.id = Some(errand.id.clone());
        kept.primary = Some(user.primary_email.clone());
        kept.retired = true;
        self.set_suspended(key, &user, true, &mut kept, settling).await?;
        let about = About {
            uuid: errand.uuid.as_deref(),
            number: number.as_deref(),
            google_id: &errand.id,
            primary: &user.primary_email,
            suspended: true,
        };
        let notices = about.notices(Event::Suspended, self.front, self.work.rules.notices);
        let message = format!(
            "Google account {} is suspended, not deleted: google.on_delete says so",
            user.primary_email
        );
        Ok(done(message, data, notices))
    }

    /// The account of the referential that has this Google account.
    async fn known_to(&self, gram: &Gram, google_id: &str) -> Step<Option<String>> {
        match gram.uuid_of_google(google_id).await {
            Err(GramTrouble::NotFound) => Ok(None),
            said => Ok(Some(self.of_gram(said)?.to_lowercase())),
        }
    }
}
