-- Schema version 5.
-- meta.promise_id  16 bytes: which configuration of the epoch `promise` was promised, since a registry that is put back
--                  to an earlier state gives epochs out twice; NULL: promised before configurations had ids, or none.
ALTER TABLE meta ADD COLUMN promise_id BLOB;
