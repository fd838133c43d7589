//! Numbers for what is new. They come from sequences of the database, which give each of them once, and higher ones to whoever
//! asks later. A batch asks for as many as it will need; those that it does not use are left out.

use super::page::{Halt, Ruled};

/// What is numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Job,
    Delivery,
    Record,
}

/// Asked for when those that were counted beforehand are used up.
const MORE: usize = 8;

/// How many of each are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) jobs: usize,
    pub(super) deliveries: usize,
    pub(super) records: usize,
}

/// Numbers that this batch was given, as far as they are not used.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    jobs: Given,
    deliveries: Given,
    records: Given,
}

/// How many of each are used.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used(usize, usize, usize);

#[derive(Debug, Default)]
struct Given {
    numbers: Vec<i64>,
    used: usize,
}

impl Numbers {
    fn of(&mut self, of: Of) -> &mut Given {
        match of {
            Of::Job => &mut self.jobs,
            Of::Delivery => &mut self.deliveries,
            Of::Record => &mut self.records,
        }
    }

    /// Takes in what the database has given.
    pub(super) fn add(&mut self, of: Of, numbers: Vec<i64>) {
        self.of(of).numbers.extend(numbers);
    }

    /// Forgets those that are not used: what comes now is to have higher ones.
    pub(super) fn forget(&mut self, of: Of) {
        let given = self.of(of);
        given.numbers.truncate(given.used);
    }

    /// The next one, if there is one.
    pub(super) fn next(&mut self, of: Of) -> Option<i64> {
        let given = self.of(of);
        given.numbers.get(given.used).copied()
    }

    /// Uses the next one; `needs`: to ask for more when there is none.
    pub(super) fn take(&mut self, of: Of, needs: &mut Needs) -> Ruled<i64> {
        let Some(number) = self.next(of) else {
            needs.more(of);
            return Err(Halt::Missing);
        };
        self.of(of).used += 1;
        Ok(number)
    }

    /// How many are used.
    pub(super) fn used(&self) -> Used {
        Used(self.jobs.used, self.deliveries.used, self.records.used)
    }

    /// Takes back those that were used since.
    pub(super) fn back(&mut self, used: Used) {
        (self.jobs.used, self.deliveries.used, self.records.used) = (used.0, used.1, used.2);
    }
}

impl Needs {
    fn more(&mut self, of: Of) {
        match of {
            Of::Job => self.jobs += MORE,
            Of::Delivery => self.deliveries += MORE,
            Of::Record => self.records += MORE,
        }
    }
}
