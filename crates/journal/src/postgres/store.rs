//! Storing a page: what is not as it was, as columns of values.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::{Code, DeliveryId, JobId, RecordKind, Settled, Subject};

use super::ask::{Ask, Value, column};
use super::page::{AttemptRow, DeliveryRow, EntityRow, External, JobRow, Note, Page};
use super::row::code_of;
use super::table::Changed;

macro_rules! insert_jobs {
    ($table:literal) => {
        concat!(
            "INSERT INTO ", $table, " (id, seq, source, external_id, action, subject, class, state, head, lane, due_at,
                 deadline, not_before, dry_run, status, code, message, accepted_at, started_at, attempted_at, ended_at,
                 replay_of, cancelled_by, failed_on, cause, settled, aside, steps, backends, plan, replies, secrets,
                 open_step, open_number, open_at, open_life)
             SELECT id, seq, source, external_id, action, subject, class, state, head, lane, due_at,
                 deadline, not_before, dry_run, status, code, message, accepted_at, started_at, attempted_at, ended_at,
                 replay_of, cancelled_by, failed_on, cause, settled, aside, steps, string_to_array(backends, E'\\x1f'),
                 plan, replies, secrets, open_step, open_number, open_at, open_life
             FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[],
                 $8::smallint[], $9::boolean[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::boolean[],
                 $15::integer[], $16::text[], $17::text[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[],
                 $22::uuid[], $23::text[], $24::text[], $25::bigint[], $26::smallint[], $27::bigint[], $28::bytea[],
                 $29::text[], $30::bytea[], $31::integer[], $32::boolean[], $33::integer[], $34::integer[], $35::bigint[],
                 $36::bigint[])
             AS new (id, seq, source, external_id, action, subject, class, state, head, lane, due_at,
                 deadline, not_before, dry_run, status, code, message, accepted_at, started_at, attempted_at, ended_at,
                 replay_of, cancelled_by, failed_on, cause, settled, aside, steps, backends, plan, replies, secrets,
                 open_step, open_number, open_at, open_life)"
        )
    };
}

const INSERT_LIVE: &str = insert_jobs!("live");
const INSERT_DONE: &str = insert_jobs!("done");
const UPDATE_LIVE: &str = "UPDATE live SET class = new.class, state = new.state, head = new.head, lane = new.lane,
        due_at = new.due_at, status = new.status, code = new.code, message = new.message, started_at = new.started_at,
        attempted_at = new.attempted_at, cancelled_by = new.cancelled_by, steps = new.steps,
        backends = string_to_array(new.backends, E'\\x1f'), plan = new.plan, replies = new.replies, secrets = new.secrets,
        open_step = new.open_step, open_number = new.open_number, open_at = new.open_at, open_life = new.open_life
    FROM unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::boolean[], $5::text[], $6::bigint[], $7::integer[],
        $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::text[], $13::bytea[], $14::text[], $15::bytea[],
        $16::integer[], $17::boolean[], $18::integer[], $19::integer[], $20::bigint[], $21::bigint[])
    AS new (id, class, state, head, lane, due_at, status, code, message, started_at, attempted_at, cancelled_by, steps,
        backends, plan, replies, secrets, open_step, open_number, open_at, open_life)
    WHERE live.id = new.id";
const DELETE_LIVE: &str = "DELETE FROM live WHERE id = ANY($1::uuid[])";
const SETTLE_DONE: &str = "UPDATE done SET settled = new.settled
    FROM unnest($1::uuid[], $2::smallint[]) AS new (id, settled) WHERE done.id = new.id";
const INSERT_BODY: &str = "INSERT INTO body (job, sealed) SELECT * FROM unnest($1::uuid[], $2::bytea[])";
const INSERT_SECRET: &str = "INSERT INTO secret (job, sealed) SELECT * FROM unnest($1::uuid[], $2::bytea[])";
const SECRET_UNTIL: &str = "UPDATE secret SET scrub_at = new.until
    FROM unnest($1::uuid[], $2::bigint[]) AS new (job, until) WHERE secret.job = new.job";
