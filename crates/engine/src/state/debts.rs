//! What is still owed for what somebody follows to the last: a job until it has ended, deliveries until they have left. A
//! projection of commits, so that the last word of it comes with the last commit.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use journal::Committed;
use model::{DeliveryId, JobId};
use tokio::sync::oneshot;

use crate::state::wiring::ends;

/// What is owed, by the number of the account.
#[derive(Default)]
pub(crate) struct Debts(Mutex<Books>);

#[derive(Default)]
struct Books {
    last: u64,
    accounts: HashMap<u64, Account>,
    /// Who follows a job that has not ended, and a delivery that has not left.
    jobs: HashMap<JobId, Vec<u64>>,
    deliveries: HashMap<DeliveryId, Vec<u64>>,
    /// Accounts for which somebody reads what there was before, each with what has left meanwhile.
    read: HashMap<u64, HashSet<DeliveryId>>,
}

/// What somebody follows.
struct Account {
    /// The job, until it has ended.
    job: Option<JobId>,
    owed: HashSet<DeliveryId>,
    paid: oneshot::Sender<()>,
}

impl Debts {
    fn lock(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Follows deliveries that are about to be written.
    pub(crate) fn of_deliveries(
        &self,
        owed: impl IntoIterator<Item = DeliveryId>,
    ) -> (u64, oneshot::Receiver<()>) {
        let mut books = self.lock();
        let opened = books.open(None);
        for id in owed {
            books.owe(opened.0, id);
        }
        books.settle(opened.0);
        opened
    }

    /// Follows a job. Nothing is paid before [`Debts::found`] says what there was of it.
    pub(crate) fn of_job(&self, job: JobId) -> (u64, oneshot::Receiver<()>) {
        let mut books = self.lock();
        let opened = books.open(Some(job));
        books.read.insert(opened.0, HashSet::new());
        opened
    }

    /// How a followed job stood in the journal at some moment since it is followed.
    pub(crate) fn found(&self, number: u64, ended: bool, owed: impl IntoIterator<Item = DeliveryId>) {
        let mut books = self.lock();
        let left = books.read.remove(&number).unwrap_or_default();
        for id in owed.into_iter().filter(|id| !left.contains(id)) {
            books.owe(number, id);
        }
        if ended {
            books.ended(number);
        }
        books.settle(number);
    }

    /// Nobody follows it any more.
    pub(crate) fn forget(&self, number: u64) {
        self.lock().close(number);
    }

    /// What a commit has written.
    pub(crate) fn told(&self, committed: &Committed) {
        let mut books = self.lock();
        if books.accounts.is_empty() {
            return;
        }
        let mut touched = HashSet::new();
        for (id, job) in &committed.owed {
            let followers = job.and_then(|job| books.jobs.get(&job)).cloned().unwrap_or_default();
            for number in followers {
                books.owe(number, *id);
            }
        }
        let events = committed.events.iter().chain(&committed.others);
        for job in events.filter(|event| ends(event.kind)).filter_map(|event| event.job) {
            for number in books.jobs.get(&job).cloned().unwrap_or_default() {
                books.ended(number);
                touched.insert(number);
            }
        }
        for id in &committed.left {
            for left in books.read.values_mut() {
                left.insert(*id);
            }
            for number in books.deliveries.remove(id).unwrap_or_default() {
                if let Some(account) = books.accounts.get_mut(&number) {
                    account.owed.remove(id);
                }
                touched.insert(number);
            }
        }
        for number in touched {
            books.settle(number);
        }
    }
}

impl Books {
    fn open(&mut self, job: Option<JobId>) -> (u64, oneshot::Receiver<()>) {
        self.last += 1;
        let (paid, told) = oneshot::channel();
        self.accounts.insert(self.last, Account { job, owed: HashSet::new(), paid });
        if let Some(job) = job {
            self.jobs.entry(job).or_default().push(self.last);
        }
        (self.last, told)
    }

    fn owe(&mut self, number: u64, id: DeliveryId) {
        if let Some(account) = self.accounts.get_mut(&number)
            && account.owed.insert(id)
        {
            self.deliveries.entry(id).or_default().push(number);
        }
    }

