-- Schema version 7: what the next run may believe of what this one left.
-- meta.run_on       which boot of a kernel ran the process that opened the file last, and which file that was; NULL: not
--                   known
-- meta.log_bytes    of the kept log rows, as chain::entry::bytes() counts; NULL: not counted yet
-- meta.scrubbed_ms  the wall clock when all rows had last been read and were those that were written, ms since 1970 UTC;
--                   NULL: never
-- meta.suspect      1: the disk was seen to have changed rows, and nobody has proven them since; else 0
ALTER TABLE meta ADD COLUMN run_on TEXT;
ALTER TABLE meta ADD COLUMN log_bytes INTEGER;
ALTER TABLE meta ADD COLUMN scrubbed_ms INTEGER;
ALTER TABLE meta ADD COLUMN suspect INTEGER NOT NULL DEFAULT 0;
