-- A job that begins changes no index: its row stays on its page where there is room (a heap-only update), and is found by the
-- entries that it has. Indexes say what is a head; what runs among the heads, few at any time, is seen in their rows.
DROP INDEX live_ready;
CREATE INDEX live_ready ON live (lane, class, due_at, seq) WHERE head;
DROP INDEX live_deadline;
CREATE INDEX live_deadline ON live (deadline, seq) WHERE deadline IS NOT NULL;
DROP INDEX live_running;
