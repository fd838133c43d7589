//! Support: the referential is told which Google account somebody has, or that there is none.

use std::collections::BTreeMap;

use model::Outcome;
use serde_json::json;

use crate::account::{Person, same};
use crate::diff::Asked;
use crate::gram::{Account, Gram};
use crate::request::Wish;
use crate::told::{Failure, done};

use super::attempt::{Attempt, Step, forgetful};
use super::memory::Kept;
use super::owner::Owner;

impl Attempt<'_> {
    /// Links an account that is there at Google, and gives it our marks. One that carries another person's is left alone.
    pub(super) async fn link(
        &self,
        gram: &Gram,
        account: &Account,
        person: &Person,
        google_id: Option<String>,
    ) -> Step<Outcome> {
        self.hides(person);
        let id = google_id.unwrap_or_default();
        self.hold("google", &id)?;
        let user = self.user(&id).await?.filter(|user| user.id == id);
        let user = user.ok_or_else(|| self.not_existing(&id))?;
        self.knows(&user);
        if let Some(other) = user.uuid().filter(|uuid| !same(uuid, &account.uuid)) {
            let message = format!(
                "Google account {} belongs to account {other}: unlink that one first",
                user.primary_email
            );
            let data = self.in_the_way(Some(&user));
            return Err(Box::new(Failure::AlreadyExists.hard(self.work.rules.codes, message, data)));
        }
        let data = json!({ "uuid": account.uuid, "google_id": id });
        if self.call.dry_run {
            return Ok(done(
                format!("Google account {} would be linked", user.primary_email),
                data,
                Vec::new(),
            ));
        }
        let owner = Owner::Gram(gram, account);
        self.save(&owner, &user).await?;
        let mut kept = self.work.memory.of(&person.key).await.map_err(forgetful)?;
        let (after, _) = self.push(person, &user, &Wish::default(), None, &mut kept, false).await?;
        // What was asked for another account says nothing of this one.
        if kept.id.as_deref() != Some(&id) {
            kept.asked = Asked::default();
        }
        self.is_as_asked(person, &after, &mut kept).await?;
        let primary = Some(user.primary_email.clone());
        let kept = Kept { id: Some(id), primary, deleted: false, retired: false, ..kept };
        self.work.memory.keep(&person.key, &kept).await.map_err(forgetful)?;
        Ok(done(
            format!("Google account {} is linked to account {}", user.primary_email, account.uuid),
            data,
            Vec::new(),
        ))
    }

    /// Has the referential forget the Google account. The account itself stays as it is.
    pub(super) async fn unlink(&self, gram: &Gram, account: &Account) -> Step<Outcome> {
        let before = account.google_id();
        let data = json!({ "uuid": account.uuid, "google_id": null, "before": before });
        let Some(before) = before else {
            return Ok(done(format!("account {} was not linked", account.uuid), data, Vec::new()));
        };
        if self.call.dry_run {
            return Ok(done(format!("Google account {before} would be unlinked"), data, Vec::new()));
        }
        self.of_gram(gram.save(&account.uuid, None).await)?;
        let kept = self.work.memory.of(&account.uuid).await.map_err(forgetful)?;
        let (asked, pushed) = (Asked::default(), BTreeMap::default());
        let kept = Kept { id: None, written_at: None, retired: false, asked, pushed, ..kept };
        self.work.memory.keep(&account.uuid, &kept).await.map_err(forgetful)?;
        Ok(done(
            format!("Google account {before} is unlinked from account {}", account.uuid),
            data,
            Vec::new(),
        ))
    }
}
