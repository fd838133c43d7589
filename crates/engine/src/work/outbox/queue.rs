//! What waits to leave through one courier: a line for each address, in order. Pure.
//!
//! An address has so much in memory and no more, and one that fails has only the delivery with which it is tried: the rest
//! of a line stays in the journal and is read when there is room for it, so that an address that is dead holds up nobody.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use journal::Mark;
use model::{Delivery, DeliveryId, OutboxPlace};

/// Deliveries held in memory for one courier; the rest stays in the journal.
pub(super) const HELD: usize = 4096;
/// The same for one address of it.
pub(super) const LINE: usize = 1024;

/// What waits for one address.
#[derive(Default)]
struct Line {
    waiting: VecDeque<Waits>,
    /// Place of the last one that was taken from the journal in order.
    read_to: OutboxPlace,
    /// Since its last try failed.
    failing: Option<Failing>,
}

/// One try is for all that wait for an address: nothing leaves for it before the pause is over, which does not become
/// shorter until something has arrived.
#[derive(Clone, Copy)]
struct Failing {
    pause: SignedDuration,
    until: Timestamp,
}

/// A delivery, and since when it waits: since it was wanted, or since an operator wanted it again.
struct Waits {
    delivery: Delivery,
    since: Option<Timestamp>,
    again: bool,
}

/// The lines of one courier. An address with a line is ready, or waits for its time, or has one under way, or what it has is
/// in the journal.
#[derive(Default)]
pub(super) struct Queue {
    lines: HashMap<String, Line>,
    ready: VecDeque<String>,
    later: BTreeSet<(Timestamp, String)>,
    /// Addresses of which more lies in the journal, after the place up to which their line was read.
    behind: HashSet<String>,
    under_way: usize,
    held: usize,
    /// After this place lie deliveries to addresses for which there was no room at all.
    missed: Option<OutboxPlace>,
}

/// What is to be read of a line: its address, after which place, how many.
pub(super) type Hungry = (String, OutboxPlace, usize);

/// What becomes of the deliveries to an address after a try.
#[derive(Debug, PartialEq)]
pub(super) struct Noted {
    /// What became of the one that was tried.
    pub(super) mark: Mark,
    /// Others that are given up with it.
    pub(super) given_up: Vec<DeliveryId>,
    /// All that were held are given up: after this place others lie in the journal.
    pub(super) also_after: Option<OutboxPlace>,
}

impl Line {
    /// How many it may have in memory.
    fn most(&self) -> usize {
        if self.failing.is_some() { 1 } else { LINE }
    }
}

impl Queue {
    pub(super) fn held(&self) -> usize {
        self.held
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way
    }

    /// How many more it may hold.
    fn room(&self) -> usize {
        HELD.saturating_sub(self.held)
    }

    /// Takes the next one of the journal, unless it has it or has no room.
    pub(super) fn take(&mut self, delivery: Delivery) {
        let full = self.room() == 0;
        let address = &delivery.to.address;
        if let Some(line) = self.lines.get(address) {
            if delivery.seq <= line.read_to || self.behind.contains(address) {
                return;
            }
            if full || line.waiting.len() >= line.most() {
                self.behind.insert(address.clone());
                return;
            }
        } else if full {
            return self.missed_from(delivery.seq.before());
        }
        self.append(delivery, None);
    }

    /// Puts a delivery that an operator has sent again at the end of its line, unless it comes by itself.
    pub(super) fn revive(&mut self, delivery: Delivery, now: Timestamp) {
        let address = &delivery.to.address;
        let read_to = self.lines.get(address).map_or_else(OutboxPlace::default, |line| line.read_to);
        if !(self.behind.contains(address) && delivery.seq > read_to) {
            self.append(delivery, Some(now));
        }
    }

    fn append(&mut self, delivery: Delivery, again: Option<Timestamp>) {
        self.held += 1;
        let address = delivery.to.address.clone();
        let line = self.lines.entry(address.clone()).or_default();
        line.read_to = line.read_to.max(delivery.seq);
        let since = again.or_else(|| delivery.id.made_at());
        line.waiting.push_back(Waits { delivery, since, again: again.is_some() });
        if line.waiting.len() == 1 {
            self.line_up(&address);
        }
    }

    /// What is to be read now: of each line that has room, and lies in the journal.
    pub(super) fn hungry(&self) -> Vec<Hungry> {
        let mut room = self.room();
        let mut hungry = Vec::new();
        for address in &self.behind {
            let Some(line) = self.lines.get(address) else { continue };
            let wants = line.most().saturating_sub(line.waiting.len()).min(room);
            if line.waiting.len() <= line.most() / 2 && wants > 0 {
                room -= wants;
                hungry.push((address.clone(), line.read_to, wants));
            }
        }
        hungry
    }

    /// Puts what was read at the end of a line. `more`: where there is more to read.
    pub(super) fn fill(&mut self, address: &str, deliveries: Vec<Delivery>, more: Option<OutboxPlace>) {
        for delivery in deliveries {
            self.append(delivery, None);
        }
        match (more, self.lines.get_mut(address)) {
            (Some(more), Some(line)) => line.read_to = line.read_to.max(more),
            _ => drop(self.behind.remove(address)),
        }
        self.forget_empty(address);
    }

    /// After which place there is something to be read of addresses that found no room, now that there is some.
    pub(super) fn take_missed(&mut self) -> Option<OutboxPlace> {
        if self.room() < HELD / 2 { None } else { self.missed.take() }
    }

