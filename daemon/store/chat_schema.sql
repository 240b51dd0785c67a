-- The replicated chat state: the rows of common/chat/rows.hpp and event.hpp, and nothing that is not a function of
-- the log. Every replica holds the same rows at the same pos (chat_reader::state_digest). Texts are kept byte by byte;
-- names are compared as bytes. Times are those of log entries, in ms since 1970 UTC; `pos` is a log seq.
--
-- No row carries its own checksum: chat_counters holds the sum of all rows' hashes (row_sum_schema.sql), which also
-- notices a row that is lost or an old one that is back. It is compared with the rows before a snapshot is made of them,
-- and before a store that comes back is a member's.

CREATE TABLE chat_counters (
    one            INTEGER PRIMARY KEY CHECK (one = 1),  -- there is one row
    pos            INTEGER NOT NULL,  -- of the last applied entry
    at_ms          INTEGER NOT NULL,  -- the state's time; falls only where it turns out to have been ahead
    users          INTEGER NOT NULL,  -- the highest user id
    convs          INTEGER NOT NULL,  -- the highest conversation id
    sessions       INTEGER NOT NULL,  -- the highest session id
    max_message_id INTEGER NOT NULL   -- the highest message id; goes on after deletes and restarts
) STRICT;
INSERT INTO chat_counters VALUES (1, 0, 0, 0, 0, 0, 0);

CREATE TABLE chat_user (
    id            INTEGER PRIMARY KEY,   -- u_<id>
    name          TEXT NOT NULL UNIQUE,  -- canonical: lower case
    display       TEXT NOT NULL,         -- as it was typed
    role          INTEGER NOT NULL,      -- chat::role
    password_hash TEXT NOT NULL,         -- argon2id string with its salt
    password_rev  INTEGER NOT NULL,      -- pos of its last change
    created_ms    INTEGER NOT NULL,
    rooms         INTEGER NOT NULL,      -- rooms the user is in now
    changed       INTEGER NOT NULL       -- pos of the last change that others see
) STRICT;

CREATE TABLE chat_session (
    token      BLOB PRIMARY KEY,   -- hash of the token, 32 bytes
    id         INTEGER NOT NULL,   -- s_<id>
    uid        INTEGER NOT NULL,   -- whose
    label      TEXT NOT NULL,      -- what the client called itself
    created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX chat_session_of_user ON chat_session (uid, id);

CREATE TABLE chat_conv (
    id         INTEGER PRIMARY KEY,  -- c_<id>
    kind       INTEGER NOT NULL,     -- chat::conv_kind
    name       TEXT NOT NULL,        -- of a room, canonical; empty for a direct conversation
    priv       INTEGER NOT NULL,     -- 1: others do not learn that it exists
    topic      TEXT NOT NULL,        -- of a room
    creator    INTEGER NOT NULL,     -- user id
    low        INTEGER NOT NULL,     -- of a direct conversation: the lower user id; else 0
    high       INTEGER NOT NULL,     -- of a direct conversation: the higher user id; else 0
    created_ms INTEGER NOT NULL,
    last_seq   INTEGER NOT NULL,     -- messages so far, dense
    rev        INTEGER NOT NULL,     -- changes of messages so far, dense
    members    INTEGER NOT NULL,     -- now
    changed    INTEGER NOT NULL      -- pos of the last change
) STRICT;
CREATE UNIQUE INDEX chat_conv_dm ON chat_conv (low, high) WHERE kind = 0;
CREATE UNIQUE INDEX chat_conv_public ON chat_conv (name) WHERE kind = 1 AND priv = 0;
CREATE INDEX chat_conv_public_id ON chat_conv (id) WHERE kind = 1 AND priv = 0;

CREATE TABLE chat_member (
    conv      INTEGER NOT NULL,
    uid       INTEGER NOT NULL,  -- somebody who is in it now
    joined    INTEGER NOT NULL,  -- pos; receives events from it on
    read      INTEGER NOT NULL,  -- watermark: message seq
    delivered INTEGER NOT NULL,  -- watermark: message seq; never below `read`
    changed   INTEGER NOT NULL,  -- pos of the last change that the user must see
    PRIMARY KEY (conv, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX chat_member_of_user ON chat_member (uid, conv);

CREATE TABLE chat_past_member (
    conv   INTEGER NOT NULL,
    uid    INTEGER NOT NULL,  -- somebody who was in it
    joined INTEGER NOT NULL,  -- pos
    parted INTEGER NOT NULL,  -- pos; still receives the event there
    PRIMARY KEY (conv, uid, joined)
) STRICT, WITHOUT ROWID;
CREATE INDEX chat_past_member_of_user ON chat_past_member (uid, parted);

CREATE TABLE chat_message (
    id        INTEGER PRIMARY KEY,  -- m_<id>
    conv      INTEGER NOT NULL,
    seq       INTEGER NOT NULL,     -- its place in the conversation, for ever
    rev       INTEGER NOT NULL,     -- of the conversation, at the message's last change
    uid       INTEGER NOT NULL,     -- who wrote it
    at_ms     INTEGER NOT NULL,
    body      TEXT NOT NULL,        -- byte-exact; empty when deleted
    fmt       INTEGER NOT NULL,     -- chat::text_format
    reply_to  INTEGER NOT NULL,     -- message id; 0: none
    mentions  TEXT NOT NULL,        -- user ids, rising, with a blank between
    edited_ms INTEGER NOT NULL,     -- 0: never
    deleted   INTEGER NOT NULL      -- 1: deleted
) STRICT;
CREATE UNIQUE INDEX chat_message_place ON chat_message (conv, seq);

CREATE TABLE chat_mention (
    uid  INTEGER NOT NULL,  -- who is mentioned
    conv INTEGER NOT NULL,
    seq  INTEGER NOT NULL,  -- of a message that is not deleted
    PRIMARY KEY (uid, conv, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE chat_remembered (
    uid         INTEGER NOT NULL,  -- whose request; 0: account.create
    cid         TEXT NOT NULL,     -- its idempotency key; of account.create: name/key
    fingerprint BLOB NOT NULL,     -- 16 bytes: of the operation and its payload
    pos         INTEGER NOT NULL,  -- where it took effect
    at_ms       INTEGER NOT NULL,  -- rows go 31 days after it
    result      BLOB NOT NULL,     -- Outcome of common/wire/command.proto
    PRIMARY KEY (uid, cid)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX chat_remembered_pos ON chat_remembered (pos);

-- What clients that were away are told. Texts are in chat_message, so that deleting one deletes it here too.
CREATE TABLE chat_event (
    pos      INTEGER PRIMARY KEY,
    kind     INTEGER NOT NULL,  -- chat::event_kind
    audience INTEGER NOT NULL,  -- chat::audience
    conv     INTEGER NOT NULL,  -- 0: none, or several (marks)
    uid      INTEGER NOT NULL,  -- who did it; who joined or left; whose account
    mid      INTEGER NOT NULL,  -- of msg.*
    seq      INTEGER NOT NULL,  -- of msg.*: the message's; of read: the watermark; of conv.*: the last one then
    rev      INTEGER NOT NULL,  -- of msg.*: the new one; of conv.*: the conversation's then
    at_ms    INTEGER NOT NULL,
    is_on    INTEGER NOT NULL,  -- of conv.member: 1 joined, 0 left
    marks    BLOB               -- of delivered: Marks of common/wire/command.proto
) STRICT;
