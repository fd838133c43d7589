-- Entities by what is in clear, without their bodies: in the order of their keys, and those of one state.
CREATE INDEX entity_listed ON entity (kind, key, state, label);
CREATE INDEX entity_state ON entity (kind, state, key, label);
-- How many there are of each kind and state.
CREATE TABLE entity_tally (
    kind     TEXT NOT NULL,
    state    TEXT NOT NULL,
    entities INTEGER NOT NULL,
    PRIMARY KEY (kind, state)
) WITHOUT ROWID;
INSERT INTO entity_tally SELECT kind, state, count(*) FROM entity GROUP BY kind, state;
CREATE TRIGGER entity_came AFTER INSERT ON entity BEGIN
    INSERT OR IGNORE INTO entity_tally VALUES (new.kind, new.state, 0);
    UPDATE entity_tally SET entities = entities + 1 WHERE kind = new.kind AND state = new.state;
END;
CREATE TRIGGER entity_moved AFTER UPDATE OF state ON entity WHEN old.state <> new.state BEGIN
    UPDATE entity_tally SET entities = entities - 1 WHERE kind = old.kind AND state = old.state;
    INSERT OR IGNORE INTO entity_tally VALUES (new.kind, new.state, 0);
    UPDATE entity_tally SET entities = entities + 1 WHERE kind = new.kind AND state = new.state;
END;
CREATE TRIGGER entity_left AFTER DELETE ON entity BEGIN
    UPDATE entity_tally SET entities = entities - 1 WHERE kind = old.kind AND state = old.state;
END;
