//! Referential against Workspace: all is read, nothing is written. What was read is kept, so that an attempt goes on where
//! the one before was cut off.

use engine::port::{Call, Reporter};
use model::{Outcome, OutcomeKind, Progress};
use serde_json::Value;

use crate::diff::{Found, Ours, Page, Report, Seen, Situation, compare, why};
use crate::gram::{Account, Gram, GramTrouble};
use crate::told::{Failure, Front, done};
use crate::trouble::Op;

use super::Work;
use super::attempt::{Attempt, Said, Step, forgetful};
use super::memory::{Kept, place_of};
use super::shelf::{self, Shelf};

/// So many are looked at one by one before that is kept.
const LOOKED_AT: usize = 100;

/// A comparison that is under way.
struct Comparison<'a> {
    work: &'a Work,
    attempt: &'a Attempt<'a>,
    gram: &'a Gram,
    progress: &'a Reporter,
    shelf: Shelf,
    seen: Seen,
}

impl Work {
    /// Compares all accounts. A listing that breaks concludes nothing, and what a listing lacks is looked at by itself.
    pub(super) async fn diff(&self, call: &Call, progress: &Reporter) -> Step<Outcome> {
        let attempt = Attempt::begin(self, call, Front::GoogleApps).await?;
        let Some(gram) = &self.gram else {
            return Err(
                attempt.fails(Failure::Referential, "no referential is configured: set google.gram.url")
            );
        };
        let shelf = Shelf::of(self.memory.hub(), call.mark.job);
        let (work, attempt) = (self, &attempt);
        let mut comparison = Comparison { work, attempt, gram, progress, shelf, seen: Seen::default() };
        comparison.go_on().await?;
        comparison.read_referential().await?;
        comparison.read_google().await?;
        comparison.look_for_strangers().await?;
        comparison.look_at_unseen().await?;
        let report = comparison.conclude(&listed(call)).await?;
        let data = serde_json::to_value(&report).unwrap_or_default();
        Ok(done(format!("compared: {}", report.summary()), data, Vec::new()))
    }

    /// Removes what comparisons have kept that are over.
    pub(crate) async fn sweep(&self) {
        let Some(hub) = self.memory.hub() else { return };
        if let Err(error) = shelf::sweep(&hub).await {
            tracing::debug!("what comparisons of accounts have read is not removed yet: {error}");
        }
    }
}

/// The situations that are to be listed one by one; none = all but the same.
fn listed(call: &Call) -> Vec<Situation> {
    let words = call.body.pointer("/payload/situations").and_then(Value::as_array).into_iter().flatten();
    words.filter_map(|word| Situation::from_word(word.as_str()?)).collect()
}

