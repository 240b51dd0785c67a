-- What a replica keeps beside the chat state: who it is, what it promised, its log. Schema version: PRAGMA
-- user_version. docs/protocol.md 1.

CREATE TABLE meta (
    one           INTEGER PRIMARY KEY CHECK (one = 1),  -- there is one row
    store         BLOB NOT NULL,      -- 16 bytes, made with this file: a wiped disk is another store
    cluster       BLOB,               -- 16 bytes; NULL until the store first meets its config service
    boot          BLOB NOT NULL,      -- 16 bytes: the run that opened the file last
    promise       INTEGER NOT NULL,   -- epoch of the highest promised configuration; 0: none
    promise_state INTEGER NOT NULL,   -- config_state of that configuration
    joiner        TEXT,               -- its joiner's name; NULL: none
    applied       INTEGER NOT NULL,   -- seq of the last log row that the chat tables contain
    applied_epoch INTEGER NOT NULL,   -- that row's epoch
    applied_hash  BLOB NOT NULL,      -- that row's hash
    applied_ts_us INTEGER NOT NULL,   -- that row's time stamp
    base          INTEGER NOT NULL,   -- seq of the row before the first kept one; 0: the log is whole
    base_epoch    INTEGER NOT NULL,   -- that row's epoch
    base_hash     BLOB NOT NULL,      -- that row's hash
    base_ts_us    INTEGER NOT NULL    -- that row's time stamp
) STRICT;

CREATE TABLE promised_member (
    position INTEGER PRIMARY KEY,  -- in the promised chain; 0: the head
    name     TEXT NOT NULL,        -- node name
    store    BLOB NOT NULL,        -- 16 bytes
    boot     BLOB NOT NULL         -- 16 bytes
) STRICT;

CREATE TABLE log (
    seq     INTEGER PRIMARY KEY,  -- dense from meta.base + 1 on; clients see it as `pos`
    epoch   INTEGER NOT NULL,     -- of the head that assigned seq
    ts_us   INTEGER NOT NULL,     -- the head's wall clock, made to rise; microseconds since 1970 UTC
    request BLOB NOT NULL,        -- 16 bytes, chosen by the gateway that submitted the command
    command BLOB NOT NULL,        -- common/wire/command.proto
    hash    BLOB NOT NULL         -- 16 bytes: BLAKE2b over the previous row's hash and the columns above
) STRICT;

CREATE TABLE log_epoch (
    epoch INTEGER PRIMARY KEY,  -- rises along the log
    first INTEGER NOT NULL      -- the first kept seq of that epoch
) STRICT;
