//! Processes that register and unregister, crash, lose their connections and come back; a hub that writes what it knows,
//! stops, is killed and starts again; and a queue that is read by urgency. In the end the table is the sum of what living
//! processes hold, and nobody was told gone who was there as far as any hub had been told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::{counts, process, triple};
use crate::registry::{Command, Epoch, Held, Holder, Queue, Registry, Rules, Triple};

const PROCESSES: u32 = 3;
const USERS: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Register(u32, usize),
    Unregister(u32, usize),
    /// So many of its words reach the hub.
    Deliver(u32, usize),
    Crash(u32),
    Disconnect(u32),
    Reconnect(u32),
    /// The hub writes so many of those who changed.
    Write(usize),
    /// The hub stops; what is not written is lost where it was killed.
    Restart {
        killed: bool,
    },
    /// On the queue.
    Send(bool, usize),
    Drain,
    /// Time goes by, never so much that somebody who is away would be given up.
    Wait,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (who, whom) = (0..PROCESSES, 0..USERS);
    let step = prop_oneof![
        6 => (who.clone(), whom.clone()).prop_map(|(p, t)| Step::Register(p, t)),
        5 => (who.clone(), whom.clone()).prop_map(|(p, t)| Step::Unregister(p, t)),
        8 => (who.clone(), 1..4_usize).prop_map(|(p, n)| Step::Deliver(p, n)),
        1 => who.clone().prop_map(Step::Crash),
        2 => who.clone().prop_map(Step::Disconnect),
        4 => who.prop_map(Step::Reconnect),
        5 => (1..4_usize).prop_map(Step::Write),
        1 => any::<bool>().prop_map(|killed| Step::Restart { killed }),
        3 => (any::<bool>(), whom).prop_map(|(more, t)| Step::Send(more, t)),
        2 => Just(Step::Drain),
        2 => Just(Step::Wait),
    ];
    prop::collection::vec(step, 1..120)
}

/// What a process says.
#[derive(Clone, Debug)]
enum Word {
    Begin,
    Set(usize, u64),
    Finish,
}

/// A process as it is.
#[derive(Clone, Debug, Default)]
struct Program {
    alive: bool,
    /// Whom it holds, by how many references.
    held: BTreeMap<usize, u64>,
    epoch: Option<Epoch>,
    /// What has not reached the hub yet.
    on_the_way: Vec<Word>,
    /// Whom it holds as far as any hub was told, and has held ever since.
    known: BTreeSet<usize>,
}

struct World {
    table: Registry,
    now: Duration,
    epochs: Epoch,
    programs: Vec<Program>,
    /// What the journal says: holders by name.
    stored: BTreeMap<Triple, Vec<(Holder, u64)>>,
    /// Urgent messages first, then in their order.
    queue: Vec<Command>,
    /// What the writers of the queue hold.
    queued: BTreeMap<usize, u64>,
}

fn user(n: usize) -> Triple {
    let names = [("SOGo", "alice", "alice"), ("SOGo", "bob", "alice"), ("Other", "alice", "x")];
    let (backend, user, vuser) = names[n];
    triple(backend, user, vuser)
}

impl World {
    fn new() -> Self {
        let alive = Program { alive: true, ..Program::default() };
        World {
            table: Registry::new(Rules::default()),
            now: Duration::ZERO,
            epochs: 0,
            programs: vec![alive; PROCESSES as usize],
            stored: BTreeMap::new(),
            queue: Vec::new(),
            queued: BTreeMap::new(),
        }
    }

