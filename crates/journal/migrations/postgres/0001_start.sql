-- The journal on PostgreSQL. Times are milliseconds since 1970. States and kinds are coded as in src/code.rs. "sealed"
-- columns are nonce, ciphertext and tag of XChaCha20-Poly1305, bound to their row as in SQLite. All numbering is ours, is
-- given by the one writer in the order of its commits, and is never used twice: "floor" remembers what pruning took away.

CREATE TABLE meta (
    name  text COLLATE "C" PRIMARY KEY,
    value bytea NOT NULL
);

CREATE TABLE floor (
    name text COLLATE "C" PRIMARY KEY,
    seq  bigint NOT NULL
);

-- One row for each life of a hub on this journal. "epoch" is raised by whoever declares it dead, "batch" counts its
-- commits: no batch is written unless both are as its writer knows them.
CREATE TABLE pen (
    node    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    life    bigint NOT NULL,
    seat    text NOT NULL,
    pid     bigint NOT NULL,
    server  integer NOT NULL,
    epoch   bigint NOT NULL DEFAULT 1,
    batch   bigint NOT NULL DEFAULT 0,
    over    boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);

CREATE TABLE tally (
    state smallint PRIMARY KEY,
    jobs  bigint NOT NULL
) WITH (fillfactor = 50);

