-- A verification is looked at when its life is over, or earlier, when the next step of its workflow is due.
-- The index goes along and keeps its name.
ALTER TABLE verifications RENAME COLUMN expires_at TO wakes_at;
