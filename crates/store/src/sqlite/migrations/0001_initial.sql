-- Times are milliseconds since the Unix epoch. Ids and blind indexes are their 16 bytes.

CREATE TABLE subjects (
    app     BLOB    NOT NULL,
    key     BLOB    NOT NULL,
    version INTEGER NOT NULL,
    record  TEXT    NOT NULL, -- JSON: counters and dates, no number
    PRIMARY KEY (app, key)
) STRICT, WITHOUT ROWID;

-- A record has more than a thousand bytes. A table without rowid keeps that much of a row inside its
-- tree only up to a quarter of a page, and would spend an overflow page on each of these.
CREATE TABLE verifications (
    row        INTEGER PRIMARY KEY,
    app        BLOB    NOT NULL,
    id         BLOB    NOT NULL,
    subject    BLOB    NOT NULL,
    mode       TEXT    NOT NULL,
    status     TEXT    NOT NULL,
    purpose    TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    record     TEXT    NOT NULL  -- JSON
) STRICT;

-- The first bytes of an id are its time, so this is the order of listings too.
CREATE UNIQUE INDEX verifications_by_id ON verifications (app, id);
-- Blind indexes of two apps differ, so the app need not be in it.
CREATE INDEX verifications_by_subject ON verifications (subject);
CREATE INDEX verifications_by_expiry ON verifications (expires_at, id) WHERE status = 'pending';

CREATE TABLE deliveries (
    id           BLOB    NOT NULL PRIMARY KEY,
    app          BLOB    NOT NULL,
    verification BLOB    NOT NULL,
    mode         TEXT    NOT NULL,
    channel      TEXT    NOT NULL,
    kind         TEXT    NOT NULL, -- code, phone_change_notice, conversion_feedback
    generation   INTEGER,          -- of a code
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    submissions  INTEGER NOT NULL,
    unknowns     INTEGER NOT NULL,
    provider     TEXT,
    reference    TEXT,             -- the provider's own id
    state        TEXT    NOT NULL,
    due_at       INTEGER,          -- only while due
    lease_node   INTEGER,          -- only while due and leased
    ready_at     INTEGER           -- while due: when anybody may lease it, the later of due_at and the lease's end
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_by_reference ON deliveries (reference) WHERE reference IS NOT NULL;
CREATE INDEX deliveries_by_readiness ON deliveries (ready_at) WHERE state = 'due';

-- The position, not the id, keeps the order: two events of one step have the same time.
CREATE TABLE events (
    verification BLOB    NOT NULL,
    position     INTEGER NOT NULL,
    app          BLOB    NOT NULL,
    id           BLOB    NOT NULL,
    at           INTEGER NOT NULL,
    kind         TEXT    NOT NULL, -- JSON
    PRIMARY KEY (verification, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE counters (
    key        BLOB    NOT NULL,
    slot       INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (key, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    app          BLOB    NOT NULL,
    key          BLOB    NOT NULL,
    fingerprint  BLOB    NOT NULL,
    verification BLOB    NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (app, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
    kind    TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    version INTEGER NOT NULL,
    body    TEXT    NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
