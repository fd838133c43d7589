-- Live jobs in their order, for listings. Small, and touched only where a job is accepted and where it ends.
CREATE INDEX job_alive ON job (seq) WHERE ended_at IS NULL;
-- Deliveries given up.
CREATE INDEX delivery_dead ON delivery (seq) WHERE state = 2;
-- The replays of a job.
CREATE INDEX job_replay ON job (replay_of) WHERE replay_of IS NOT NULL;
