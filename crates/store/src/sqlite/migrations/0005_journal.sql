-- What the guards of the apps learn from, in the order in which it was committed. An entry is sealed: it tells much of
-- the number that was sent to.
CREATE TABLE journal (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    app      BLOB    NOT NULL,
    at       INTEGER NOT NULL,
    entry    TEXT    NOT NULL
) STRICT;
