-- Which entities each hub has written while others worked beside it: in the commit that wrote them, numbered by each for itself,
-- one after the other. Whoever keeps copies reads what is new of each of the others. The last one of a life that is not over
-- stays, so that its numbers are known.
CREATE TABLE signal (
    origin bigint NOT NULL,
    n      bigint NOT NULL,
    at     timestamptz NOT NULL DEFAULT now(),
    kind   text COLLATE "C" NOT NULL,
    key    text COLLATE "C" NOT NULL,
    PRIMARY KEY (origin, n)
);
CREATE INDEX signal_at ON signal (at);
