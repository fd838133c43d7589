//! What can be asked of the table.

use std::ops::Bound;
use std::sync::Arc;

use super::{Holder, Holding, Process, Registry, Triple};

/// Which entries. What is not said fits all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// On this backend.
    pub backend: Option<String>,
    /// Of this system user.
    pub user: Option<String>,
    /// Of this user of the backend.
    pub vuser: Option<String>,
    /// With this text in any of them, whatever its capitals.
    pub text: Option<String>,
}

impl Filter {
    fn folded(&self, fold: bool) -> Self {
        let user = self.user.as_ref().map(|user| if fold { user.to_lowercase() } else { user.clone() });
        Filter { user, ..self.clone() }
    }

    /// Whether an entry fits.
    pub fn fits(&self, triple: &Triple) -> bool {
        let is = |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|wanted| wanted == name);
        let has = |text: &String| {
            let text = text.to_lowercase();
            [&triple.backend, &triple.user, &triple.vuser]
                .iter()
                .any(|name| name.to_lowercase().contains(&text))
        };
        is(&self.backend, &triple.backend)
            && is(&self.user, &triple.user)
            && is(&self.vuser, &triple.vuser)
            && self.text.as_ref().is_none_or(has)
    }
}

/// Somebody who is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Who.
    pub triple: Arc<Triple>,
    /// By how many references, in all.
    pub count: u64,
    /// By whom.
    pub held: Vec<Held>,
}

/// What one holds of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Who holds.
    pub holder: Holder,
    /// How many references.
    pub count: u64,
    /// Whether it is connected, and has said so itself.
    pub connected: bool,
}

/// A part of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// In order.
    pub rows: Vec<Seen>,
    /// After which it goes on; `None` = this was all.
    pub next: Option<Arc<Triple>>,
}

/// So many entries are looked at for one part.
const LOOKED_AT: usize = 20_000;

impl Registry {
    /// How many are registered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many processes are connected.
    pub fn connected(&self) -> usize {
        self.holders.values().filter(|holding| holding.connected).count()
    }

    /// Somebody, with who holds him. `None` = nobody does.
    pub fn find(&self, triple: &Triple) -> Option<Seen> {
        self.entries.get_key_value(triple).map(|(triple, holders)| self.seen(triple, holders))
    }

    /// Somebody by his names, however the system user is spelt where that does not matter.
    pub fn look_up(&self, named: &Triple) -> Option<Seen> {
        if self.rules.fold { self.find(&named.clone().folded()) } else { self.find(named) }
    }

    /// Those who fit, after this place, at most so many.
    pub fn list(&self, filter: &Filter, after: Option<&Triple>, limit: usize) -> Found {
        let filter = filter.folded(self.rules.fold);
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = Found::default();
        for (looked_at, (triple, holders)) in
            self.entries.range::<Triple, _>((from, Bound::Unbounded)).enumerate()
        {
            if found.rows.len() >= limit || looked_at >= LOOKED_AT {
                return found;
            }
            if filter.fits(triple) {
                found.rows.push(self.seen(triple, holders));
            }
            found.next = Some(Arc::clone(triple));
        }
        found.next = None;
        found
    }

    /// Who is registered as this user of a backend, system user by system user.
    pub fn of_vuser(&self, backend: &str, vuser: &str) -> Vec<Seen> {
        let first = Triple::first_of(backend, vuser);
        let from = self.entries.range::<Triple, _>((Bound::Included(&first), Bound::Unbounded));
        from.take_while(|(triple, _)| triple.is_of(backend, vuser))
            .map(|(triple, holders)| self.seen(triple, holders))
            .collect()
    }

    /// The processes that hold somebody as this user of a backend, each once, and whether each is connected.
    pub fn processes_of(&self, backend: &str, vuser: &str) -> Vec<(Process, bool)> {
        let held = self.of_vuser(backend, vuser).into_iter().flat_map(|seen| seen.held);
        let mut processes: Vec<_> = held
            .filter_map(|held| match held.holder {
                Holder::Process(process) => Some((process, held.connected)),
                Holder::Queue(_) | Holder::Unseen => None,
            })
            .collect();
        processes.sort_unstable();
        processes.dedup();
        processes
    }

    fn seen(&self, triple: &Arc<Triple>, holders: &[(Holder, u32)]) -> Seen {
        // Nobody counts whoever was not seen.
        let known = holders.iter().map(|(holder, _)| *holder).filter(|holder| *holder != Holder::Unseen);
        let held = known.filter_map(|holder| {
            let holding = self.holders.get(&holder)?;
            let connected = holding.connected && holding.spoken;
            Some(Held { holder, count: holding.count(triple, self.rules.fold), connected })
        });
        let held: Vec<Held> = held.collect();
        let count = held.iter().fold(0_u64, |sum, held| sum.saturating_add(held.count));
        Seen { triple: Arc::clone(triple), count, held }
    }
}

impl Holding {
    /// How often it holds somebody, however it spells him.
    fn count(&self, entry: &Triple, fold: bool) -> u64 {
        self.spellings(entry, fold).fold(0, |sum, (_, count)| sum.saturating_add(count))
    }

    /// As whom it holds somebody, each with how often.
    pub(super) fn spellings<'h>(
        &'h self,
        entry: &'h Triple,
        fold: bool,
    ) -> impl Iterator<Item = (&'h Arc<Triple>, u64)> {
        let exact = self.counts.get_key_value(entry).filter(|_| !fold);
        let first = Triple::first_of(&entry.backend, &entry.vuser);
        let of_vuser = self.counts.range::<Triple, _>(first..);
        let spelt = of_vuser
            .take_while(move |(spelt, _)| fold && spelt.is_of(&entry.backend, &entry.vuser))
            .filter(|(spelt, _)| spelt.user.to_lowercase() == *entry.user);
        exact.into_iter().chain(spelt).map(|(spelt, count)| (spelt, *count))
    }
}
