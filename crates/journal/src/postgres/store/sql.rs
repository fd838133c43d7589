//! The statements that store rows, each given its values as columns.

macro_rules! insert_jobs {
    ($table:literal, $placed:literal, $kind:literal) => {
        concat!(
            "INSERT INTO ", $table, " (id, seq, source, external_id, action, subject, class, state, head, lane, due_at,
                 deadline, not_before, dry_run, status, code, message, accepted_at, started_at, attempted_at, ended_at,
                 replay_of, cancelled_by, failed_on, cause, settled, aside, steps, backends, plan, replies, secrets,
                 open_step, open_number, open_at, open_life", $placed, ")
             SELECT id, seq, source, external_id, action, subject, class, state, head, lane, due_at,
                 deadline, not_before, dry_run, status, code, message, accepted_at, started_at, attempted_at, ended_at,
                 replay_of, cancelled_by, failed_on, cause, settled, aside, steps, string_to_array(backends, E'\\x1f'),
                 plan, replies, secrets, open_step, open_number, open_at, open_life", $placed, "
             FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::smallint[],
                 $8::smallint[], $9::boolean[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::boolean[],
                 $15::integer[], $16::text[], $17::text[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[],
                 $22::uuid[], $23::text[], $24::text[], $25::bigint[], $26::smallint[], $27::bigint[], $28::bytea[],
                 $29::text[], $30::bytea[], $31::integer[], $32::boolean[], $33::integer[], $34::integer[], $35::bigint[],
                 $36::bigint[]", $kind, ")
             AS new (id, seq, source, external_id, action, subject, class, state, head, lane, due_at,
                 deadline, not_before, dry_run, status, code, message, accepted_at, started_at, attempted_at, ended_at,
                 replay_of, cancelled_by, failed_on, cause, settled, aside, steps, backends, plan, replies, secrets,
                 open_step, open_number, open_at, open_life", $placed, ")"
        )
    };
}

pub(super) const INSERT_LIVE: &str = insert_jobs!("live", ", placed", ", $37::boolean[]");
pub(super) const INSERT_DONE: &str = insert_jobs!("done", "", "");

/// Carries out a statement that writes rows, and fails with a division by zero (22012) when it has not found all of them as they
/// were read: somebody else has written one meanwhile.
macro_rules! all_of {
    ($statement:literal) => {
        concat!(
            "WITH written AS (",
            $statement,
            " RETURNING 1)
             SELECT 1 / (CASE WHEN (SELECT count(*) FROM written) = cardinality($1) THEN 1 ELSE 0 END)"
        )
    };
}

