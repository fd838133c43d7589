-- Sealed values are bound to all that decides in their rows. A live job's plan is sealed as well: nonce and tag, bound to
-- backends and order. "meta" may have: "key_before", by which the key is recognised that rows not yet sealed anew have;
-- "turned_to", how far that has come; "digest_before", sealed, the key of keyed hashes made before the last change of key.
ALTER TABLE job ADD COLUMN plan BLOB;
