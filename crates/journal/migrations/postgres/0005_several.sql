-- Several hubs write at once. Numbers come from sequences, without a cache: whoever asks for one after somebody else was
-- answered gets the higher one. What is counted is counted by each hub for itself, and added up by whoever reads it.
CREATE SEQUENCE job_number;
CREATE SEQUENCE delivery_number;
CREATE SEQUENCE record_number;
CREATE SEQUENCE tick;
SELECT setval('job_number', 1 + greatest((SELECT max(seq) FROM live), (SELECT max(seq) FROM done),
                                         (SELECT max(seq) FROM floor WHERE name = 'job'), 0), false),
       setval('delivery_number', 1 + greatest((SELECT max(seq) FROM delivery),
                                              (SELECT max(seq) FROM floor WHERE name = 'delivery'), 0), false),
       setval('record_number', 1 + greatest((SELECT max(seq) FROM record),
                                            (SELECT max(seq) FROM floor WHERE name = 'record'), 0), false);
DROP TABLE floor;

-- Each life numbers its own events, one after the other ("origin" is its node). "tick" is the same for those of a commit, and
-- higher for those of a commit that began when this one was told.
ALTER TABLE event
    ADD COLUMN origin bigint NOT NULL DEFAULT 0,
    ADD COLUMN tick bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT event_pkey,
    ADD PRIMARY KEY (origin, seq);

ALTER TABLE tally
    ADD COLUMN node bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT tally_pkey,
    ADD PRIMARY KEY (node, state);
ALTER TABLE entity_tally
    ADD COLUMN node bigint NOT NULL DEFAULT 0,
    DROP CONSTRAINT entity_tally_pkey,
    ADD PRIMARY KEY (kind, state, node);

-- All jobs are in 256 shards, by their subjects: each is owned by one hub, which alone puts them in line and runs them.
CREATE TABLE shard (
    id    smallint PRIMARY KEY,
    owner bigint
) WITH (fillfactor = 50);
INSERT INTO shard (id) SELECT id FROM generate_series(0, 255) AS id;
CREATE INDEX shard_owner ON shard (owner);

-- "rev" counts what is written on a row, so that nothing is written over what nobody has seen. One that was accepted by a hub
-- that does not own its shard is not "placed" in the line of its subject yet, and is no head.
ALTER TABLE live
    ADD COLUMN rev integer NOT NULL DEFAULT 0,
    ADD COLUMN placed boolean NOT NULL DEFAULT true,
    ADD COLUMN shard smallint NOT NULL GENERATED ALWAYS AS
        (get_byte(CASE WHEN subject IS NULL THEN uuid_send(id) ELSE decode(md5(subject), 'hex') END,
                  CASE WHEN subject IS NULL THEN 15 ELSE 0 END)) STORED;
ALTER TABLE done ADD COLUMN rev integer NOT NULL DEFAULT 0;
CREATE INDEX live_arrived ON live (shard, seq) WHERE NOT placed;
CREATE OR REPLACE VIEW job AS
    SELECT id, seq, source, external_id, action, subject, class, state, head, lane, due_at, deadline, not_before, dry_run,
           status, code, message, accepted_at, started_at, attempted_at, ended_at, replay_of, cancelled_by, failed_on, cause,
           settled, aside, steps, backends, plan, replies, secrets, open_step, open_number, open_at, open_life, rev, placed
    FROM live
    UNION ALL
    SELECT id, seq, source, external_id, action, subject, class, state, head, lane, due_at, deadline, not_before, dry_run,
           status, code, message, accepted_at, started_at, attempted_at, ended_at, replay_of, cancelled_by, failed_on, cause,
           settled, aside, steps, backends, plan, replies, secrets, open_step, open_number, open_at, open_life, rev, true
    FROM done;

ALTER TABLE delivery ADD COLUMN placed boolean NOT NULL DEFAULT true;
CREATE INDEX delivery_arrived ON delivery (seq) WHERE NOT placed;
