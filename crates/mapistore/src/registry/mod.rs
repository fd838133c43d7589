//! Who is registered where: counted by those who hold references, so that whoever ends takes along exactly his own. Pure:
//! the time that has passed is an argument.

mod look;
mod name;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use mapistore_wire::MOST_TRIPLES;

pub use look::{Filter, Found, Held, Seen};
pub use name::{Holder, Process, Queue, Triple};

/// What bounds the table, and how long people are believed to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// How long those are believed of whom nothing is heard.
    pub grace: Duration,
    /// How long nobody is believed gone after a start, whoever says so: others may hold him who have not come back yet.
    pub settle: Duration,
    /// System users are compared without regard to capitals.
    pub fold: bool,
    /// How many one process may hold.
    pub of_one: usize,
    /// How many there may be in all.
    pub in_all: usize,
    /// Bytes of all their names.
    pub bytes: usize,
    /// Tables that one process may have at once.
    pub tables: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            grace: Duration::from_mins(1),
            settle: Duration::from_secs(10),
            fold: false,
            of_one: MOST_TRIPLES,
            in_all: 1_000_000,
            bytes: 256 << 20,
            tables: 8,
        }
    }
}

/// What was not as it should be, counted since start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Anomalies {
    /// Somebody was taken away who was not there.
    pub below_zero: u64,
    /// There was no more room.
    pub no_room: u64,
    /// What a connection said that another one of the same process had taken the place of.
    pub out_of_date: u64,
    /// Processes of which nothing was heard until the grace was over.
    pub given_up: u64,
}

impl Anomalies {
    /// Each with its name.
    pub fn named(self) -> [(&'static str, u64); 4] {
        let Anomalies { below_zero, no_room, out_of_date, given_up } = self;
        [
            ("below_zero", below_zero),
            ("no_room", no_room),
            ("out_of_date", out_of_date),
            ("given_up", given_up),
        ]
    }
}

/// A command of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// One more.
    Register(Triple),
    /// One less.
    Unregister(Triple),
}

/// Of two connections of one process the later one counts.
pub type Epoch = u64;

/// The table.
#[derive(Debug)]
pub struct Registry {
    rules: Rules,
    /// Who holds each, by how many spellings of his name; nobody has an entry without a holder.
    entries: BTreeMap<Arc<Triple>, Vec<(Holder, u32)>>,
    holders: BTreeMap<Holder, Holding>,
    changed: BTreeSet<Arc<Triple>>,
    /// Grows with every change.
    version: u64,
    /// Bytes of all names.
    bytes: usize,
    /// Since start.
    pub anomalies: Anomalies,
}

/// What one holds.
#[derive(Debug, Default)]
struct Holding {
    epoch: Epoch,
    /// It has said all that it holds, over this connection.
    spoken: bool,
    /// It is connected.
    connected: bool,
    /// When it is given up unless it has spoken before.
    until: Option<Duration>,
    /// While it says all that it holds: what it has said so far.
    said: Option<BTreeSet<Arc<Triple>>>,
    /// How often it met what was not there, as far as that was counted.
    amiss: u64,
    /// As it spells them.
    counts: BTreeMap<Arc<Triple>, u64>,
}

impl Registry {
    /// An empty one.
    pub fn new(rules: Rules) -> Self {
        Registry {
            rules,
            entries: BTreeMap::new(),
            holders: BTreeMap::new(),
            changed: BTreeSet::new(),
            version: 0,
            bytes: 0,
            anomalies: Anomalies::default(),
        }
    }

    /// The rules from now on.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    // === what the journal remembers ===

    /// Somebody who was there when the hub ended, and who held him. Nobody has spoken yet.
    pub fn restore(
        &mut self,
        triple: Triple,
        holders: impl IntoIterator<Item = (Holder, u64)>,
        now: Duration,
    ) {
        let spelt = self.kept(triple);
        let entry = self.entry_of(&spelt);
        if spelt != entry {
            // He was kept under a name that is none any more.
            self.change(&spelt);
            self.change(&entry);
        }
        let Rules { grace, settle, .. } = self.rules;
        for (holder, count) in holders.into_iter().chain([(Holder::Unseen, 1)]) {
            let holding = self.holders.entry(holder).or_default();
            holding.until = match holder {
                Holder::Process(_) => Some(now + grace),
                Holder::Queue(_) => None,
                Holder::Unseen => Some(now + settle.min(grace)),
            };
            if holding.counts.insert(Arc::clone(&spelt), count.max(1)).is_none() {
                self.enter(&entry, holder);
            }
        }
    }

    // === what processes say ===

    /// A process has connected. What it held before stays until it has spoken. `false` = it has too many tables.
    pub fn greet(&mut self, process: Process, epoch: Epoch) -> bool {
        let holder = Holder::Process(process);
        if !self.holders.contains_key(&holder) && self.tables_of(process) >= self.rules.tables {
            return false;
        }
        let holding = self.holders.entry(holder).or_default();
        (holding.epoch, holding.spoken, holding.connected, holding.said) = (epoch, false, true, None);
        true
    }