pub(super) const UPDATE_LIVE: &str = all_of!("UPDATE live SET class = new.class, state = new.state, head = new.head,
        lane = new.lane, due_at = new.due_at, status = new.status, code = new.code, message = new.message,
        started_at = new.started_at, attempted_at = new.attempted_at, cancelled_by = new.cancelled_by, steps = new.steps,
        backends = string_to_array(new.backends, E'\\x1f'), plan = new.plan, replies = new.replies, secrets = new.secrets,
        open_step = new.open_step, open_number = new.open_number, open_at = new.open_at, open_life = new.open_life,
        seq = new.seq, placed = new.placed, rev = new.rev + 1
    FROM unnest($1::uuid[], $2::smallint[], $3::smallint[], $4::boolean[], $5::text[], $6::bigint[], $7::integer[],
        $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::text[], $13::bytea[], $14::text[], $15::bytea[],
        $16::integer[], $17::boolean[], $18::integer[], $19::integer[], $20::bigint[], $21::bigint[], $22::bigint[],
        $23::boolean[], $24::integer[])
    AS new (id, class, state, head, lane, due_at, status, code, message, started_at, attempted_at, cancelled_by, steps,
        backends, plan, replies, secrets, open_step, open_number, open_at, open_life, seq, placed, rev)
    WHERE live.id = new.id AND live.rev = new.rev");
pub(super) const DELETE_LIVE: &str = all_of!(
    "DELETE FROM live USING unnest($1::uuid[], $2::integer[]) AS gone (id, rev)
    WHERE live.id = gone.id AND live.rev = gone.rev"
);
pub(super) const SETTLE_DONE: &str = all_of!(
    "UPDATE done SET settled = new.settled, rev = new.rev + 1
    FROM unnest($1::uuid[], $2::smallint[], $3::integer[]) AS new (id, settled, rev)
    WHERE done.id = new.id AND done.rev = new.rev"
);
pub(super) const INSERT_BODY: &str =
    "INSERT INTO body (job, sealed) SELECT * FROM unnest($1::uuid[], $2::bytea[])";
pub(super) const INSERT_SECRET: &str =
    "INSERT INTO secret (job, sealed) SELECT * FROM unnest($1::uuid[], $2::bytea[])";
pub(super) const SECRET_UNTIL: &str = "UPDATE secret SET scrub_at = new.until
    FROM unnest($1::uuid[], $2::bigint[]) AS new (job, until) WHERE secret.job = new.job";
pub(super) const SECRET_GONE: &str = "DELETE FROM secret WHERE job = ANY($1::uuid[])";
pub(super) const INSERT_REPLY: &str = "INSERT INTO reply (job, place, digest, sealed)
    SELECT * FROM unnest($1::uuid[], $2::integer[], $3::bytea[], $4::bytea[])";
pub(super) const INSERT_EXTERNAL: &str = "INSERT INTO external (value, source, digest, job, seq, at)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[], $4::uuid[], $5::bigint[], $6::bigint[])";
pub(super) const INSERT_ATTEMPT: &str =
    "INSERT INTO attempt (job, step, number, started_at, ended_at, kind, status, code, message, sealed)
    SELECT * FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::bigint[], $5::bigint[], $6::smallint[],
        $7::integer[], $8::text[], $9::text[], $10::bytea[])";
pub(super) const WAIT_GONE: &str = "DELETE FROM attempt USING unnest($1::uuid[], $2::integer[], $3::integer[]) AS gone (job, step, number)
    WHERE attempt.job = gone.job AND attempt.step = gone.step AND attempt.number = gone.number AND attempt.kind = 3";
pub(super) const INSERT_DELIVERY: &str = "INSERT INTO delivery
        (id, seq, job, courier, address, state, attempts, due_at, ended_at, message, sealed, placed)
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::smallint[], $7::integer[],
        $8::bigint[], $9::bigint[], $10::text[], $11::bytea[], $12::boolean[])";
pub(super) const UPDATE_DELIVERY: &str =
    "UPDATE delivery SET state = new.state, attempts = new.attempts, due_at = new.due_at,
        ended_at = new.ended_at, message = new.message
    FROM unnest($1::bigint[], $2::smallint[], $3::integer[], $4::bigint[], $5::bigint[], $6::text[])
    AS new (seq, state, attempts, due_at, ended_at, message) WHERE delivery.seq = new.seq";
/// Two who make the same one at once: one of them fails (23505), and finds it there when it tries again.
pub(super) const NEW_ENTITY: &str = "INSERT INTO entity (kind, key, rev, state, label, sealed)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bytea[])";
/// Its row was locked when it was read.
pub(super) const PUT_ENTITY: &str =
    "UPDATE entity SET rev = new.rev, state = new.state, label = new.label, sealed = new.sealed
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bytea[])
    AS new (kind, key, rev, state, label, sealed) WHERE entity.kind = new.kind AND entity.key = new.key";
pub(super) const ENTITY_GONE: &str =
    "DELETE FROM entity USING unnest($1::text[], $2::text[]) AS gone (kind, key)
    WHERE entity.kind = gone.kind AND entity.key = gone.key";
pub(in super::super) const CALL: &str = "INSERT INTO called (kind, key, folded)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
    ON CONFLICT (kind, key) DO UPDATE SET folded = excluded.folded WHERE called.folded <> excluded.folded";
