-- What a snapshot file has beside the store's own tables; the row is written last, so that a file that has one was
-- complete once. Installing the snapshot drops it.

CREATE TABLE snapshot_manifest (
    one        INTEGER PRIMARY KEY CHECK (one = 1),  -- there is one row
    format     TEXT NOT NULL,     -- chaind.snapshot.v2
    id         BLOB NOT NULL,     -- 16 bytes, random: of this very file
    cluster    TEXT NOT NULL,     -- id in hexadecimal; empty: none yet
    lineage    TEXT NOT NULL,     -- of the log; may be empty
    created_ms INTEGER NOT NULL,  -- the maker's wall clock, ms since 1970 UTC
    pos        INTEGER NOT NULL,  -- seq of the last log row that the chat tables contain
    epoch      INTEGER NOT NULL,  -- that row's epoch
    hash       BLOB NOT NULL,     -- that row's hash
    ts_us      INTEGER NOT NULL,  -- that row's time stamp
    state      BLOB NOT NULL,     -- 16 bytes: digest of the chat state
    messages   INTEGER NOT NULL,  -- rows of chat_message
    accounts   INTEGER NOT NULL,  -- rows of chat_user
    sum        BLOB NOT NULL      -- 16 bytes: BLAKE2b-128 of this row's other columns, in this order from id on
) STRICT;
