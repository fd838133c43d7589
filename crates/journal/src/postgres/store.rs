//! Storing a page: what is not as it was, as columns of values.

mod columns;
mod sql;

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::composed::folded;
use model::{Code, DeliveryId, EntityKey, JobId, RecordKind, Settled};
use tokio_postgres::Row;

use columns::{Entry, entities, movable, settled_of, whole};
pub(super) use sql::{ALL, CALL};
use sql::{
    CALL_NO_MORE, CAUSE_GONE, COUNT_CAUSES, COUNT_ENTITIES, COUNT_JOBS, COUNT_JOBS_THERE, DELETE_LIVE,
    ENTITY_GONE, INSERT_ATTEMPT, INSERT_BODY, INSERT_CAUSE, INSERT_DELIVERY, INSERT_DONE, INSERT_EVENT,
    INSERT_EXTERNAL, INSERT_LIVE, INSERT_RECORD, INSERT_REPLY, INSERT_SECRET, INSERT_SIGNAL, NEW_ENTITY,
    PLACE_DELIVERY, PUT_ENTITY, RENUMBER, SECRET_GONE, SECRET_UNTIL, SETTLE_DONE, SETTLE_RECORD,
    UPDATE_DELIVERY, UPDATE_LIVE, WAIT_GONE,
};

use super::ask::{Ask, Value, column};
use super::page::{AttemptRow, DeliveryRow, EntityRow, External, JobRow, Note, Page};
use super::row::{self, code_of};
use super::table::Changed;
use super::tid::{Places, Tid};

/// The statements that store what the page says. If it counts any jobs, the last one does, see [`counted_at`].
pub(super) fn asks<'p>(page: &'p Page, places: &Places) -> Vec<Ask<'p>> {
    let mut store = Store(Vec::new());
    store.jobs(page);
    store.notes(page);
    store.externals(page);
    store.deliveries(page);
    store.entities(page);
    store.events(page);
    store.signals(page);
    let counted: Vec<(i16, i64)> = (0..).zip(page.tallies).filter(|(_, by)| *by != 0).collect();
    let there = places.of(counted.iter().map(|row| row.0));
    store.add(if there.is_some() { COUNT_JOBS_THERE } else { COUNT_JOBS }, &counted, |rows| {
        let mut values: Vec<Value<'_>> = vec![
            column(rows.iter().map(|row| row.0)),
            column(rows.iter().map(|row| row.1)),
            Box::new(page.origin),
        ];
        values.extend(there.map(|there| Box::new(there) as Value<'_>));
        values
    });
    store.0
}

/// Takes in where the rows lie in which jobs were counted.
pub(super) fn counted_at(places: &mut Places, counted: &Row) {
    if let (Ok(states), Ok(at)) = (row::get::<Vec<i16>>(counted, 0), row::get::<Vec<Tid>>(counted, 1)) {
        states.into_iter().zip(at).for_each(|(state, at)| places.set(state, at));
    }
}

struct Store<'p>(Vec<Ask<'p>>);

fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

fn text(code: Option<&Code>) -> Option<&str> {
    code.map(Code::as_str)
}

impl<'p> Store<'p> {
    /// A statement for rows, unless there are none.
    fn add<T>(&mut self, sql: &'static str, rows: &[T], values: impl FnOnce(&[T]) -> Vec<Value<'p>>) {
        if !rows.is_empty() {
            self.0.push(Ask::new(sql, values(rows)));
        }
    }

