//! What other hubs write that work beside this one: their events, and which entities they have written. It is read by our own
//! batches, and told by them: so what is told of an entity is never older than what was told of it before.
//!
//! Whoever begins to work makes its pen visible, waits until the batches have ended that were under way then, and notes how far
//! all others are; what it reads from there on holds whatever was written before. Each batch that writes entities looks who is
//! there while it holds its own pen: either it sees the one who has come, and signals, or that one has waited for its end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::{Entity, EntityKey, Event};
use tokio_postgres::Row;

use super::ask::Ask;
use super::batch::Trouble;
use super::entity::ENTITY;
use super::held::free_rows;
use super::pen::TRIES;
use super::row::{self, get};
use super::session::Session;
use crate::api::Committed;
use crate::damage::{Damaged, Sieve, Spot};
use crate::error::Error;
use crate::opened;
use crate::seal::Seal;

/// The lives that we know, and all that have come since.
const PENS: &str = "SELECT node, role, over OR drained, over FROM pen WHERE node = ANY($2::bigint[])
    UNION ALL SELECT node, role, over OR drained, over FROM pen WHERE node > $1 AND node <> ALL($2::bigint[])";

/// So many of each are read in one go.
const EVENTS_AT_ONCE: usize = 512;
const SIGNALS_AT_ONCE: usize = 256;

/// Rows of each of the others behind those that were seen: of those that we know from there, of those that have come since all.
macro_rules! select_new {
    ($columns:literal, $lateral:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM (
                 SELECT node, seen FROM unnest($2::bigint[], $3::bigint[]) AS known (node, seen)
                 UNION ALL SELECT node, 0 FROM pen WHERE node > $1 AND node <> ALL($2::bigint[])) AS other
             CROSS JOIN LATERAL (",
            $lateral,
            ") AS new"
        )
    };
}
const EVENTS: &str = select_new!(
    "new.seq, at, kind, job, step, attempt, code, new.origin, tick",
    "SELECT * FROM event WHERE event.origin = other.node AND event.seq > seen ORDER BY event.origin, event.seq LIMIT 512"
);
const SIGNALS: &str = select_new!(
    "new.origin, new.n, new.kind, new.key",
    "SELECT * FROM signal WHERE signal.origin = other.node AND signal.n > seen ORDER BY signal.origin, signal.n LIMIT 256"
);

/// All of them: prepared before they are needed.
pub(super) const ALL: [&str; 3] = [PENS, EVENTS, SIGNALS];

/// How far the others are known.
#[derive(Clone, Debug, Default)]
pub(super) struct Follow {
    /// Lives with a higher number have come since.
    pub(super) newest: i64,
    known: BTreeMap<i64, Seen>,
    /// Those at work that take work, as they were found last.
    pub(super) at_work: BTreeSet<i64>,
}

/// How many of its events and signals were read.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    events: i64,
    signals: i64,
}

/// What was found.
#[derive(Default)]
pub(super) struct Followed {
    pub(super) follow: Follow,
    events: Vec<Event>,
    /// The entities that were written.
    keys: Vec<EntityKey>,
    entities: Vec<(EntityKey, Option<Arc<Entity>>)>,
    damaged: Vec<Damaged>,
    /// There is more than was read.
    pub(super) more: bool,
}

impl Follow {
    /// Begins for a life whose pen can be seen. Whatever was written by the others, and is not read from here on, is there for
    /// everybody who reads afterwards.
    pub(super) async fn begin(session: &Session, node: i64) -> Result<Self, Error> {
        let living = "SELECT node FROM pen WHERE NOT over AND role > 0 AND node <> $1";
        for other in &session.all(living, &[&node]).await? {
            outlast(session, get(other, 0)?).await?;
        }
        let far = "SELECT max(node), 0::bigint, 0::bigint, true FROM pen UNION ALL
             SELECT node, coalesce((SELECT seq FROM event WHERE origin = node ORDER BY origin DESC, seq DESC LIMIT 1), 0),
                    coalesce((SELECT n FROM signal WHERE origin = node ORDER BY origin DESC, n DESC LIMIT 1), 0), false
             FROM pen WHERE NOT over AND node <> $1";
        let mut follow = Follow::default();
        for found in &session.all(far, &[&node]).await? {
            let node = get(found, 0)?;
            if get(found, 3)? {
                follow.newest = node;
            } else {
                follow.known.insert(node, Seen { events: get(found, 1)?, signals: get(found, 2)? });
            }
        }
        Ok(follow)
    }

    /// The lives that are known.
    pub(super) fn nodes(&self) -> Vec<i64> {
        self.known.keys().copied().collect()
    }

    /// The statements that read what is new, in this order: what led to something is not read after it.
    pub(super) fn asks(&self) -> [Ask<'static>; ALL.len()] {
        let seen = |of: fn(&Seen) -> i64| self.known.values().map(of).collect::<Vec<i64>>();
        let (newest, nodes) = (self.newest, self.nodes());
        [
            Ask::new(PENS, vec![Box::new(newest), Box::new(nodes.clone())]),
            Ask::new(
                EVENTS,
                vec![Box::new(newest), Box::new(nodes.clone()), Box::new(seen(|seen| seen.events))],
            ),
            Ask::new(SIGNALS, vec![Box::new(newest), Box::new(nodes), Box::new(seen(|seen| seen.signals))]),
        ]
    }

