//! What is carried: the tables that both engines have, in the order in which they are written.

use super::cell::Kind::{self, Bytes, Flag, Id, Int, Steps, Text};

/// A table. Its columns are those of PostgreSQL, where the first ones are its key.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Kind)],
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "only PostgreSQL goes on by it"))]
    pub(crate) key: usize,
    pub(crate) folder: InFolder,
}

/// The same in a folder.
pub(crate) struct InFolder {
    /// How many rows there are.
    pub(crate) count: &'static str,
    /// Rows behind a place, in order, at most so many: their place, which has so many values, and the columns. The numbers
    /// of jobs, by which their rows are held together there, become their ids.
    pub(crate) select: &'static str,
    pub(crate) place: usize,
    /// Writes a row.
    pub(crate) insert: &'static str,
}

const JOB: &[(&str, Kind)] = &[
    ("seq", Int),
    ("id", Id),
    ("source", Text),
    ("external_id", Text),
    ("action", Text),
    ("subject", Text),
    ("class", Int),
    ("state", Int),
    ("head", Flag),
    ("lane", Text),
    ("due_at", Int),
    ("deadline", Int),
    ("not_before", Int),
    ("dry_run", Flag),
    ("status", Int),
    ("code", Text),
    ("message", Text),
    ("accepted_at", Int),
    ("started_at", Int),
    ("attempted_at", Int),
    ("ended_at", Int),
    ("replay_of", Id),
    ("cancelled_by", Text),
    ("failed_on", Text),
    ("cause", Int),
    ("settled", Int),
    ("aside", Int),
    ("plan", Bytes),
    ("replies", Int),
    ("secrets", Flag),
    ("open_step", Int),
    ("open_number", Int),
    ("open_at", Int),
    ("open_life", Int),
    ("steps", Steps),
];

macro_rules! select_job {
    ($which:literal) => {
        concat!(
            "SELECT seq, seq, id, source, external_id, action, subject, class, state, head, lane, due_at, deadline,
                    not_before, dry_run, status, code, message, accepted_at, started_at, attempted_at, ended_at, replay_of,
                    cancelled_by, failed_on, cause, settled, aside, plan, replies, secrets, open_step, open_number, open_at,
                    open_life, steps FROM job ",
            $which,
            " AND seq > ?1 ORDER BY seq LIMIT ?2"
        )
    };
}

const INSERT_JOB: &str = "INSERT INTO job (seq, id, source, external_id, action, subject, class, state, head, lane, due_at,
        deadline, not_before, dry_run, status, code, message, accepted_at, started_at, attempted_at, ended_at, replay_of,
        cancelled_by, failed_on, cause, settled, aside, plan, replies, secrets, open_step, open_number, open_at, open_life,
        steps)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24,
        ?25, ?26, ?27, ?28, ?29, ?30, ?31, ?32, ?33, ?34, ?35)";