    fn jobs(&mut self, page: &'p Page) {
        let (mut arrived, mut moved, mut gone, mut ended, mut settled) =
            <(Vec<_>, Vec<_>, Vec<_>, Vec<_>, Vec<_>)>::default();
        let mut causes = page.by_cause.clone();
        let mut made = Vec::new();
        for (id, changed) in page.jobs.changed() {
            let (was, now): (Option<&'p JobRow>, &'p JobRow) = match changed {
                Changed::New(now) => (None, now),
                Changed::Other(was, now) => (Some(was), now),
                Changed::Gone(_) => continue,
            };
            match (was.map(JobRow::is_live), now.is_live()) {
                (None, true) => arrived.push(now),
                (None, false) => ended.push(now),
                (Some(true), true) => moved.push(now),
                (Some(true), false) => {
                    gone.push((id.0, was.map_or(0, |was| was.rev)));
                    ended.push(now);
                }
                (Some(false), _) => settled.push((id.0, settled_of(now), now.rev)),
            }
            let (before, after) = (was.and_then(JobRow::dead_of), now.dead_of());
            if before != after {
                for (cause, by) in
                    before.map(|cause| (cause, -1)).into_iter().chain(after.map(|cause| (cause, 1)))
                {
                    *causes.entry(cause).or_default() += by;
                }
            }
        }
        // In one order, whoever writes: nobody waits for somebody who waits for him.
        gone.sort_unstable();
        moved.sort_unstable_by_key(|row| row.job.id);
        settled.sort_unstable_by_key(|row| row.0);
        // And what is new in the order of its numbers: each comes to lie beside the one before.
        arrived.sort_unstable_by_key(|row| row.job.seq);
        ended.sort_unstable_by_key(|row| row.job.seq);
        self.add(DELETE_LIVE, &gone, |rows| {
            vec![column(rows.iter().map(|row| row.0)), column(rows.iter().map(|row| row.1))]
        });
        self.add(INSERT_LIVE, &arrived, |rows| {
            let mut values = whole(rows);
            values.push(column(rows.iter().map(|row| row.placed)));
            values
        });
        self.add(UPDATE_LIVE, &moved, movable);
        self.add(INSERT_DONE, &ended, whole);
        self.add(SETTLE_DONE, &settled, |rows| {
            vec![
                column(rows.iter().map(|row| row.0)),
                column(rows.iter().map(|row| row.1)),
                column(rows.iter().map(|row| row.2)),
            ]
        });
        for (id, changed) in page.causes.changed() {
            if let Changed::New(row) = changed
                && let Some(cause) = &row.cause
            {
                made.push((*id, cause));
                causes.entry(*id).or_default();
            }
        }
        made.sort_unstable_by_key(|row| row.0);
        self.add(INSERT_CAUSE, &made, |rows| {
            vec![
                column(rows.iter().map(|row| row.0)),
                column(rows.iter().map(|row| row.1.backend.as_deref())),
                column(rows.iter().map(|row| text(row.1.code.as_ref()))),
                column(rows.iter().map(|row| row.1.shape.as_str())),
            ]
        });
        let causes: Vec<(i64, i64)> = causes.into_iter().collect();
        self.add(COUNT_CAUSES, &causes, |rows| {
            vec![column(rows.iter().map(|row| row.0)), column(rows.iter().map(|row| row.1))]
        });
        self.add(CAUSE_GONE, &causes, |rows| vec![column(rows.iter().map(|row| row.0))]);
    }

