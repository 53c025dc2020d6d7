-- How far customers came. A day is a number of days since 1970-01-01, that of the verification's start. An empty text:
-- no country, no provider.
CREATE TABLE funnel (
    app          BLOB    NOT NULL,
    mode         TEXT    NOT NULL,
    day          INTEGER NOT NULL,
    presentation TEXT    NOT NULL,
    country      TEXT    NOT NULL,
    provider     TEXT    NOT NULL,
    shown        INTEGER NOT NULL,
    sent         INTEGER NOT NULL,
    first_digit  INTEGER NOT NULL,
    submitted    INTEGER NOT NULL,
    approved     INTEGER NOT NULL,
    PRIMARY KEY (app, mode, day, presentation, country, provider)
) STRICT, WITHOUT ROWID;

CREATE INDEX funnel_by_day ON funnel (day);