const SECRET_GONE: &str = "DELETE FROM secret WHERE job = ANY($1::uuid[])";
const INSERT_REPLY: &str = "INSERT INTO reply (job, place, digest, sealed)
    SELECT * FROM unnest($1::uuid[], $2::integer[], $3::bytea[], $4::bytea[])";
const INSERT_EXTERNAL: &str = "INSERT INTO external (value, source, digest, job, seq, at)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[], $5::bigint[], $6::bigint[])";
const INSERT_ATTEMPT: &str =
    "INSERT INTO attempt (job, step, number, started_at, ended_at, kind, status, code, message, sealed)
    SELECT * FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::bigint[], $5::bigint[], $6::smallint[],
        $7::integer[], $8::text[], $9::text[], $10::bytea[])";
const WAIT_GONE: &str = "DELETE FROM attempt USING unnest($1::uuid[], $2::integer[], $3::integer[]) AS gone (job, step, number)
    WHERE attempt.job = gone.job AND attempt.step = gone.step AND attempt.number = gone.number AND attempt.kind = 3";
const INSERT_DELIVERY: &str = "INSERT INTO delivery
        (id, seq, job, courier, address, state, attempts, due_at, ended_at, message, sealed)
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::smallint[], $7::integer[],
        $8::bigint[], $9::bigint[], $10::text[], $11::bytea[])";
const UPDATE_DELIVERY: &str =
    "UPDATE delivery SET state = new.state, attempts = new.attempts, due_at = new.due_at,
        ended_at = new.ended_at, message = new.message
    FROM unnest($1::bigint[], $2::smallint[], $3::integer[], $4::bigint[], $5::bigint[], $6::text[])
    AS new (seq, state, attempts, due_at, ended_at, message) WHERE delivery.seq = new.seq";
const PUT_ENTITY: &str = "INSERT INTO entity (kind, key, rev, state, label, sealed)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bytea[])
    ON CONFLICT (kind, key) DO UPDATE SET rev = excluded.rev, state = excluded.state, label = excluded.label,
        sealed = excluded.sealed";
const ENTITY_GONE: &str = "DELETE FROM entity USING unnest($1::text[], $2::text[]) AS gone (kind, key)
    WHERE entity.kind = gone.kind AND entity.key = gone.key";
const COUNT_ENTITIES: &str = "INSERT INTO entity_tally AS tally (kind, state, entities)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
    ON CONFLICT (kind, state) DO UPDATE SET entities = tally.entities + excluded.entities";
const INSERT_RECORD: &str = "INSERT INTO record (seq, kind, at, who, what, code, message, sealed, settled)
    SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::bytea[], $9::smallint[])";
const SETTLE_RECORD: &str = "UPDATE record SET settled = $2 WHERE seq = ANY($1::bigint[]) AND settled = 0";
const INSERT_EVENT: &str = "INSERT INTO event (seq, at, kind, job, step, attempt, code)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::uuid[], $5::integer[], $6::integer[], $7::text[])";
const COUNT_JOBS: &str = "UPDATE tally SET jobs = jobs + new.by
    FROM unnest($1::smallint[], $2::bigint[]) AS new (state, by) WHERE tally.state = new.state";
const INSERT_CAUSE: &str = "INSERT INTO cause (id, backend, code, message)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING";
const COUNT_CAUSES: &str = "UPDATE cause SET jobs = jobs + new.by
    FROM unnest($1::bigint[], $2::bigint[]) AS new (id, by) WHERE cause.id = new.id";
const CAUSE_GONE: &str = "DELETE FROM cause WHERE id = ANY($1::bigint[]) AND jobs < 1";

/// All of them: prepared before they are needed.
pub(super) const ALL: [&str; 25] = [
    INSERT_LIVE,
    INSERT_DONE,
    UPDATE_LIVE,
    DELETE_LIVE,
    SETTLE_DONE,
    INSERT_BODY,
    INSERT_SECRET,
    SECRET_UNTIL,
    SECRET_GONE,
    INSERT_REPLY,
    INSERT_EXTERNAL,
    INSERT_ATTEMPT,
    WAIT_GONE,
    INSERT_DELIVERY,
    UPDATE_DELIVERY,
    PUT_ENTITY,
    ENTITY_GONE,
    COUNT_ENTITIES,
    INSERT_RECORD,
    SETTLE_RECORD,
    INSERT_EVENT,
    COUNT_JOBS,
    INSERT_CAUSE,
    COUNT_CAUSES,
    CAUSE_GONE,
];

