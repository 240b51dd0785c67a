-- Schema version 2.
-- meta.restored  1: the store was made from a backup and no chain has had it as a member since; else 0. A config
--                service that starts with such a store and empty ones begins with it.
ALTER TABLE meta ADD COLUMN restored INTEGER NOT NULL DEFAULT 0;
