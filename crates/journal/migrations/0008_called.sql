-- What entities are called, as searches compare it: their labels in small letters without accents. Those without a label
-- have no row. It follows from the labels, and is written with them.
CREATE TABLE called (
    kind   TEXT NOT NULL,
    key    TEXT NOT NULL,
    folded TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