    /// A process begins to say all that it holds. `false` = another connection has taken its place.
    pub fn begin(&mut self, process: Process, epoch: Epoch) -> bool {
        let Some(holding) = self.current(Holder::Process(process), epoch) else { return false };
        holding.said = Some(BTreeSet::new());
        true
    }

    /// A process holds so many of one now. `false` = another connection has taken its place.
    pub fn set(&mut self, process: Process, epoch: Epoch, triple: Triple, count: u64) -> bool {
        let holder = Holder::Process(process);
        if self.current(holder, epoch).is_none() {
            return false;
        }
        let triple = self.kept(triple);
        self.hold(holder, &triple, count);
        if let Some(said) = self.holders.get_mut(&holder).and_then(|holding| holding.said.as_mut()) {
            said.insert(triple);
        }
        true
    }

    /// A process has said all that it holds: what it did not name is not held by it any more.
    pub fn finish(&mut self, process: Process, epoch: Epoch) -> bool {
        let holder = Holder::Process(process);
        let Some(holding) = self.current(holder, epoch) else { return false };
        let Some(said) = holding.said.take() else { return true };
        (holding.spoken, holding.until) = (true, None);
        let unsaid = holding.counts.keys().filter(|triple| !said.contains(*triple));
        for triple in unsaid.cloned().collect::<Vec<_>>() {
            self.hold(holder, &triple, 0);
        }
        true
    }

    /// A process has met so many that were not there, since it began.
    pub fn complain(&mut self, process: Process, epoch: Epoch, times: u64) {
        if let Some(holding) = self.current(Holder::Process(process), epoch) {
            let more = times.saturating_sub(std::mem::replace(&mut holding.amiss, times));
            self.anomalies.below_zero = self.anomalies.below_zero.saturating_add(more);
        }
    }

    /// A connection is lost, and nobody knows yet whether its process lives. `false` = another one has taken its place.
    pub fn lose(&mut self, process: Process, epoch: Epoch, now: Duration) -> bool {
        let grace = self.rules.grace;
        let holder = Holder::Process(process);
        let Some(holding) = self.standing(holder, epoch) else { return false };
        holding.connected = false;
        holding.until.get_or_insert(now + grace);
        if holding.counts.is_empty() {
            self.holders.remove(&holder);
        }
        true
    }

    /// A process has ended, or said good-bye: what it held goes at once.
    pub fn end(&mut self, process: Process, epoch: Epoch) {
        let holder = Holder::Process(process);
        if self.standing(holder, epoch).is_some() {
            self.drop_all(holder);
            self.holders.remove(&holder);
        }
    }

    /// What of it came on a queue, in any order: more urgent messages overtake others there. Nobody is taken away before all
    /// who came with him were counted.
    pub fn apply(&mut self, queue: Queue, commands: impl IntoIterator<Item = Command>) {
        let mut moved: BTreeMap<Triple, (u64, u64)> = BTreeMap::new();
        for command in commands {
            match command {
                Command::Register(triple) => moved.entry(triple).or_default().0 += 1,
                Command::Unregister(triple) => moved.entry(triple).or_default().1 += 1,
            }
        }
        let holder = Holder::Queue(queue);
        for (triple, (more, less)) in moved {
            let triple = self.kept(triple);
            let before = self.count_of(holder, &triple).saturating_add(more);
            self.anomalies.below_zero += less.saturating_sub(before);
            self.hold(holder, &triple, before.saturating_sub(less));
        }
    }

    /// Takes away all references to somebody that came on queues: how many, queue by queue. What processes hold stays.
    pub fn forget(&mut self, entry: &Triple) -> Vec<(Queue, u64)> {
        let mut taken = Vec::new();
        for queue in Queue::ALL {
            let holder = Holder::Queue(queue);
            let Some(holding) = self.holders.get(&holder) else { continue };
            let spelt: Vec<(Arc<Triple>, u64)> =
                holding.spellings(entry, self.rules.fold).map(|(spelt, n)| (Arc::clone(spelt), n)).collect();
            let count = spelt.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
            for (spelt, _) in &spelt {
                self.hold(holder, spelt, 0);
            }
            if count > 0 {
                taken.push((queue, count));
            }
        }
        taken
    }

    /// Gives up those of whom nothing was heard in time. Says when somebody is to be looked at next.
    pub fn expire(&mut self, now: Duration) -> Option<Duration> {
        let over = |holding: &Holding| holding.until.is_some_and(|until| until <= now);
        let over: Vec<Holder> =
            self.holders.iter().filter(|(_, holding)| over(holding)).map(|(holder, _)| *holder).collect();
        for holder in over {
            self.drop_all(holder);
            if matches!(holder, Holder::Process(_)) {
                self.anomalies.given_up += 1;
            }
            if let Some(holding) = self.holders.get_mut(&holder) {
                holding.until = None;
                if !holding.connected {
                    self.holders.remove(&holder);
                }
            }
        }
        self.holders.values().filter_map(|holding| holding.until).min()
    }

