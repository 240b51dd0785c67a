-- Schema version 6.
-- chat_counters.forgotten_ms  later than the time of any cid whose result has gone from chat_remembered: no key before it
--                             is carried out. 0: none has; also in a store that is older than this column.
ALTER TABLE chat_counters ADD COLUMN forgotten_ms INTEGER NOT NULL DEFAULT 0;
