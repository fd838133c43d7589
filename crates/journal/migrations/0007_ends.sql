-- What failed jobs have in common, and how many of them are dead letters. The id follows from the rest.
CREATE TABLE cause (
    id      INTEGER PRIMARY KEY,
    backend TEXT,
    code    TEXT,
    message TEXT NOT NULL,
    jobs    INTEGER NOT NULL DEFAULT 0
);
-- Of a job that failed: the backend on which it did, the cause, whether it is a dead letter (0) or why not any more, and the
-- record that says who set it aside.
ALTER TABLE job ADD COLUMN failed_on TEXT;
ALTER TABLE job ADD COLUMN cause INTEGER;
ALTER TABLE job ADD COLUMN settled INTEGER;
ALTER TABLE job ADD COLUMN aside INTEGER;
CREATE INDEX job_dead ON job (seq) WHERE settled = 0;
CREATE INDEX job_cause ON job (cause, seq) WHERE settled = 0;
CREATE INDEX job_cause_end ON job (cause, ended_at) WHERE settled = 0;
CREATE INDEX job_failed_on ON job (failed_on, seq) WHERE failed_on IS NOT NULL;
CREATE TRIGGER cause_came AFTER UPDATE OF settled ON job WHEN new.settled IS 0 AND old.settled IS NOT 0 BEGIN
    UPDATE cause SET jobs = jobs + 1 WHERE id = new.cause;
END;
CREATE TRIGGER cause_ended AFTER UPDATE OF settled ON job WHEN old.settled IS 0 AND new.settled IS NOT 0 BEGIN
    UPDATE cause SET jobs = jobs - 1 WHERE id = old.cause;
END;
CREATE TRIGGER cause_gone AFTER DELETE ON job WHEN old.settled IS 0 BEGIN
    UPDATE cause SET jobs = jobs - 1 WHERE id = old.cause;
END;
CREATE TRIGGER cause_empty AFTER UPDATE OF jobs ON cause WHEN new.jobs < 1 BEGIN
    DELETE FROM cause WHERE id = new.id;
END;
-- Of a refusal: whether it is a dead letter (0), was handed in again (1) or set aside (3).
ALTER TABLE record ADD COLUMN settled INTEGER;
UPDATE record SET settled = 0 WHERE kind = 0;
CREATE INDEX record_dead ON record (seq) WHERE settled = 0;
