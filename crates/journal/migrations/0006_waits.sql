-- How many attempts of a step have ended because its backend said "not now", and for how long it was told to wait in all, in
-- milliseconds. Of such attempts in a row only the last one has a row of its own.
ALTER TABLE step ADD COLUMN waits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE step ADD COLUMN waited INTEGER NOT NULL DEFAULT 0;
-- Before when a job does not start, as its request says, and whether it is a dry run. Its body is bound to both.
ALTER TABLE job ADD COLUMN not_before INTEGER;
ALTER TABLE job ADD COLUMN dry_run INTEGER NOT NULL DEFAULT 0;
