-- A hub that is drained takes no work, whoever else is gone, until it is resumed or starts anew. "told_by" has said so last.
ALTER TABLE pen
    ADD COLUMN drained boolean NOT NULL DEFAULT false,
    ADD COLUMN told_by text NOT NULL DEFAULT '';
