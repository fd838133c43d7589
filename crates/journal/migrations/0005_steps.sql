-- How many attempts of a step have come to their own end, and when it is tried again after one that failed softly. Of
-- what older versions left, the pause of a step is not known beside that of its job.
ALTER TABLE step ADD COLUMN tried INTEGER NOT NULL DEFAULT 0;
ALTER TABLE step ADD COLUMN due_at INTEGER;
UPDATE step SET tried = attempts - (state = 1) - (
        SELECT count(*) FROM attempt WHERE attempt.id BETWEEN step.id * 65536 AND step.id * 65536 + 65535
        AND (ended_at IS NULL OR code = 'interrupted'))
    WHERE attempts > 0 AND id / 256 IN (SELECT seq FROM job INDEXED BY job_alive WHERE ended_at IS NULL);
UPDATE step SET due_at = (SELECT due_at FROM job WHERE seq = step.id / 256)
    WHERE state = 0 AND attempts > 0 AND code <> 'interrupted'
        AND id / 256 IN (SELECT seq FROM job INDEXED BY job_alive WHERE ended_at IS NULL);
-- What waits to leave for each address.
CREATE INDEX delivery_line ON delivery (courier, address, seq) WHERE state = 0;
-- The life of the journal (each opening for work is one) that began the attempt under way.
ALTER TABLE job ADD COLUMN open_life INTEGER;
