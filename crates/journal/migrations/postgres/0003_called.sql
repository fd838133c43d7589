-- What entities are called, as searches compare it: their labels in small letters without accents. Those without a label
-- have no row. It follows from the labels, and is written with them.
CREATE TABLE called (
    kind   text COLLATE "C" NOT NULL,
    key    text COLLATE "C" NOT NULL,
    folded text COLLATE "C" NOT NULL,
    PRIMARY KEY (kind, key)
);