    fn program(&mut self, n: u32) -> &mut Program {
        &mut self.programs[n as usize]
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Register(p, t) => self.count(p, t, true),
            Step::Unregister(p, t) => self.count(p, t, false),
            Step::Deliver(p, n) => self.deliver(p, n),
            Step::Crash(p) => self.crash(p),
            Step::Disconnect(p) => self.disconnect(p),
            Step::Reconnect(p) => self.reconnect(p),
            Step::Write(n) => self.write(n),
            Step::Restart { killed } => self.restart(killed),
            Step::Send(more, t) => self.send(more, t),
            Step::Drain => self.drain(),
            Step::Wait => self.wait(),
        }
    }

    fn count(&mut self, p: u32, t: usize, more: bool) {
        let program = self.program(p);
        if !program.alive {
            return;
        }
        let count = program.held.entry(t).or_default();
        *count = if more { *count + 1 } else { count.saturating_sub(1) };
        let count = *count;
        if count == 0 {
            program.held.remove(&t);
            program.known.remove(&t);
        }
        if program.epoch.is_some() {
            program.on_the_way.push(Word::Set(t, count));
        }
    }

    fn deliver(&mut self, p: u32, n: usize) {
        let program = &mut self.programs[p as usize];
        let Some(epoch) = program.epoch else { return };
        let n = n.min(program.on_the_way.len());
        for word in program.on_the_way.drain(..n) {
            let current = match word {
                Word::Begin => self.table.begin(process(p), epoch),
                Word::Set(t, count) => {
                    // It may have let go of him and taken him up again: what the hub was told last counts.
                    if count == 0 {
                        program.known.remove(&t);
                    } else if program.held.contains_key(&t) {
                        program.known.insert(t);
                    }
                    self.table.set(process(p), epoch, user(t), count)
                }
                Word::Finish => self.table.finish(process(p), epoch),
            };
            assert!(current);
        }
    }

    fn crash(&mut self, p: u32) {
        let program = self.program(p);
        let epoch = program.epoch.take();
        // Another one of the same number may begin: it has another start and another table.
        *program = Program { alive: false, ..Program::default() };
        if let Some(epoch) = epoch {
            self.table.lose(process(p), epoch, self.now);
            self.table.end(process(p), epoch);
        }
    }

    fn disconnect(&mut self, p: u32) {
        let program = self.program(p);
        program.on_the_way.clear();
        if let Some(epoch) = program.epoch.take() {
            let now = self.now;
            self.table.lose(process(p), epoch, now);
        }
    }

    fn reconnect(&mut self, p: u32) {
        self.epochs += 1;
        let epoch = self.epochs;
        let program = self.program(p);
        if !program.alive || program.epoch.is_some() {
            return;
        }
        program.epoch = Some(epoch);
        program.on_the_way = vec![Word::Begin];
        program.on_the_way.extend(program.held.iter().map(|(t, count)| Word::Set(*t, *count)));
        program.on_the_way.push(Word::Finish);
        assert!(self.table.greet(process(p), epoch));
    }

    fn write(&mut self, n: usize) {
        for triple in self.table.take_changed(n) {
            let now = self.table.find(&triple);
            let held = now.map(|seen| {
                let kept = |held: Held| match held.holder {
                    Holder::Process(_) => (held.holder, 1),
                    _ => (held.holder, held.count),
                };
                seen.held.into_iter().map(kept).collect()
            });
            match held {
                Some(held) => drop(self.stored.insert(Triple::clone(&triple), held)),
                None => {
                    if self.stored.remove(&*triple).is_some() {
                        self.nobody_is_there(&triple);
                    }
                }
            }
        }
    }

    /// Somebody is told gone: nobody may hold him of whom any hub had heard.
    fn nobody_is_there(&self, gone: &Triple) {
        for (n, program) in self.programs.iter().enumerate() {
            let holds = program.known.iter().any(|t| user(*t) == *gone);
            assert!(!holds, "{gone} is told gone, and process {n} has held him all along");
        }
    }

    fn restart(&mut self, killed: bool) {
        if !killed {
            self.write(usize::MAX);
        }
        for program in &mut self.programs {
            program.epoch = None;
            program.on_the_way.clear();
        }
        self.table = Registry::new(Rules::default());
        for (triple, held) in self.stored.clone() {
            self.table.restore(triple, held, self.now);
        }
        // All that live come back before others are believed gone.
        for p in 0..PROCESSES {
            self.reconnect(p);
            self.deliver(p, usize::MAX);
        }
    }

    fn send(&mut self, more: bool, t: usize) {
        let count = self.queued.entry(t).or_default();
        // Whoever writes a queue unregisters only what he has registered.
        if !more && *count == 0 {
            return;
        }
        *count = if more { *count + 1 } else { *count - 1 };
        let command = if more { Command::Register(user(t)) } else { Command::Unregister(user(t)) };
        let urgent = self.queue.iter().take_while(|queued| matches!(queued, Command::Unregister(_))).count();
        let place = if more { self.queue.len() } else { urgent };
        self.queue.insert(place, command);
    }

    /// What is read of a queue is gone from it: that it is written before the hub is killed is assumed here.
    fn drain(&mut self) {
        let drained = std::mem::take(&mut self.queue);
        self.table.apply(Queue::B, drained);
        self.write(usize::MAX);
    }

    /// Less than the grace, when anybody who lives is away; else as long as it takes to give all others up.
    fn wait(&mut self) {
        for p in 0..PROCESSES {
            self.reconnect(p);
            self.deliver(p, usize::MAX);
        }
        self.now += Duration::from_secs(61);
        self.table.expire(self.now);
    }

    fn sum(&self) -> BTreeMap<Triple, u64> {
        let mut sum = BTreeMap::new();
        let held = self.programs.iter().flat_map(|program| &program.held).chain(&self.queued);
        for (t, count) in held.filter(|(_, count)| **count > 0) {
            *sum.entry(user(*t)).or_default() += count;
        }
        sum
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_table_is_the_sum_of_what_living_processes_hold(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
        }
        world.drain();
        world.wait();
        world.write(usize::MAX);
        prop_assert_eq!(counts(&world.table), world.sum());
        let stored: BTreeSet<Triple> = world.stored.keys().cloned().collect();
        prop_assert_eq!(stored, world.sum().into_keys().collect::<BTreeSet<_>>());
    }
}
