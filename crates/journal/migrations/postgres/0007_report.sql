-- What each hub was told by its files, as digests by their names: whoever was told something else is found by it.
CREATE TABLE report (
    node bigint PRIMARY KEY REFERENCES pen ON DELETE CASCADE,
    said text NOT NULL
);