    fn notes(&mut self, page: &'p Page) {
        let (mut bodies, mut secrets, mut until, mut gone) = <(Vec<_>, Vec<_>, Vec<_>, Vec<_>)>::default();
        let (mut replies, mut waits, mut settled) = <(Vec<_>, Vec<_>, Vec<_>)>::default();
        let mut attempts: Vec<&'p AttemptRow> = Vec::new();
        let (mut records, mut renumbered, mut placed) = <(Vec<_>, Vec<_>, Vec<_>)>::default();
        for note in &page.notes {
            match note {
                Note::Body(job, sealed) => bodies.push((job.0, sealed.as_slice())),
                Note::Secret(job, sealed) => secrets.push((job.0, sealed.as_slice())),
                Note::SecretUntil(job, at) => until.push((job.0, millis(*at))),
                Note::SecretGone(job) => gone.push(job.0),
                Note::Reply { job, place, digest, sealed } => replies.push((job.0, *place, digest, sealed)),
                Note::Attempt(row) => attempts.push(row),
                Note::WaitGone(job, step, number) => {
                    waits.push((job.0, i32::from(*step), number.cast_signed()));
                }
                Note::Record(seq, record, sealed) => records.push((*seq, record, sealed)),
                Note::Settled(refusal) => settled.push(*refusal),
                Note::Renumbered(value, source, seq) => {
                    renumbered.push((value.as_str(), source.as_str(), *seq));
                }
                Note::DeliveryPlaced(id, seq) => placed.push((id.0, *seq)),
            }
        }
        for (sql, rows) in [(INSERT_BODY, &bodies), (INSERT_SECRET, &secrets)] {
            self.add(sql, rows, |rows| {
                vec![column(rows.iter().map(|row| row.0)), column(rows.iter().map(|row| row.1))]
            });
        }
        self.add(SECRET_UNTIL, &until, |rows| {
            vec![column(rows.iter().map(|row| row.0)), column(rows.iter().map(|row| row.1))]
        });
        self.add(SECRET_GONE, &gone, |rows| vec![column(rows.iter().copied())]);
        self.add(INSERT_REPLY, &replies, |rows| {
            vec![
                column(rows.iter().map(|row| row.0)),
                column(rows.iter().map(|row| row.1)),
                column(rows.iter().map(|row| row.2.as_slice())),
                column(rows.iter().map(|row| row.3.as_slice())),
            ]
        });
        self.add(INSERT_ATTEMPT, &attempts, |rows| {
            vec![
                column(rows.iter().map(|row| row.job.0)),
                column(rows.iter().map(|row| i32::from(row.step))),
                column(rows.iter().map(|row| row.number.cast_signed())),
                column(rows.iter().map(|row| millis(row.started_at))),
                column(rows.iter().map(|row| row.ended_at.map(millis))),
                column(rows.iter().map(|row| row.kind.map(code_of))),
                column(rows.iter().map(|row| row.status)),
                column(rows.iter().map(|row| text(row.code.as_ref()))),
                column(rows.iter().map(|row| row.message.as_deref())),
                column(rows.iter().map(|row| row.sealed.as_deref())),
            ]
        });
        self.add(WAIT_GONE, &waits, |rows| {
            vec![
                column(rows.iter().map(|row| row.0)),
                column(rows.iter().map(|row| row.1)),
                column(rows.iter().map(|row| row.2)),
            ]
        });
        self.add(INSERT_RECORD, &records, |rows| {
            let refusal = |kind| (kind == RecordKind::Refusal).then_some(0_i16);
            vec![
                column(rows.iter().map(|row| row.0)),
                column(rows.iter().map(|row| code_of(row.1.kind))),
                column(rows.iter().map(|row| millis(row.1.at))),
                column(rows.iter().map(|row| row.1.who.as_str())),
                column(rows.iter().map(|row| row.1.what.as_deref())),
                column(rows.iter().map(|row| row.1.code.as_str())),
                column(rows.iter().map(|row| row.1.message.as_str())),
                column(rows.iter().map(|row| row.2.as_slice())),
                column(rows.iter().map(|row| refusal(row.1.kind))),
            ]
        });
        self.add(SETTLE_RECORD, &settled, |rows| {
            vec![column(rows.iter().copied()), Box::new(code_of(Settled::Replayed))]
        });
        self.add(RENUMBER, &renumbered, |rows| {
            vec![
                column(rows.iter().map(|row| row.0)),
                column(rows.iter().map(|row| row.1)),
                column(rows.iter().map(|row| row.2)),
            ]
        });
        self.add(PLACE_DELIVERY, &placed, |rows| {
            vec![column(rows.iter().map(|row| row.0)), column(rows.iter().map(|row| row.1))]
        });
    }

    fn externals(&mut self, page: &'p Page) {
        let mut rows: Vec<(&'p (String, String), &'p External)> = page
            .externals
            .changed()
            .filter_map(|(key, changed)| match changed {
                Changed::New(row) => Some((key, &**row)),
                _ => None,
            })
            .collect();
        rows.sort_by_key(|(key, _)| *key);
        self.add(INSERT_EXTERNAL, &rows, |rows| {
            vec![
                column(rows.iter().map(|row| row.0.0.as_str())),
                column(rows.iter().map(|row| row.0.1.as_str())),
                column(
                    rows.iter().map(|row| row.1.digest.as_ref().map(<[u8; crate::seal::DIGEST]>::as_slice)),
                ),
                column(rows.iter().map(|row| row.1.job.0)),
                column(rows.iter().map(|row| row.1.seq)),
                column(rows.iter().map(|row| millis(row.1.at))),
            ]
        });
    }

    fn deliveries(&mut self, page: &'p Page) {
        let (mut made, mut moved) = <(Vec<_>, Vec<_>)>::default();
        for (id, changed) in page.deliveries.changed() {
            match changed {
                Changed::New(row) => {
                    made.extend(row.made.as_ref().map(|new| (id, &**row, new)));
                }
                Changed::Other(_, row) => moved.push(&**row),
                Changed::Gone(_) => {}
            }
        }
        made.sort_by_key(|(_, row, _): &(&DeliveryId, &DeliveryRow, _)| row.seq);
        self.add(INSERT_DELIVERY, &made, |rows| {
            vec![
                column(rows.iter().map(|row| row.0.0)),
                column(rows.iter().map(|row| row.1.seq)),
                column(rows.iter().map(|row| row.2.job.map(|JobId(id)| id))),
                column(rows.iter().map(|row| row.2.courier.as_str())),
                column(rows.iter().map(|row| row.2.address.as_str())),
                column(rows.iter().map(|row| code_of(row.1.state))),
                column(rows.iter().map(|row| row.1.attempts)),
                column(rows.iter().map(|row| millis(row.1.due_at))),
                column(rows.iter().map(|row| row.1.ended_at.map(millis))),
                column(rows.iter().map(|row| row.1.message.as_deref())),
                column(rows.iter().map(|row| row.2.sealed.as_slice())),
                column(rows.iter().map(|row| row.2.placed)),
            ]
        });
        self.add(UPDATE_DELIVERY, &moved, |rows: &[&'p DeliveryRow]| {
            vec![
                column(rows.iter().map(|row| row.seq)),
                column(rows.iter().map(|row| code_of(row.state))),
                column(rows.iter().map(|row| row.attempts)),
                column(rows.iter().map(|row| millis(row.due_at))),
                column(rows.iter().map(|row| row.ended_at.map(millis))),
                column(rows.iter().map(|row| row.message.as_deref())),
            ]
        });
    }