pub(super) const CALL_NO_MORE: &str =
    "DELETE FROM called USING unnest($1::text[], $2::text[]) AS gone (kind, key)
    WHERE called.kind = gone.kind AND called.key = gone.key";
pub(super) const COUNT_ENTITIES: &str = "INSERT INTO entity_tally AS tally (kind, state, entities, node)
    SELECT kind, state, entities, $4 FROM unnest($1::text[], $2::text[], $3::bigint[]) AS new (kind, state, entities)
    ON CONFLICT (kind, state, node) DO UPDATE SET entities = tally.entities + excluded.entities";
pub(super) const INSERT_RECORD: &str = "INSERT INTO record (seq, kind, at, who, what, code, message, sealed, settled)
    SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::bytea[], $9::smallint[])";
pub(super) const SETTLE_RECORD: &str =
    "UPDATE record SET settled = $2 WHERE seq = ANY($1::bigint[]) AND settled = 0";
pub(super) const INSERT_EVENT: &str = "INSERT INTO event (origin, tick, seq, at, kind, job, step, attempt, code)
    SELECT $8, $9, * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::uuid[], $5::integer[], $6::integer[], $7::text[])";
pub(super) const INSERT_SIGNAL: &str = "INSERT INTO signal (origin, n, kind, key)
    SELECT $3, $4 + place, kind, key FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS new (kind, key, place)";
/// It says where the rows lie now.
pub(super) const COUNT_JOBS: &str = "WITH written AS (
        INSERT INTO tally (state, jobs, node)
        SELECT state, by, $3 FROM unnest($1::smallint[], $2::bigint[]) AS new (state, by)
        ON CONFLICT (node, state) DO UPDATE SET jobs = tally.jobs + excluded.jobs RETURNING state, ctid)
    SELECT array_agg(state), array_agg(ctid) FROM written";
/// The same, where they are known to lie: as [`all_of`] fails.
pub(super) const COUNT_JOBS_THERE: &str = "WITH written AS (
        UPDATE tally SET jobs = tally.jobs + new.by
        FROM unnest($1::smallint[], $2::bigint[], $4::tid[]) AS new (state, by, place)
        WHERE tally.ctid = new.place AND (tally.node, tally.state) IS NOT DISTINCT FROM ($3, new.state) RETURNING tally.state, tally.ctid)
    SELECT array_agg(state), array_agg(ctid), 1 / (CASE WHEN count(*) = cardinality($1) THEN 1 ELSE 0 END) FROM written";
pub(super) const RENUMBER: &str = "UPDATE external SET seq = new.seq
    FROM unnest($1::text[], $2::text[], $3::bigint[]) AS new (value, source, seq)
    WHERE external.value = new.value AND external.source = new.source";
pub(super) const PLACE_DELIVERY: &str = "UPDATE delivery SET seq = new.seq, placed = true
    FROM unnest($1::uuid[], $2::bigint[]) AS new (id, seq) WHERE delivery.id = new.id";
pub(super) const INSERT_CAUSE: &str = "INSERT INTO cause (id, backend, code, message)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) ON CONFLICT DO NOTHING";
pub(super) const COUNT_CAUSES: &str = "UPDATE cause SET jobs = jobs + new.by
    FROM unnest($1::bigint[], $2::bigint[]) AS new (id, by) WHERE cause.id = new.id";
pub(super) const CAUSE_GONE: &str = "DELETE FROM cause WHERE id = ANY($1::bigint[]) AND jobs < 1";

/// All of them: prepared before they are needed.
pub(in super::super) const ALL: [&str; 32] = [
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
    NEW_ENTITY,
    PUT_ENTITY,
    ENTITY_GONE,
    CALL,
    CALL_NO_MORE,
    COUNT_ENTITIES,
    INSERT_RECORD,
    SETTLE_RECORD,
    INSERT_EVENT,
    INSERT_SIGNAL,
    COUNT_JOBS,
    COUNT_JOBS_THERE,
    RENUMBER,
    PLACE_DELIVERY,
    INSERT_CAUSE,
    COUNT_CAUSES,
    CAUSE_GONE,
];
