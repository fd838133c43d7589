//! Referential against Workspace: all is read, nothing is written.

use std::collections::BTreeMap;

use engine::port::{Call, Reporter};
use model::{Outcome, Progress};
use serde_json::json;

use crate::account::User;
use crate::diff::{Field, Found, Ours, Situation, compare, name_of, unseen};
use crate::told::{Failure, Front, done};
use crate::trouble::Op;

use super::Work;
use super::attempt::{Attempt, Said, Step, forgetful};

/// So many accounts are told of one by one, beyond those that are the same.
const TOLD: usize = 1_000;

impl Work {
    /// Compares all accounts. A listing that breaks concludes nothing, and what a listing lacks is looked at by itself.
    pub(super) async fn diff(&self, call: &Call, progress: &Reporter) -> Step<Outcome> {
        let attempt = Attempt::begin(self, call, Front::GoogleApps).await?;
        let Some(gram) = &self.gram else {
            return Err(
                attempt.fails(Failure::Referential, "no referential is configured: set google.gram.url")
            );
        };
        let (mut ours, mut unreadable) = (Vec::new(), 0_usize);
        for page in 1.. {
            let (accounts, odd) = attempt.of_gram(gram.page(page).await)?;
            if accounts.is_empty() && odd == 0 {
                break;
            }
            unreadable += odd;
            ours.extend(
                accounts
                    .iter()
                    .map(|account| Ours { person: account.known(), google_id: account.google_id() }),
            );
            say(progress, ours.len(), "accounts read from GrAM");
        }
        let mut users = self.users(&attempt, progress).await?;
        let unseen = unseen(&ours, &users);
        let short = self.look_at(&attempt, &unseen, &mut users, progress).await?;
        let mut found = compare(&ours, &users);
        for differs in found.iter_mut().filter(|found| found.situation == Situation::Differs) {
            self.explain(differs, &users).await?;
        }
        let mut counts: BTreeMap<&str, usize> =
            Situation::ALL.iter().map(|situation| (situation.as_str(), 0)).collect();
        for found in &found {
            *counts.entry(found.situation.as_str()).or_default() += 1;
        }
        *counts.entry(Situation::Unreadable.as_str()).or_default() += unreadable;
        let told: Vec<_> = found.iter().filter(|found| found.situation != Situation::Same).collect();
        let more = told.len().saturating_sub(TOLD);
        let said: Vec<_> = counts
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(word, count)| format!("{count} {word}"))
            .collect();
        let data = json!({
            "counts": counts, "accounts": told.iter().take(TOLD).collect::<Vec<_>>(),
            "not_listed": more, "listing_was_short_of": short,
        });
        Ok(done(format!("compared: {}", said.join(", ")), data, Vec::new()))
    }

    /// All accounts at Google, by their ids.
    async fn users(&self, attempt: &Attempt<'_>, progress: &Reporter) -> Step<BTreeMap<String, User>> {
        let (mut users, mut token) = (BTreeMap::new(), None::<String>);
        loop {
            let asked = || self.directory.list(token.as_deref());
            let Said::Done(page) = attempt.ask(Op::Get, false, asked).await? else {
                return Err(attempt.again(Failure::Unreachable, "Google does not list its accounts"));
            };
            users.extend(page.users.into_iter().map(|user| (user.id.clone(), user)));
            say(progress, users.len(), "accounts read from Google");
            token = page.next;
            if token.is_none() {
                return Ok(users);
            }
        }
    }

    /// Looks at what a listing lacks. Tells how many of that are there.
    async fn look_at(
        &self,
        attempt: &Attempt<'_>,
        unseen: &std::collections::BTreeSet<String>,
        users: &mut BTreeMap<String, User>,
        progress: &Reporter,
    ) -> Step<usize> {
        let before = users.len();
        for (place, id) in unseen.iter().enumerate() {
            if let Some(user) = attempt.user(id).await?.filter(|user| user.id == *id) {
                users.insert(user.id.clone(), user);
            }
            say(progress, place + 1, "accounts looked at that the listing lacks");
        }
        Ok(users.len() - before)
    }

    /// Whether a name was changed at Google, or what was changed here was not delivered: what we pushed last tells.
    async fn explain(&self, found: &mut Found, users: &BTreeMap<String, User>) -> Step<()> {
        let (Some(uuid), Some(id)) = (&found.uuid, &found.google_id) else { return Ok(()) };
        let kept = self.memory.of(uuid).await.map_err(forgetful)?;
        let (Some(pushed), Some(user)) = (kept.name, users.get(id)) else { return Ok(()) };
        let there = name_of(&user.name.given_name, &user.name.family_name);
        let there = self.memory.fingerprint(&there).await.map_err(forgetful)?;
        let why = if there == pushed { "not_delivered" } else { "changed_at_google" };
        let names = |field: &&mut Field| field.name.ends_with("_name");
        found.fields.iter_mut().filter(names).for_each(|field| field.why = why);
        Ok(())
    }
}

fn say(progress: &Reporter, so_far: usize, what: &str) {
    let done = u64::try_from(so_far).ok();
    progress.report(Progress { done, message: Some(what.to_owned()), ..Progress::default() });
}