    fn ended(&mut self, number: u64) {
        if let Some(job) = self.accounts.get_mut(&number).and_then(|account| account.job.take()) {
            leave(&mut self.jobs, &job, number);
        }
    }

    /// Says that nothing is owed any more, once that is so.
    fn settle(&mut self, number: u64) {
        let is_paid = |account: &Account| account.job.is_none() && account.owed.is_empty();
        if !self.read.contains_key(&number)
            && self.accounts.get(&number).is_some_and(is_paid)
            && let Some(account) = self.close(number)
        {
            // Whoever went away need not hear of it.
            _ = account.paid.send(());
        }
    }

    fn close(&mut self, number: u64) -> Option<Account> {
        self.read.remove(&number);
        self.ended(number);
        let account = self.accounts.remove(&number)?;
        for id in &account.owed {
            leave(&mut self.deliveries, id, number);
        }
        Some(account)
    }
}

/// One follower fewer.
fn leave<K: std::hash::Hash + Eq>(followers: &mut HashMap<K, Vec<u64>>, key: &K, number: u64) {
    if let Some(all) = followers.get_mut(key) {
        all.retain(|other| *other != number);
        if all.is_empty() {
            followers.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use model::{Event, EventKind, EventSeq};
    use uuid::Uuid;

    use super::*;

    fn job(n: u128) -> JobId {
        JobId(Uuid::from_u128(n))
    }

    fn delivery(n: u128) -> DeliveryId {
        DeliveryId(Uuid::from_u128(n))
    }

    fn owed(n: u128, of: u128) -> Committed {
        Committed { owed: vec![(delivery(n), Some(job(of)))], ..Committed::default() }
    }

    fn left(n: u128) -> Committed {
        Committed { left: vec![delivery(n)], ..Committed::default() }
    }

    fn ended(of: u128) -> Committed {
        let (seq, at, kind) = (EventSeq::new(1), Timestamp::UNIX_EPOCH, EventKind::Succeeded);
        let event = Event { seq, at, kind, job: Some(job(of)), step: None, attempt: None, code: None };
        Committed { events: vec![event], ..Committed::default() }
    }

    fn is_empty(debts: &Debts) -> bool {
        let Books { accounts, jobs, deliveries, read, .. } = &*debts.lock();
        accounts.is_empty() && jobs.is_empty() && deliveries.is_empty() && read.is_empty()
    }

    #[test]
    fn a_job_is_paid_once_it_has_ended_and_all_of_it_has_left() {
        let debts = Debts::default();
        let (number, mut told) = debts.of_job(job(1));
        debts.found(number, false, []);
        debts.told(&owed(1, 1));
        debts.told(&left(1));
        debts.told(&Committed { owed: owed(2, 1).owed, ..ended(1) });
        debts.told(&ended(2));
        assert!(told.try_recv().is_err(), "the second one has not left");
        debts.told(&left(2));
        assert!(told.try_recv().is_ok() && is_empty(&debts));
    }

    #[test]
    fn what_happens_while_one_reads_is_not_missed() {
        let debts = Debts::default();
        let (number, mut told) = debts.of_job(job(1));
        debts.told(&left(1));
        debts.told(&ended(1));
        assert!(told.try_recv().is_err());
        // As it was before both.
        debts.found(number, false, [delivery(1)]);
        assert!(told.try_recv().is_ok() && is_empty(&debts));
        let (number, mut told) = debts.of_job(job(1));
        debts.found(number, true, [delivery(2)]);
        assert!(told.try_recv().is_err());
        debts.told(&left(2));
        assert!(told.try_recv().is_ok() && is_empty(&debts));
    }

    #[test]
    fn deliveries_of_no_job_are_followed_and_whoever_goes_away_is_forgotten() {
        let debts = Debts::default();
        assert!(debts.of_deliveries([]).1.try_recv().is_ok());
        let ((_, mut one), (number, _)) =
            (debts.of_deliveries([delivery(1)]), debts.of_deliveries([delivery(1)]));
        debts.forget(number);
        debts.told(&left(1));
        assert!(one.try_recv().is_ok() && is_empty(&debts));
        let (number, _) = debts.of_job(job(3));
        debts.forget(number);
        assert!(is_empty(&debts));
    }
}