/// The statements that store what the page says.
pub(super) fn asks(page: &Page) -> Vec<Ask<'_>> {
    let mut store = Store(Vec::new());
    store.jobs(page);
    store.notes(page);
    store.externals(page);
    store.deliveries(page);
    store.entities(page);
    store.events(page);
    let counted: Vec<(i16, i64)> = (0..).zip(page.tallies).filter(|(_, by)| *by != 0).collect();
    store.add(COUNT_JOBS, &counted, |rows| {
        vec![column(rows.iter().map(|row| row.0)), column(rows.iter().map(|row| row.1))]
    });
    store.0
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
                    gone.push(id.0);
                    ended.push(now);
                }
                (Some(false), _) => settled.push((id.0, settled_of(now))),
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
        self.add(DELETE_LIVE, &gone, |ids| vec![column(ids.iter().copied())]);
        self.add(INSERT_LIVE, &arrived, whole);
        self.add(UPDATE_LIVE, &moved, movable);
        self.add(INSERT_DONE, &ended, whole);
        self.add(SETTLE_DONE, &settled, |rows| {
            vec![column(rows.iter().map(|row| row.0)), column(rows.iter().map(|row| row.1))]
        });
        for (id, changed) in page.causes.changed() {
            if let Changed::New(row) = changed
                && let Some(cause) = &row.cause
            {
                made.push((*id, cause));
                causes.entry(*id).or_default();
            }
        }
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
        let mut records = Vec::new();
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
    }

    fn externals(&mut self, page: &'p Page) {
        let rows: Vec<(&'p (String, String), &'p External)> = page
            .externals
            .changed()
            .filter_map(|(key, changed)| match changed {
                Changed::New(row) => Some((key, &**row)),
                _ => None,
            })
            .collect();
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
        let (mut written, mut gone) = <(Vec<(&'p (String, String), &'p EntityRow)>, Vec<_>)>::default();
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
            match now {
                Some(now) => {
                    *tally.entry((&key.0, &now.state)).or_default() += 1;
                    written.push((key, now));
                }
                None => gone.push(key),
            }
        }
        written.sort_by_key(|(key, _)| *key);
        self.add(PUT_ENTITY, &written, |rows| {
            vec![
                column(rows.iter().map(|row| row.0.0.as_str())),
                column(rows.iter().map(|row| row.0.1.as_str())),
                column(rows.iter().map(|row| row.1.rev)),
                column(rows.iter().map(|row| row.1.state.as_str())),
                column(rows.iter().map(|row| row.1.label.as_str())),
                column(rows.iter().map(|row| row.1.sealed.as_slice())),
            ]
        });
        self.add(ENTITY_GONE, &gone, |rows| {
            vec![column(rows.iter().map(|key| key.0.as_str())), column(rows.iter().map(|key| key.1.as_str()))]
        });
        let tally: Vec<_> = tally.into_iter().filter(|(_, by)| *by != 0).collect();
        self.add(COUNT_ENTITIES, &tally, |rows| {
            vec![
                column(rows.iter().map(|row| row.0.0)),
                column(rows.iter().map(|row| row.0.1)),
                column(rows.iter().map(|row| row.1)),
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
            ]
        });
    }
}

/// Whether a failed job is a dead letter (0), or why not any more.
fn settled_of(row: &JobRow) -> Option<i16> {
    row.job.failed.as_ref().map(|failed| failed.settled.map_or(0, code_of))
}

fn backends(row: &JobRow) -> Option<String> {
    row.backends.as_ref().map(|backends| backends.join("\u{1f}"))
}

