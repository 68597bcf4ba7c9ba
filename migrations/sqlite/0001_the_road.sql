-- Everything the road needs: deliveries, people and their keys, claims by feed, runs and what
-- became of every row, history, questions and answers. Times are RFC 3339 text in UTC with
-- microseconds; GUIDs are 16 bytes; lists are JSON.

CREATE TABLE feeds (
    feed_id INTEGER PRIMARY KEY,
    district_id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    name TEXT NOT NULL,
    format TEXT,
    created_at TEXT NOT NULL,
    -- the first delivery was confirmed or applied (D17)
    confirmed INTEGER NOT NULL DEFAULT 0,
    -- last applied delivery, whose view the claims are
    view_delivery BLOB,
    view_stated_at TEXT,
    view_at TEXT,
    -- last delivery applied without a hold: what the next one is measured against
    reference_delivery BLOB,
    reference_at TEXT,
    -- JSON: rows, inactive rows, e-mail domains, final line end, stated date of the reference
    reference TEXT,
    -- JSON: claims by role-class, cell and grade
    counts TEXT NOT NULL DEFAULT '{}',
    -- late deliveries in a row (D05)
    late INTEGER NOT NULL DEFAULT 0,
    UNIQUE (district_id, source_id, name)
) STRICT;

CREATE TABLE deliveries (
    delivery_id BLOB PRIMARY KEY,
    district_id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    feed_id INTEGER REFERENCES feeds (feed_id),
    name TEXT NOT NULL,
    sha256 BLOB NOT NULL,
    bytes INTEGER NOT NULL,
    received_at TEXT NOT NULL,
    stated_at TEXT NOT NULL,
    stated_kind TEXT NOT NULL,
    dry_run INTEGER NOT NULL DEFAULT 0,
    accept_baseline INTEGER NOT NULL DEFAULT 0,
    mode TEXT,
    format TEXT,
    -- sealed, held, applied, late, superseded, refused, failed
    state TEXT NOT NULL,
    verdict TEXT,
    message TEXT NOT NULL DEFAULT '',
    rows_read INTEGER NOT NULL DEFAULT 0,
    -- applied without a hold
    accepted INTEGER NOT NULL DEFAULT 0,
    run_id BLOB,
    policy INTEGER NOT NULL DEFAULT 0,
    results TEXT
) STRICT;
CREATE INDEX deliveries_by_feed ON deliveries (feed_id, received_at);
CREATE INDEX deliveries_waiting ON deliveries (district_id) WHERE state = 'sealed';
CREATE INDEX deliveries_by_content ON deliveries (district_id, sha256);