    fn entities(&mut self, page: &'p Page) {
        let (mut made, mut written) = <(Vec<Entry<'p>>, Vec<Entry<'p>>)>::default();
        let mut gone = Vec::new();
        let (mut called, mut no_more) = <(Vec<(&'p (String, String), String)>, Vec<_>)>::default();
        let mut tally: BTreeMap<(&'p str, &'p str), i64> = BTreeMap::new();
        for ((kind, state), by) in &page.by_state {
            *tally.entry((kind, state)).or_default() += by;
        }
        for (key, changed) in page.entities.changed() {
            let (was, now): (Option<&'p EntityRow>, Option<&'p EntityRow>) = match changed {
                Changed::New(now) => (None, Some(now)),
                Changed::Other(was, now) => (Some(was), Some(now)),
                Changed::Gone(was) => (Some(was), None),
            };
            if let Some(was) = was {
                *tally.entry((&key.0, &was.state)).or_default() -= 1;
            }
            // What it was called is not loaded.
            match (was, now.map_or("", |now| now.label.as_str())) {
                (None, "") => {}
                (Some(_), "") => no_more.push(key),
                (_, label) => called.push((key, folded(label))),
            }
            match now {
                Some(now) => {
                    *tally.entry((&key.0, &now.state)).or_default() += 1;
                    if was.is_none() { &mut made } else { &mut written }.push((key, now));
                }
                None => gone.push(key),
            }
        }
        // In one order, as jobs are.
        made.sort_by_key(|(key, _)| *key);
        self.add(NEW_ENTITY, &made, entities);
        self.add(PUT_ENTITY, &written, entities);
        self.add(ENTITY_GONE, &gone, |rows| {
            vec![column(rows.iter().map(|key| key.0.as_str())), column(rows.iter().map(|key| key.1.as_str()))]
        });
        self.add(CALL, &called, |rows| {
            vec![
                column(rows.iter().map(|row| row.0.0.as_str())),
                column(rows.iter().map(|row| row.0.1.as_str())),
                column(rows.iter().map(|row| row.1.clone())),
            ]
        });
        self.add(CALL_NO_MORE, &no_more, |rows| {
            vec![column(rows.iter().map(|key| key.0.as_str())), column(rows.iter().map(|key| key.1.as_str()))]
        });
        let tally: Vec<_> = tally.into_iter().filter(|(_, by)| *by != 0).collect();
        self.add(COUNT_ENTITIES, &tally, |rows| {
            vec![
                column(rows.iter().map(|row| row.0.0)),
                column(rows.iter().map(|row| row.0.1)),
                column(rows.iter().map(|row| row.1)),
                Box::new(page.origin),
            ]
        });
    }

    fn events(&mut self, page: &'p Page) {
        self.add(INSERT_EVENT, &page.committed.events.iter().collect::<Vec<_>>(), |rows| {
            vec![
                column(rows.iter().map(|event| event.seq.number())),
                column(rows.iter().map(|event| millis(event.at))),
                column(rows.iter().map(|event| code_of(event.kind))),
                column(rows.iter().map(|event| event.job.map(|JobId(id)| id))),
                column(rows.iter().map(|event| event.step.map(i32::from))),
                column(rows.iter().map(|event| event.attempt.map(u32::cast_signed))),
                column(rows.iter().map(|event| text(event.code.as_ref()))),
                Box::new(page.origin),
                Box::new(page.tick),
            ]
        });
    }

    fn signals(&mut self, page: &'p Page) {
        self.add(INSERT_SIGNAL, &page.signals.iter().collect::<Vec<_>>(), |rows: &[&'p EntityKey]| {
            vec![
                column(rows.iter().map(|key| key.kind.as_str())),
                column(rows.iter().map(|key| key.key.as_str())),
                Box::new(page.origin),
                Box::new(page.signalled),
            ]
        });
    }
}
