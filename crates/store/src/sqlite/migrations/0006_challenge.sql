-- A verification whose challenge nobody has solved is looked at when its life is over, as one that waits for a code.
DROP INDEX verifications_by_expiry;
CREATE INDEX verifications_by_expiry ON verifications (wakes_at, id)
    WHERE status IN ('pending', 'challenge_required');
