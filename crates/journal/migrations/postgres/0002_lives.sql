-- A hub that stands by has a row, too: "role" is 1 for the one at work, of which there is never more than one, and 0 for those
-- that wait for its end. Whoever is there moves "batch" every second.
ALTER TABLE pen
    ADD COLUMN role smallint NOT NULL DEFAULT 1,
    ADD COLUMN version text NOT NULL DEFAULT '',
    ADD COLUMN since timestamptz NOT NULL DEFAULT now();
CREATE UNIQUE INDEX pen_at_work ON pen (role) WHERE role = 1 AND NOT over;
CREATE INDEX pen_living ON pen (node) WHERE NOT over;
