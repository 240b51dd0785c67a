-- Schema version 4. Rows that were written before it have 0 in each of these, and the hash that they had.
-- chat_user.made       rooms that the user has made, less those that were removed
-- chat_conv.gone       pos at which the room was removed; 0: it is there. Nobody sees anything of it any more.
-- chat_session.used_ms when the session was last said to be in use; 0: never since it was opened
-- chat_session.place   where it was opened: a hash of 16 bits of the client's address; 0: not known
ALTER TABLE chat_user ADD COLUMN made INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chat_conv ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chat_session ADD COLUMN used_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chat_session ADD COLUMN place INTEGER NOT NULL DEFAULT 0;
-- How many of a conversation's unread messages were deleted.
CREATE INDEX chat_message_deleted ON chat_message (conv, seq) WHERE deleted = 1;