impl Comparison<'_> {
    /// Takes up what an earlier attempt has read.
    async fn go_on(&mut self) -> Step<()> {
        let (pages, why) = self.shelf.take(self.work.clock.now()).await.map_err(forgetful)?;
        if let Some(why) = why {
            tracing::info!("a comparison of accounts begins anew: {why}");
        }
        for page in pages {
            self.seen.take(page);
        }
        Ok(())
    }

    async fn keep(&mut self, page: Page) -> Step<()> {
        self.shelf.lay(&page, self.work.clock.now()).await.map_err(forgetful)?;
        self.seen.take(page);
        Ok(())
    }

    fn say(&self, so_far: usize, what: &str) {
        let done = u64::try_from(so_far).ok();
        self.progress.report(Progress { done, message: Some(what.to_owned()), ..Progress::default() });
    }

    async fn read_referential(&mut self) -> Step<()> {
        while !self.seen.referential_is_read {
            self.say(self.seen.ours.len(), "accounts read from GrAM");
            let number = self.seen.pages + 1;
            let rows = self.attempt.of_gram(self.gram.page(number).await)?;
            let odd = rows.iter().enumerate().filter(|(_, row)| row.is_none());
            let odd = odd
                .map(|(place, _)| format!("number {} on page {number} of GrAM is no account", place + 1))
                .collect();
            let accounts = rows.iter().flatten().map(ours).collect();
            self.keep(Page::Referential { accounts, odd }).await?;
        }
        Ok(())
    }

    async fn read_google(&mut self) -> Step<()> {
        while !self.seen.google_is_read {
            self.say(self.seen.users.len(), "accounts read from Google");
            let token = self.seen.next.clone();
            let asked = || self.work.directory.list(token.as_deref());
            let Said::Done(listed) = self.attempt.ask(Op::Get, false, asked).await? else {
                return Err(self.attempt.again(Failure::Unreachable, "Google does not list its accounts"));
            };
            self.keep(Page::Google { users: listed.users, next: listed.next }).await?;
        }
        Ok(())
    }

    /// Looks for those in the referential whose mark a Google account carries, and whom its listing lacks.
    async fn look_for_strangers(&mut self) -> Step<()> {
        let (strangers, mut looked) = (self.seen.strangers(), 0);
        for some in strangers.chunks(LOOKED_AT) {
            let mut accounts = Vec::new();
            for uuid in some {
                match self.gram.known(uuid).await {
                    Err(GramTrouble::NotFound) => {}
                    said => accounts.push(ours(&self.attempt.of_gram(said)?)),
                }
                looked += 1;
                self.of(looked, strangers.len(), "accounts looked for in GrAM that its listing lacks");
            }
            self.keep(Page::LookedAtReferential { uuids: some.to_vec(), accounts }).await?;
        }
        Ok(())
    }

    /// Looks at Google accounts that the referential knows and the listing lacks.
    async fn look_at_unseen(&mut self) -> Step<()> {
        let (unseen, mut looked) = (self.seen.unseen(), 0);
        for some in unseen.chunks(LOOKED_AT) {
            let (mut users, mut unreadable) = (Vec::new(), Vec::new());
            for id in some {
                match self.attempt.user(id).await {
                    Ok(user) => users.extend(user.filter(|user| user.id == *id)),
                    // One that may not be read is one, and no reason to know nothing of the others.
                    Err(outcome) if outcome.kind == OutcomeKind::Hard => {
                        unreadable.push((id.clone(), outcome.message.unwrap_or_default()));
                    }
                    Err(outcome) => return Err(outcome),
                }
                looked += 1;
                self.of(looked, unseen.len(), "accounts looked at that Google's listing lacks");
            }
            self.keep(Page::LookedAtGoogle { ids: some.to_vec(), users, unreadable }).await?;
        }
        Ok(())
    }

    fn of(&self, looked: usize, all: usize, what: &str) {
        let (looked, all) =
            (u64::try_from(looked).unwrap_or(u64::MAX), u64::try_from(all).unwrap_or(u64::MAX));
        self.progress.report(Progress::of(looked, all).saying(what));
    }

    async fn conclude(&self, only: &[Situation]) -> Step<Report> {
        let kept = self.work.memory.all().await.map_err(forgetful)?;
        let of = |uuid: &str| kept.get(&place_of(uuid));
        let mut found =
            compare(&self.seen, |uuid| of(uuid).map(|kept| kept.asked.clone()).unwrap_or_default());
        for found in &mut found {
            if let Some(kept) = found.uuid.as_deref().and_then(of) {
                self.explain(found, kept).await?;
            }
        }
        let (google, referential) = (self.seen.short_google, self.seen.short_referential);
        Ok(Report {
            listing_was_short_of: google,
            referential_was_short_of: referential,
            ..Report::of(found, only)
        })
    }

    /// Whether what differs was changed at Google, or was not delivered: what we pushed last tells.
    async fn explain(&self, found: &mut Found, kept: &Kept) -> Step<()> {
        let memory = &self.work.memory;
        for field in &mut found.fields {
            let ours = memory.fingerprint_of(&field.name, &field.ours).await.map_err(forgetful)?;
            let theirs = memory.fingerprint_of(&field.name, &field.theirs).await.map_err(forgetful)?;
            field.why = why(kept.pushed.get(&field.name).map(String::as_str), &ours, &theirs);
        }
        Ok(())
    }
}

/// What has to be known of an account of the referential.
fn ours(account: &Account) -> Ours {
    let name = |member| account.text(member).unwrap_or_default();
    Ours {
        uuid: account.uuid.clone(),
        number: account.number(),
        given: name("firstname"),
        family: name("lastname"),
        google_id: account.google_id(),
    }
}
