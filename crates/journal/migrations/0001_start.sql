-- Times are milliseconds since 1970. States and kinds are coded as in src/sqlite/code.rs. "sealed" columns are
-- nonce, ciphertext and tag of XChaCha20-Poly1305, bound to their row. All numbering (seq) is ours, and is never
-- used twice: "floor" remembers what pruning took away.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE floor (
    name TEXT PRIMARY KEY,
    seq  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE tally (
    state INTEGER PRIMARY KEY,
    jobs  INTEGER NOT NULL
);

CREATE TABLE job (
    seq          INTEGER PRIMARY KEY,
    id           BLOB NOT NULL,
    source       TEXT NOT NULL,
    external_id  TEXT,
    action       TEXT NOT NULL,
    subject      TEXT,
    class        INTEGER NOT NULL,
    state        INTEGER NOT NULL,
    head         INTEGER NOT NULL,
    lane         TEXT NOT NULL,
    due_at       INTEGER NOT NULL,
    deadline     INTEGER,
    status       INTEGER NOT NULL DEFAULT 0,
    code         TEXT,
    message      TEXT,
    accepted_at  INTEGER NOT NULL,
    started_at   INTEGER,
    attempted_at INTEGER,
    ended_at     INTEGER,
    replay_of    BLOB,
    cancelled_by TEXT,
    -- How many steps are frozen, reply addresses kept, and whether there are secrets.
    steps        INTEGER NOT NULL DEFAULT 0,
    replies      INTEGER NOT NULL DEFAULT 0,
    secrets      INTEGER NOT NULL DEFAULT 0,
    -- The attempt under way. It gets a row of its own when it ends.
    open_step    INTEGER,
    open_number  INTEGER,
    open_at      INTEGER
);
CREATE UNIQUE INDEX job_id ON job (id);
-- All jobs of a subject; its live ones. "ended_at" and not "state" says that a job lives: a start does not touch it.
CREATE INDEX job_subject ON job (subject, seq) WHERE subject IS NOT NULL;
CREATE INDEX job_live ON job (subject, seq) WHERE ended_at IS NULL;
-- What the dispatcher may take up.
CREATE INDEX job_ready ON job (lane, class, due_at, seq) WHERE head = 1 AND state IN (0, 2);
CREATE INDEX job_deadline ON job (deadline, seq) WHERE deadline IS NOT NULL AND state IN (0, 2);
-- Ended, and not succeeded: the dead letters and their like.
CREATE INDEX job_unlucky ON job (seq) WHERE state > 3;

-- Written once.
CREATE TABLE body (
    seq    INTEGER PRIMARY KEY,
    sealed BLOB NOT NULL
);

CREATE TABLE secret (
    seq      INTEGER PRIMARY KEY,
    sealed   BLOB NOT NULL,
    scrub_at INTEGER
);
CREATE INDEX secret_scrub ON secret (scrub_at) WHERE scrub_at IS NOT NULL;

-- Where answers go: one row for each caller, told apart by a keyed hash.
CREATE TABLE reply (
    seq    INTEGER NOT NULL,
    place  INTEGER NOT NULL,
    digest BLOB NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (seq, place)
) WITHOUT ROWID;

-- Callers' own ids. They outlive their jobs.
CREATE TABLE external (
    seq    INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    value  TEXT NOT NULL,
    digest BLOB NOT NULL,
    job    BLOB NOT NULL,
    at     INTEGER NOT NULL
);
CREATE UNIQUE INDEX external_value ON external (value, source);

-- id = job seq * 256 + place.
CREATE TABLE step (
    id       INTEGER PRIMARY KEY,
    backend  TEXT NOT NULL,
    on_error INTEGER NOT NULL,
    state    INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    status   INTEGER NOT NULL DEFAULT 0,
    code     TEXT,
    message  TEXT
);

-- id = step id * 65536 + number. An attempt without an end was interrupted.
CREATE TABLE attempt (
    id         INTEGER PRIMARY KEY,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    kind       INTEGER,
    status     INTEGER NOT NULL DEFAULT 0,
    code       TEXT,
    message    TEXT,
    sealed     BLOB
);

CREATE TABLE delivery (
    seq      INTEGER PRIMARY KEY,
    id       BLOB NOT NULL,
    job      INTEGER,
    courier  TEXT NOT NULL,
    address  TEXT NOT NULL,
    state    INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at   INTEGER NOT NULL,
    ended_at INTEGER,
    message  TEXT,
    sealed   BLOB NOT NULL
);
CREATE UNIQUE INDEX delivery_id ON delivery (id);
CREATE INDEX delivery_pending ON delivery (seq) WHERE state = 0;
CREATE INDEX delivery_job ON delivery (job, seq) WHERE job IS NOT NULL;
CREATE INDEX delivery_free ON delivery (ended_at) WHERE job IS NULL AND ended_at IS NOT NULL;

CREATE TABLE entity (
    kind   TEXT NOT NULL,
    key    TEXT NOT NULL,
    rev    INTEGER NOT NULL,
    state  TEXT NOT NULL,
    label  TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;

CREATE TABLE record (
    seq     INTEGER PRIMARY KEY,
    kind    INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    who     TEXT NOT NULL,
    what    TEXT,
    code    TEXT NOT NULL,
    message TEXT NOT NULL,
    sealed  BLOB NOT NULL
);
CREATE INDEX record_kind ON record (kind, seq);

CREATE TABLE event (
    seq     INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    kind    INTEGER NOT NULL,
    job     BLOB,
    step    INTEGER,
    attempt INTEGER,
    code    TEXT
);

INSERT INTO tally (state, jobs) VALUES (0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0);
INSERT INTO floor (name, seq) VALUES ('job', 0), ('delivery', 0), ('record', 0), ('event', 0);