    // === what follows ===

    /// Those who may have come, gone, or changed hands since they were asked for last, at most so many.
    pub fn take_changed(&mut self, at_most: usize) -> Vec<Arc<Triple>> {
        let taken: Vec<_> = self.changed.iter().take(at_most).cloned().collect();
        for triple in &taken {
            self.changed.remove(triple);
        }
        taken
    }

    /// A number that grows with every change.
    pub fn version(&self) -> u64 {
        self.version
    }

    // === inside ===

    /// What is said over a connection counts only while no later one has taken its place.
    fn current(&mut self, holder: Holder, epoch: Epoch) -> Option<&mut Holding> {
        let holding = self.holders.get_mut(&holder).filter(|holding| holding.epoch == epoch);
        if holding.is_none() {
            self.anomalies.out_of_date += 1;
        }
        holding
    }

    fn standing(&mut self, holder: Holder, epoch: Epoch) -> Option<&mut Holding> {
        self.holders.get_mut(&holder).filter(|holding| holding.epoch == epoch)
    }

    /// The triple as it is kept: shared.
    fn kept(&self, triple: Triple) -> Arc<Triple> {
        match self.entries.get_key_value(&triple) {
            Some((known, _)) => Arc::clone(known),
            None => Arc::new(triple),
        }
    }

    /// Under which name somebody is entered: folded where that is wanted.
    fn entry_of(&self, spelt: &Arc<Triple>) -> Arc<Triple> {
        if self.rules.fold { self.kept(Triple::clone(spelt).folded()) } else { Arc::clone(spelt) }
    }

    fn count_of(&self, holder: Holder, spelt: &Triple) -> u64 {
        self.holders.get(&holder).and_then(|holding| holding.counts.get(spelt)).copied().unwrap_or(0)
    }

    /// From now on the holder has so many of one.
    fn hold(&mut self, holder: Holder, spelt: &Arc<Triple>, count: u64) {
        let entry = self.entry_of(spelt);
        let holding = self.holders.entry(holder).or_default();
        if count == 0 {
            if holding.counts.remove(spelt).is_some() {
                self.let_go(holder, &entry);
            }
            return;
        }
        let is_new = !holding.counts.contains_key(spelt);
        let full = || self.entries.len() >= self.rules.in_all || self.bytes + entry.size() > self.rules.bytes;
        let no_room =
            holding.counts.len() >= self.rules.of_one || (!self.entries.contains_key(&entry) && full());
        if is_new && no_room {
            self.anomalies.no_room += 1;
            return;
        }
        let before = holding.counts.insert(Arc::clone(spelt), count);
        let is_told_once = matches!(holder, Holder::Queue(_));
        // How many a process holds is not kept; how many came on a queue nobody will say again.
        if (is_new && self.enter(&entry, holder)) || (is_told_once && before != Some(count)) {
            self.change(&entry);
        }
    }

    /// Enters one more spelling by which a holder holds somebody. Says whether he holds him for the first time.
    fn enter(&mut self, entry: &Arc<Triple>, holder: Holder) -> bool {
        let holders = self.entries.entry(Arc::clone(entry)).or_insert_with(|| {
            self.bytes += entry.size();
            Vec::with_capacity(1)
        });
        if let Some((_, spellings)) = holders.iter_mut().find(|(other, _)| *other == holder) {
            *spellings += 1;
            return false;
        }
        holders.push((holder, 1));
        true
    }

    fn let_go(&mut self, holder: Holder, entry: &Arc<Triple>) {
        let Some(holders) = self.entries.get_mut(entry) else { return };
        let Some(place) = holders.iter().position(|(other, _)| *other == holder) else { return };
        if let Some((_, spellings @ 2..)) = holders.get_mut(place) {
            *spellings -= 1;
        } else {
            holders.swap_remove(place);
        }
        if holders.is_empty() {
            self.entries.remove(entry);
            self.bytes -= entry.size();
        }
        self.change(entry);
    }

    fn change(&mut self, entry: &Arc<Triple>) {
        self.changed.insert(Arc::clone(entry));
        self.version += 1;
    }

    fn drop_all(&mut self, holder: Holder) {
        let held = self.holders.get_mut(&holder).map(|holding| std::mem::take(&mut holding.counts));
        for spelt in held.unwrap_or_default().into_keys() {
            let entry = self.entry_of(&spelt);
            self.let_go(holder, &entry);
        }
    }

    /// How many tables a process has.
    fn tables_of(&self, process: Process) -> usize {
        let first = Holder::Process(Process { instance: uuid::Uuid::nil(), ..process });
        let last = Holder::Process(Process { instance: uuid::Uuid::max(), ..process });
        // Of those whose number the kernel does not say any two may be two processes.
        if process.pid == 0 { 0 } else { self.holders.range(first..=last).count() }
    }
}
