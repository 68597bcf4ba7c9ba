-- How many people of a district are active: counted once, then kept by every run, so that a night need not
-- look at everybody. Local edits drop the row; the next run counts again.
CREATE TABLE populations (
    district_id TEXT PRIMARY KEY,
    active INTEGER NOT NULL,
    admins INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