-- What each file looked like when it was taken: lying there untouched it is no new delivery.
CREATE TABLE taken (
    district_id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    name TEXT NOT NULL,
    stamp TEXT NOT NULL,
    delivery_id BLOB NOT NULL,
    PRIMARY KEY (district_id, source_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE people (
    person_id INTEGER PRIMARY KEY,
    district_id TEXT NOT NULL,
    guid BLOB NOT NULL UNIQUE,
    state TEXT NOT NULL,
    given_name TEXT NOT NULL,
    family_name TEXT NOT NULL,
    email TEXT,
    role TEXT,
    grad_year TEXT,
    -- JSON: [["student","0048812"], …], the one shown first
    numbers TEXT NOT NULL,
    -- JSON: [{class, role, owner}, …]
    classes TEXT NOT NULL,
    -- JSON: the fields without a column of their own
    more TEXT,
    orgs TEXT,
    presence_pin TEXT NOT NULL DEFAULT 'none',
    pins TEXT,
    name_key INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    created_run BLOB NOT NULL,
    updated_at TEXT NOT NULL,
    archived_at TEXT
) STRICT;
CREATE INDEX people_by_name ON people (district_id, name_key);

-- Identity keys with validity intervals; an open interval belongs to one person at a time (I17).
CREATE TABLE person_keys (
    key_id INTEGER PRIMARY KEY,
    district_id TEXT NOT NULL,
    -- email, number
    kind TEXT NOT NULL,
    -- role-class of a number, empty for an e-mail
    class TEXT NOT NULL,
    value TEXT NOT NULL,
    -- a number without zeros and punctuation (K13); for e-mails the same as value
    loose TEXT NOT NULL,
    person_id INTEGER NOT NULL REFERENCES people (person_id),
    valid_from TEXT NOT NULL,
    valid_to TEXT,
    -- until when a closed address still finds its person
    alias_until TEXT
) STRICT;
CREATE UNIQUE INDEX person_keys_open ON person_keys (district_id, kind, class, value) WHERE valid_to IS NULL;
CREATE INDEX person_keys_alias ON person_keys (district_id, value) WHERE alias_until IS NOT NULL;
CREATE INDEX person_keys_loose ON person_keys (district_id, class, loose) WHERE kind = 'number';
CREATE INDEX person_keys_of ON person_keys (person_id);

-- The durable tie of a sender's id to a person.
CREATE TABLE links (
    district_id TEXT NOT NULL,
    source_id TEXT NOT NULL,
    class TEXT NOT NULL,
    source_key TEXT NOT NULL,
    person_id INTEGER NOT NULL REFERENCES people (person_id),
    PRIMARY KEY (district_id, source_id, class, source_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE claims (
    claim_id INTEGER PRIMARY KEY,
    feed_id INTEGER NOT NULL REFERENCES feeds (feed_id),
    person_id INTEGER NOT NULL REFERENCES people (person_id),
    class TEXT NOT NULL,
    -- JSON: the record as last accepted
    record TEXT NOT NULL,
    delivery_id BLOB NOT NULL,
    line INTEGER NOT NULL,
    stated_at TEXT NOT NULL,
    seen TEXT NOT NULL DEFAULT 'valid',
    fingerprints BLOB NOT NULL,
    -- JSON while the record is missing or its removal is held
    gone TEXT,
    bridge INTEGER NOT NULL DEFAULT 0,
    -- the row must be looked at again although it is the same to the letter
    unsettled INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX claims_of ON claims (person_id, feed_id, class);
CREATE INDEX claims_gone ON claims (feed_id) WHERE gone IS NOT NULL;
CREATE INDEX claims_unsettled ON claims (feed_id) WHERE unsettled = 1;

-- Fingerprints of a feed's rows in file order: what the view (or the reference) holds.
CREATE TABLE fingerprints (
    feed_id INTEGER NOT NULL REFERENCES feeds (feed_id),
    -- view, reference
    kind TEXT NOT NULL,
    part INTEGER NOT NULL,
    entries BLOB NOT NULL,
    PRIMARY KEY (feed_id, kind, part)
) STRICT;

CREATE TABLE runs (
    run_id BLOB PRIMARY KEY,
    district_id TEXT NOT NULL,
    -- sync, import, approve, local
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    active_before INTEGER NOT NULL DEFAULT 0,
    -- the held run that this one carries out
    approves BLOB,
    -- removals that no approval covered (G11)
    flowed INTEGER NOT NULL DEFAULT 0,
    -- JSON: the report without findings and outcomes
    report TEXT NOT NULL DEFAULT '{}',
    note TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX runs_of ON runs (district_id, started_at);

CREATE TABLE run_deliveries (
    run_id BLOB NOT NULL REFERENCES runs (run_id),
    delivery_id BLOB NOT NULL REFERENCES deliveries (delivery_id),
    place INTEGER NOT NULL,
    PRIMARY KEY (run_id, delivery_id)
) STRICT, WITHOUT ROWID;

-- Outcomes of rows that did not simply go in unchanged.
CREATE TABLE outcomes (
    run_id BLOB NOT NULL,
    delivery_id BLOB NOT NULL,
    line INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    rule TEXT NOT NULL,
    guid BLOB,
    PRIMARY KEY (delivery_id, run_id, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE findings (
    finding_id INTEGER PRIMARY KEY,
    run_id BLOB NOT NULL,
    delivery_id BLOB NOT NULL,
    line INTEGER NOT NULL,
    column_name TEXT NOT NULL,
    code TEXT NOT NULL,
    severity TEXT NOT NULL,
    value TEXT NOT NULL,
    message TEXT NOT NULL,
    fix TEXT NOT NULL
) STRICT;
CREATE INDEX findings_of ON findings (delivery_id, run_id, line);

-- Append-only history: what changed, by which rule, on which evidence.
CREATE TABLE changes (
    change_id INTEGER PRIMARY KEY,
    district_id TEXT NOT NULL,
    run_id BLOB NOT NULL,
    person_id INTEGER NOT NULL REFERENCES people (person_id),
    -- create, restore, update, archive, edit, pin
    action TEXT NOT NULL,
    rule TEXT NOT NULL,
    identity_rule TEXT,
    -- JSON of the attributes that differ
    before TEXT,
    after TEXT,
    delivery_id BLOB,
    line INTEGER,
    approved INTEGER NOT NULL DEFAULT 0,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX changes_of_person ON changes (person_id);
CREATE INDEX changes_of_run ON changes (run_id);
CREATE TRIGGER changes_are_never_rewritten BEFORE UPDATE ON changes
BEGIN
    SELECT RAISE(ABORT, 'history is append-only');
END;

-- Questions that wait for a person, and their answers.
CREATE TABLE holds (
    hold_id INTEGER PRIMARY KEY,
    district_id TEXT NOT NULL,
    run_id BLOB NOT NULL,
    rule TEXT NOT NULL,
    what TEXT NOT NULL,
    scope TEXT NOT NULL,
    cause TEXT NOT NULL,
    since TEXT NOT NULL,
    -- JSON: the whole question
    question TEXT NOT NULL,
    -- open, approved, rejected, superseded
    state TEXT NOT NULL
) STRICT;
CREATE INDEX holds_of ON holds (run_id);
CREATE INDEX holds_open ON holds (district_id) WHERE state = 'open';

CREATE TABLE decisions (
    decision_id INTEGER PRIMARY KEY,
    district_id TEXT NOT NULL,
    run_id BLOB NOT NULL,
    -- approve, reject
    answer TEXT NOT NULL,
    at TEXT NOT NULL,
    -- after that an approval holds no longer; rejections stand until the evidence ends
    until TEXT,
    -- JSON: operations, deliveries, dark cells
    sets TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_of ON decisions (district_id);

-- Events for the outside, written in the transaction of the change they speak of.
CREATE TABLE outbox (
    event_id INTEGER PRIMARY KEY,
    district_id TEXT NOT NULL,
    run_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    published_at TEXT
) STRICT;
CREATE INDEX outbox_waiting ON outbox (district_id) WHERE published_at IS NULL;