/// All of them. What is counted (jobs by state, entities by kind) is counted anew at the end.
pub(crate) const TABLES: [Table; 12] = [
    Table {
        name: "live",
        columns: JOB,
        key: 1,
        folder: InFolder {
            count: "SELECT count(*) FROM job INDEXED BY job_alive WHERE ended_at IS NULL",
            select: select_job!("INDEXED BY job_alive WHERE ended_at IS NULL"),
            place: 1,
            insert: INSERT_JOB,
        },
    },
    Table {
        name: "done",
        columns: JOB,
        key: 1,
        folder: InFolder {
            count: "SELECT count(*) FROM job WHERE ended_at IS NOT NULL",
            select: select_job!("NOT INDEXED WHERE ended_at IS NOT NULL"),
            place: 1,
            insert: INSERT_JOB,
        },
    },
    Table {
        name: "cause",
        columns: &[("id", Int), ("backend", Text), ("code", Text), ("message", Text), ("jobs", Int)],
        key: 1,
        folder: InFolder {
            count: "SELECT count(*) FROM cause",
            select: "SELECT id, id, backend, code, message, jobs FROM cause WHERE id > ?1 ORDER BY id LIMIT ?2",
            place: 1,
            insert: "INSERT INTO cause (id, backend, code, message, jobs) VALUES (?1, ?2, ?3, ?4, ?5)",
        },
    },
    Table {
        name: "body",
        columns: &[("job", Id), ("sealed", Bytes)],
        key: 1,
        folder: InFolder {
            count: "SELECT count(*) FROM body",
            select: "SELECT seq, id, sealed FROM body JOIN job USING (seq) WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            place: 1,
            insert: "INSERT INTO body (seq, sealed) SELECT seq, ?2 FROM job WHERE id = ?1",
        },
    },
    Table {
        name: "secret",
        columns: &[("job", Id), ("sealed", Bytes), ("scrub_at", Int)],
        key: 1,
        folder: InFolder {
            count: "SELECT count(*) FROM secret",
            select: "SELECT seq, id, sealed, scrub_at FROM secret JOIN job USING (seq)
                     WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            place: 1,
            insert: "INSERT INTO secret (seq, sealed, scrub_at) SELECT seq, ?2, ?3 FROM job WHERE id = ?1",
        },
    },
    Table {
        name: "reply",
        columns: &[("job", Id), ("place", Int), ("digest", Bytes), ("sealed", Bytes)],
        key: 2,
        folder: InFolder {
            count: "SELECT count(*) FROM reply",
            select: "SELECT seq, place, id, place, digest, sealed FROM reply JOIN job USING (seq)
                     WHERE (seq, place) > (?1, ?2) ORDER BY seq, place LIMIT ?3",
            place: 2,
            insert: "INSERT INTO reply (seq, place, digest, sealed) SELECT seq, ?2, ?3, ?4 FROM job WHERE id = ?1",
        },
    },
    Table {
        name: "external",
        columns: &[
            ("value", Text),
            ("source", Text),
            ("digest", Bytes),
            ("job", Id),
            ("seq", Int),
            ("at", Int),
        ],
        key: 2,
        folder: InFolder {
            count: "SELECT count(*) FROM external",
            select: "SELECT seq, value, source, digest, job, seq, at FROM external WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            place: 1,
            insert: "INSERT INTO external (value, source, digest, job, seq, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        },
    },
    Table {
        name: "attempt",
        columns: &[
            ("job", Id),
            ("step", Int),
            ("number", Int),
            ("started_at", Int),
            ("ended_at", Int),
            ("kind", Int),
            ("status", Int),
            ("code", Text),
            ("message", Text),
            ("sealed", Bytes),
        ],
        key: 3,
        folder: InFolder {
            count: "SELECT count(*) FROM attempt",
            select: "SELECT attempt.id, job.id, attempt.id / 65536 % 256, attempt.id % 65536, attempt.started_at,
                            attempt.ended_at, kind, attempt.status, attempt.code, attempt.message, sealed
                     FROM attempt JOIN job ON job.seq = attempt.id / 16777216
                     WHERE attempt.id > ?1 ORDER BY attempt.id LIMIT ?2",
            place: 1,
            insert: "INSERT INTO attempt (id, started_at, ended_at, kind, status, code, message, sealed)
                     SELECT (seq * 256 + ?2) * 65536 + ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 FROM job WHERE id = ?1",
        },
    },
    Table {
        name: "delivery",
        columns: &[
            ("seq", Int),
            ("id", Id),
            ("job", Id),
            ("courier", Text),
            ("address", Text),
            ("state", Int),
            ("attempts", Int),
            ("due_at", Int),
            ("ended_at", Int),
            ("message", Text),
            ("sealed", Bytes),
        ],
        key: 1,
        folder: InFolder {
            count: "SELECT count(*) FROM delivery",
            select: "SELECT delivery.seq, delivery.seq, delivery.id, job.id, courier, address, delivery.state, attempts,
                            delivery.due_at, delivery.ended_at, delivery.message, sealed
                     FROM delivery LEFT JOIN job ON job.seq = delivery.job
                     WHERE delivery.seq > ?1 ORDER BY delivery.seq LIMIT ?2",
            place: 1,
            insert: "INSERT INTO delivery (seq, id, job, courier, address, state, attempts, due_at, ended_at, message, sealed)
                     VALUES (?1, ?2, (SELECT seq FROM job WHERE id = ?3), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        },
    },
    Table {
        name: "entity",
        columns: &[
            ("kind", Text),
            ("key", Text),
            ("rev", Int),
            ("state", Text),
            ("label", Text),
            ("sealed", Bytes),
        ],
        key: 2,
        folder: InFolder {
            count: "SELECT count(*) FROM entity",
            select: "SELECT kind, key, kind, key, rev, state, label, sealed FROM entity
                     WHERE (kind, key) > (?1, ?2) ORDER BY kind, key LIMIT ?3",
            place: 2,
            insert: "INSERT INTO entity (kind, key, rev, state, label, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        },
    },
    Table {
        name: "record",
        columns: &[
            ("seq", Int),
            ("kind", Int),
            ("at", Int),
            ("who", Text),
            ("what", Text),
            ("code", Text),
            ("message", Text),
            ("sealed", Bytes),
            ("settled", Int),
        ],
        key: 1,
        folder: InFolder {
            count: "SELECT count(*) FROM record",
            select: "SELECT seq, seq, kind, at, who, what, code, message, sealed, settled FROM record
                     WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            place: 1,
            insert: "INSERT INTO record (seq, kind, at, who, what, code, message, sealed, settled)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        },
    },
    Table {
        name: "event",
        columns: &[
            ("seq", Int),
            ("at", Int),
            ("kind", Int),
            ("job", Id),
            ("step", Int),
            ("attempt", Int),
            ("code", Text),
        ],
        key: 1,
        folder: InFolder {
            count: "SELECT count(*) FROM event",
            select: "SELECT seq, seq, at, kind, job, step, attempt, code FROM event
                     WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            place: 1,
            insert: "INSERT INTO event (seq, at, kind, job, step, attempt, code) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        },
    },
];