-- Every job that has not ended.
CREATE TABLE live (
    id           uuid PRIMARY KEY,
    seq          bigint NOT NULL,
    source       text COLLATE "C" NOT NULL,
    external_id  text COLLATE "C",
    action       text COLLATE "C" NOT NULL,
    subject      text COLLATE "C",
    class        smallint NOT NULL,
    state        smallint NOT NULL,
    head         boolean NOT NULL,
    lane         text COLLATE "C" NOT NULL,
    due_at       bigint NOT NULL,
    deadline     bigint,
    not_before   bigint,
    dry_run      boolean NOT NULL DEFAULT false,
    status       integer NOT NULL DEFAULT 0,
    code         text COLLATE "C",
    message      text,
    accepted_at  bigint NOT NULL,
    started_at   bigint,
    attempted_at bigint,
    ended_at     bigint,
    replay_of    uuid,
    cancelled_by text,
    -- The backend on which it failed, the cause, whether it is a dead letter (0) or why not any more, and the record that
    -- says who set it aside.
    failed_on    text COLLATE "C",
    cause        bigint,
    settled      smallint,
    aside        bigint,
    -- The frozen steps as one value (JSON), their backends, and what seals both.
    steps        bytea,
    backends     text[],
    plan         bytea,
    -- How many reply addresses are kept, and whether there are secrets.
    replies      integer NOT NULL DEFAULT 0,
    secrets      boolean NOT NULL DEFAULT false,
    -- The attempt under way, and the life that began it. It gets a row of its own when it ends.
    open_step    integer,
    open_number  integer,
    open_at      bigint,
    open_life    bigint
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE UNIQUE INDEX live_seq ON live (seq);
CREATE INDEX live_line ON live (subject, seq) WHERE subject IS NOT NULL;
CREATE INDEX live_ready ON live (lane, class, due_at, seq) WHERE head AND state IN (0, 2);
CREATE INDEX live_deadline ON live (deadline, seq) WHERE deadline IS NOT NULL AND state IN (0, 2);
CREATE INDEX live_running ON live (seq) WHERE open_step IS NOT NULL;
CREATE INDEX live_replay ON live (replay_of) WHERE replay_of IS NOT NULL;

-- Every job that has ended: written once, at its end. Afterwards only what settles a dead letter changes.
CREATE TABLE done (LIKE live INCLUDING DEFAULTS, PRIMARY KEY (id));
CREATE UNIQUE INDEX done_seq ON done (seq);
CREATE INDEX done_subject ON done (subject, seq) WHERE subject IS NOT NULL;
CREATE INDEX done_unlucky ON done (seq) WHERE state > 3;
CREATE INDEX done_replay ON done (replay_of) WHERE replay_of IS NOT NULL;
CREATE INDEX done_dead ON done (seq) WHERE settled = 0;
CREATE INDEX done_cause ON done (cause, seq) WHERE settled = 0;
CREATE INDEX done_cause_end ON done (cause, ended_at, seq) WHERE settled = 0;
CREATE INDEX done_failed_on ON done (failed_on, seq) WHERE failed_on IS NOT NULL;

-- All jobs, for reading.
CREATE VIEW job AS SELECT * FROM live UNION ALL SELECT * FROM done;

-- What failed jobs have in common, and how many of them are dead letters. The id follows from the rest.
CREATE TABLE cause (
    id      bigint PRIMARY KEY,
    backend text COLLATE "C",
    code    text COLLATE "C",
    message text NOT NULL,
    jobs    bigint NOT NULL DEFAULT 0
);

-- Written once.
CREATE TABLE body (
    job    uuid PRIMARY KEY,
    sealed bytea NOT NULL
);

CREATE TABLE secret (
    job      uuid PRIMARY KEY,
    sealed   bytea NOT NULL,
    scrub_at bigint
);
CREATE INDEX secret_scrub ON secret (scrub_at) WHERE scrub_at IS NOT NULL;

-- Where answers go: one row for each caller, told apart by a keyed hash.
CREATE TABLE reply (
    job    uuid NOT NULL,
    place  integer NOT NULL,
    digest bytea NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (job, place)
);

-- Callers' own ids. They outlive their jobs. "seq" is the number of the job that came with it.
CREATE TABLE external (
    value  text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    job    uuid NOT NULL,
    seq    bigint NOT NULL,
    at     bigint NOT NULL,
    PRIMARY KEY (value, source)
);
CREATE INDEX external_seq ON external (seq);

-- Attempts that are over. One without an end was interrupted.
CREATE TABLE attempt (
    job        uuid NOT NULL,
    step       integer NOT NULL,
    number     integer NOT NULL,
    started_at bigint NOT NULL,
    ended_at   bigint,
    kind       smallint,
    status     integer NOT NULL DEFAULT 0,
    code       text COLLATE "C",
    message    text,
    sealed     bytea,
    PRIMARY KEY (job, step, number)
);

CREATE TABLE delivery (
    seq      bigint PRIMARY KEY,
    id       uuid NOT NULL,
    job      uuid,
    courier  text COLLATE "C" NOT NULL,
    address  text COLLATE "C" NOT NULL,
    state    smallint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    due_at   bigint NOT NULL,
    ended_at bigint,
    message  text,
    sealed   bytea NOT NULL
);
CREATE UNIQUE INDEX delivery_id ON delivery (id);
CREATE INDEX delivery_pending ON delivery (seq) WHERE state = 0;
CREATE INDEX delivery_line ON delivery (courier, md5(address), seq) WHERE state = 0;
CREATE INDEX delivery_dead ON delivery (seq) WHERE state = 2;
CREATE INDEX delivery_job ON delivery (job, seq) WHERE job IS NOT NULL;
CREATE INDEX delivery_free ON delivery (ended_at) WHERE job IS NULL AND ended_at IS NOT NULL;

CREATE TABLE entity (
    kind   text COLLATE "C" NOT NULL,
    key    text COLLATE "C" NOT NULL,
    rev    bigint NOT NULL,
    state  text COLLATE "C" NOT NULL,
    label  text NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (kind, key)
);
CREATE INDEX entity_state ON entity (kind, state, key);

-- How many there are of each kind and state.
CREATE TABLE entity_tally (
    kind     text COLLATE "C" NOT NULL,
    state    text COLLATE "C" NOT NULL,
    entities bigint NOT NULL,
    PRIMARY KEY (kind, state)
);

CREATE TABLE record (
    seq     bigint PRIMARY KEY,
    kind    smallint NOT NULL,
    at      bigint NOT NULL,
    who     text COLLATE "C" NOT NULL,
    what    text COLLATE "C",
    code    text COLLATE "C" NOT NULL,
    message text NOT NULL,
    sealed  bytea NOT NULL,
    -- Of a refusal: whether it is a dead letter (0), was handed in again (1) or set aside (3).
    settled smallint
);
CREATE INDEX record_kind ON record (kind, seq);
CREATE INDEX record_dead ON record (seq) WHERE settled = 0;

CREATE TABLE event (
    seq     bigint PRIMARY KEY,
    at      bigint NOT NULL,
    kind    smallint NOT NULL,
    job     uuid,
    step    integer,
    attempt integer,
    code    text COLLATE "C"
);

INSERT INTO tally (state, jobs) SELECT state, 0 FROM generate_series(0, 6) AS state;
INSERT INTO floor (name, seq) VALUES ('job', 0), ('delivery', 0), ('record', 0), ('event', 0);