/// The columns of whole rows.
fn whole<'p>(rows: &[&'p JobRow]) -> Vec<Value<'p>> {
    let failed = |row: &&'p JobRow| row.job.failed.as_ref();
    vec![
        column(rows.iter().map(|row| row.job.id.0)),
        column(rows.iter().map(|row| row.job.seq.0)),
        column(rows.iter().map(|row| row.job.source.as_str())),
        column(rows.iter().map(|row| row.job.external_id.as_deref())),
        column(rows.iter().map(|row| row.job.action.as_str())),
        column(rows.iter().map(|row| row.job.subject.as_ref().map(Subject::as_str))),
        column(rows.iter().map(|row| code_of(row.job.class))),
        column(rows.iter().map(|row| code_of(row.job.state))),
        column(rows.iter().map(|row| row.job.head)),
        column(rows.iter().map(|row| row.job.lane.as_str())),
        column(rows.iter().map(|row| millis(row.job.due_at))),
        column(rows.iter().map(|row| row.job.deadline.map(millis))),
        column(rows.iter().map(|row| row.job.not_before.map(millis))),
        column(rows.iter().map(|row| row.job.dry_run)),
        column(rows.iter().map(|row| row.job.status)),
        column(rows.iter().map(|row| text(row.job.code.as_ref()))),
        column(rows.iter().map(|row| row.job.message.as_deref())),
        column(rows.iter().map(|row| millis(row.job.accepted_at))),
        column(rows.iter().map(|row| row.job.started_at.map(millis))),
        column(rows.iter().map(|row| row.job.attempted_at.map(millis))),
        column(rows.iter().map(|row| row.job.ended_at.map(millis))),
        column(rows.iter().map(|row| row.job.replay_of.map(|JobId(id)| id))),
        column(rows.iter().map(|row| row.job.cancelled_by.as_deref())),
        column(rows.iter().map(|row| failed(row).and_then(|failed| failed.on.as_deref()))),
        column(rows.iter().map(|row| failed(row).map(|failed| failed.cause.0.cast_signed()))),
        column(rows.iter().map(|row| settled_of(row))),
        column(rows.iter().map(|row| failed(row).and_then(|failed| failed.record))),
        column(rows.iter().map(|row| row.steps.as_deref())),
        column(rows.iter().map(|row| backends(row))),
        column(rows.iter().map(|row| row.plan.as_deref())),
        column(rows.iter().map(|row| row.replies)),
        column(rows.iter().map(|row| row.secrets)),
        column(rows.iter().map(|row| row.open.map(|open| i32::from(open.step)))),
        column(rows.iter().map(|row| row.open.map(|open| open.number.cast_signed()))),
        column(rows.iter().map(|row| row.open.map(|open| millis(open.at)))),
        column(rows.iter().map(|row| row.open.and_then(|open| open.life))),
    ]
}

/// The columns of what moves.
fn movable<'p>(rows: &[&'p JobRow]) -> Vec<Value<'p>> {
    vec![
        column(rows.iter().map(|row| row.job.id.0)),
        column(rows.iter().map(|row| code_of(row.job.class))),
        column(rows.iter().map(|row| code_of(row.job.state))),
        column(rows.iter().map(|row| row.job.head)),
        column(rows.iter().map(|row| row.job.lane.as_str())),
        column(rows.iter().map(|row| millis(row.job.due_at))),
        column(rows.iter().map(|row| row.job.status)),
        column(rows.iter().map(|row| text(row.job.code.as_ref()))),
        column(rows.iter().map(|row| row.job.message.as_deref())),
        column(rows.iter().map(|row| row.job.started_at.map(millis))),
        column(rows.iter().map(|row| row.job.attempted_at.map(millis))),
        column(rows.iter().map(|row| row.job.cancelled_by.as_deref())),
        column(rows.iter().map(|row| row.steps.as_deref())),
        column(rows.iter().map(|row| backends(row))),
        column(rows.iter().map(|row| row.plan.as_deref())),
        column(rows.iter().map(|row| row.replies)),
        column(rows.iter().map(|row| row.secrets)),
        column(rows.iter().map(|row| row.open.map(|open| i32::from(open.step)))),
        column(rows.iter().map(|row| row.open.map(|open| open.number.cast_signed()))),
        column(rows.iter().map(|row| row.open.map(|open| millis(open.at)))),
        column(rows.iter().map(|row| row.open.and_then(|open| open.life))),
    ]
}