    /// What lies after this place was not read.
    pub(super) fn missed_from(&mut self, place: OutboxPlace) {
        self.missed = Some(self.missed.map_or(place, |missed| missed.min(place)));
    }

    /// The next one that is due, if less than `lanes` are under way.
    pub(super) fn next(&mut self, now: Timestamp, lanes: usize) -> Option<Delivery> {
        while let Some((due_at, _)) = self.later.first()
            && *due_at <= now
        {
            self.ready.extend(self.later.pop_first().map(|(_, address)| address));
        }
        if self.under_way >= lanes {
            return None;
        }
        let address = self.ready.pop_front()?;
        let first = self.lines.get(&address)?.waiting.front()?.delivery.clone();
        self.under_way += 1;
        Some(first)
    }

    /// When something is due that is not yet.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.later.first().map(|(due_at, _)| *due_at)
    }

    /// The clock was set back by so much: what waits for a time waits no longer than for that.
    pub(super) fn set_back(&mut self, by: SignedDuration) {
        let earlier = |at: Timestamp| at.checked_sub(by).unwrap_or(at);
        let later = std::mem::take(&mut self.later);
        self.later = later.into_iter().map(|(at, address)| (earlier(at), address)).collect();
        for line in self.lines.values_mut() {
            for waits in &mut line.waiting {
                waits.delivery.due_at = earlier(waits.delivery.due_at);
            }
            if let Some(failing) = &mut line.failing {
                failing.until = earlier(failing.until);
            }
        }
    }

    /// What became of the first one of an address. One that comes later comes no sooner than the address is tried again.
    /// When the address fails, what waits for it since before `oldest` is given up.
    pub(super) fn note(&mut self, address: &str, mark: Mark, oldest: Timestamp, now: Timestamp) -> Noted {
        self.under_way -= 1;
        let noted = |mark| Noted { mark, given_up: Vec::new(), also_after: None };
        let Some(line) = self.lines.get_mut(address) else { return noted(mark) };
        let pause = match &mark {
            Mark::Delivered => None,
            Mark::Never(_) => line.failing.map(|failing| failing.pause),
            Mark::Later(at, _) => {
                let before = line.failing.map(|failing| failing.pause).unwrap_or_default();
                Some(at.duration_since(now).max(before))
            }
        };
        let until = |pause| now.checked_add(pause).unwrap_or(Timestamp::MAX);
        line.failing = pause.map(|pause| Failing { pause, until: until(pause) });
        let noted = match (mark, line.failing, line.waiting.front_mut()) {
            (Mark::Later(_, why), Some(Failing { until, .. }), Some(Waits { delivery, .. })) => {
                (delivery.due_at, delivery.attempts) = (until, delivery.attempts + 1);
                delivery.message = Some(why.clone());
                self.give_up(address, Mark::Later(until, why), oldest)
            }
            (mark, ..) => {
                line.waiting.pop_front();
                self.held -= 1;
                noted(mark)
            }
        };
        self.trim(address);
        self.line_up(address);
        self.forget_empty(address);
        noted
    }

    /// Gives up what waits for an address since before this time.
    fn give_up(&mut self, address: &str, mark: Mark, oldest: Timestamp) -> Noted {
        let nothing = Noted { mark, given_up: Vec::new(), also_after: None };
        let Some(line) = self.lines.get_mut(address) else { return nothing };
        let old = |waits: &Waits| waits.since.is_some_and(|since| since < oldest);
        // Those behind the first one came later, or have been sent again.
        let Mark::Later(_, why) = &nothing.mark else { return nothing };
        if !line.waiting.front().is_some_and(old) {
            return nothing;
        }
        let mark = Mark::Never(why.clone());
        let before = line.waiting.len();
        let gone: Vec<DeliveryId> =
            line.waiting.iter().skip(1).filter(|waits| old(waits)).map(|waits| waits.delivery.id).collect();
        line.waiting.retain(|waits| !old(waits));
        self.held -= before - line.waiting.len();
        let also_after = (line.waiting.is_empty() && self.behind.contains(address)).then_some(line.read_to);
        Noted { mark, given_up: gone, also_after }
    }

    /// Leaves what waits behind the first one of an address that fails to the journal.
    fn trim(&mut self, address: &str) {
        let Some(line) = self.lines.get_mut(address).filter(|line| line.failing.is_some()) else { return };
        let Some(first) = line.waiting.front().map(|waits| waits.delivery.seq) else { return };
        // What an operator has sent again may have its place before others, and is not read again.
        let left = |waits: &Waits| waits.delivery.seq > first && !waits.again;
        if let Some(next) = line.waiting.iter().filter(|w| left(w)).map(|w| w.delivery.seq).min() {
            let before = line.waiting.len();
            line.waiting.retain(|waits| !left(waits));
            line.read_to = next.before();
            self.held -= before - line.waiting.len();
            self.behind.insert(address.to_owned());
        }
    }

    /// The first one of an address waits for its turn.
    fn line_up(&mut self, address: &str) {
        let Some(line) = self.lines.get(address) else { return };
        if let Some(first) = line.waiting.front() {
            let tried = line.failing.map_or(Timestamp::MIN, |failing| failing.until);
            self.later.insert((first.delivery.due_at.max(tried), address.to_owned()));
        }
    }

    fn forget_empty(&mut self, address: &str) {
        if !self.behind.contains(address)
            && self.lines.get(address).is_some_and(|line| line.waiting.is_empty())
        {
            self.lines.remove(address);
        }
    }
}

#[cfg(test)]
mod tests;
