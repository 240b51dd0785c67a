-- Schema version 3.
-- chat_counters.row_sum  16 bytes: chat::row_sum over all chat rows, the other columns of this one included. A
--                        store that is older than this column gets the sum of what it holds then.
ALTER TABLE chat_counters ADD COLUMN row_sum BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