    /// What these statements have found. Fails with [`Trouble::Missed`] when signals were removed before they were read.
    pub(super) fn found(
        mut self,
        [pens, events, signals]: &[Vec<Row>; ALL.len()],
    ) -> Result<Followed, Trouble> {
        let mut followed = Followed::default();
        let (mut events_of, mut signals_of) = <(BTreeMap<i64, usize>, BTreeMap<i64, usize>)>::default();
        let mut sieve = Sieve::default();
        let mut ordered: Vec<(i64, i64, i64, &Row)> = Vec::with_capacity(events.len());
        for row in events {
            ordered.push((get(row, 8)?, get(row, 7)?, get(row, 0)?, row));
        }
        ordered.sort_by_key(|(tick, origin, seq, _)| (*tick, *origin, *seq));
        for (_, origin, seq, row) in ordered {
            followed.events.extend(sieve.pass(|| Spot::Event(seq), row::event(row))?);
            let seen = self.known.entry(origin).or_default();
            seen.events = seen.events.max(seq);
            *events_of.entry(origin).or_default() += 1;
        }
        let mut keys = BTreeSet::new();
        for row in signals {
            let (origin, n): (i64, i64) = (get(row, 0)?, get(row, 1)?);
            let seen = self.known.entry(origin).or_default();
            if n != seen.signals + 1 {
                let missed = format!("of hub {origin} signal {n} was found behind {}", seen.signals);
                return Err(Trouble::Missed(missed));
            }
            seen.signals = n;
            *signals_of.entry(origin).or_default() += 1;
            let key = EntityKey { kind: get(row, 2)?, key: get(row, 3)? };
            if keys.insert((key.kind.clone(), key.key.clone())) {
                followed.keys.push(key);
            }
        }
        let full =
            |counts: &BTreeMap<i64, usize>, node: i64, most| counts.get(&node).is_some_and(|it| *it >= most);
        self.at_work.clear();
        for pen in pens {
            let (node, role): (i64, i16) = (get(pen, 0)?, get(pen, 1)?);
            self.newest = self.newest.max(node);
            if role > 0 && !get::<bool>(pen, 2)? {
                self.at_work.insert(node);
            }
            let more = full(&events_of, node, EVENTS_AT_ONCE) || full(&signals_of, node, SIGNALS_AT_ONCE);
            followed.more |= more;
            // Of a life that was over before, this was the end.
            if get::<bool>(pen, 3)? && !more {
                self.known.remove(&node);
            } else {
                self.known.entry(node).or_default();
            }
        }
        followed.damaged = sieve.damaged;
        followed.follow = self;
        Ok(followed)
    }
}

impl Followed {
    /// Reads the entities that were written, as they stand now.
    pub(super) async fn read(&mut self, session: &Session, seal: &Seal) -> Result<(), Error> {
        if self.keys.is_empty() {
            return Ok(());
        }
        let (kinds, keys): (Vec<&str>, Vec<&str>) =
            self.keys.iter().map(|key| (key.kind.as_str(), key.key.as_str())).unzip();
        let select = format!(
            "SELECT {ENTITY} FROM unnest($1::text[], $2::text[]) AS wanted (k, n) JOIN entity ON kind = k AND key = n"
        );
        let mut sieve = Sieve::default();
        let mut found = BTreeMap::new();
        for row in &session.all(&select, &[&kinds, &keys]).await? {
            let key: (String, String) = (get(row, 0)?, get(row, 1)?);
            let spot = Spot::Entity(key.0.clone(), key.1.clone());
            let read = row::entity(row).and_then(|row| opened::entity(seal, row));
            found.insert(key, sieve.pass(|| spot, read)?.map(Arc::new));
        }
        for key in self.keys.drain(..) {
            match found.get(&(key.kind.clone(), key.key.clone())) {
                None => self.entities.push((key, None)),
                Some(Some(entity)) => self.entities.push((key, Some(Arc::clone(entity)))),
                // What cannot be read is left out, and named.
                Some(None) => {}
            }
        }
        self.damaged.append(&mut sieve.damaged);
        Ok(())
    }

    /// Adds what was found to what the same commit has written itself, which came later.
    pub(super) fn tell(&mut self, committed: &mut Committed) {
        committed.others.append(&mut self.events);
        committed.entities.splice(0..0, self.entities.drain(..));
        committed.damaged.append(&mut self.damaged);
    }
}

/// Waits until the batch of a hub has ended that is under way. One that stands still in the middle of it is ended.
async fn outlast(session: &Session, node: i64) -> Result<(), Error> {
    let mut tries = TRIES;
    loop {
        tries -= 1;
        // It holds its pen for as long as it takes.
        match session.first("SELECT 1 FROM pen WHERE node = $1 FOR SHARE", &[&node]).await {
            Ok(_) => return Ok(()),
            Err(Error::Unwritable(_)) if tries > 0 && !session.is_over() => {}
            Err(error) => return Err(error),
        }
        if tries == 1 {
            free_rows(session).await?;
        }
    }
}
