-- The ledger and the embedded queue. Fit for SQLite and PostgreSQL: TEXT, BIGINT and BLOB (which PostgreSQL calls BYTEA).
CREATE TABLE IF NOT EXISTS arrival (
    id TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    direction TEXT NOT NULL,
    identity TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    replay_of TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS arrival_by_state ON arrival (state, received_ms);
CREATE TABLE IF NOT EXISTS job (
    id TEXT PRIMARY KEY,
    arrival TEXT NOT NULL REFERENCES arrival (id),
    partner TEXT NOT NULL,
    step TEXT NOT NULL,
    task TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    lease_until_ms BIGINT NOT NULL,
    due_ms BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    reason TEXT NOT NULL,
    note TEXT NOT NULL,
    leader TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS job_by_arrival ON job (arrival, created_ms);
CREATE INDEX IF NOT EXISTS job_by_state ON job (state, step);
CREATE INDEX IF NOT EXISTS job_by_leader ON job (leader) WHERE leader <> '';
CREATE TABLE IF NOT EXISTS outbox (
    job TEXT PRIMARY KEY REFERENCES job (id),
    due_ms BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS outbox_by_time ON outbox (due_ms);
CREATE TABLE IF NOT EXISTS message (
    job TEXT PRIMARY KEY,
    part TEXT NOT NULL,
    tag BIGINT NOT NULL,
    visible_ms BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS message_by_time ON message (visible_ms);
CREATE TABLE IF NOT EXISTS interchange (
    arrival TEXT NOT NULL REFERENCES arrival (id),
    ordinal BIGINT NOT NULL,
    partner TEXT NOT NULL,
    direction TEXT NOT NULL,
    sender TEXT NOT NULL,
    receiver TEXT NOT NULL,
    isa13 TEXT NOT NULL,
    isa15 TEXT NOT NULL,
    state TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (arrival, ordinal)
);
CREATE INDEX IF NOT EXISTS interchange_by_number ON interchange (partner, direction, isa13);
CREATE TABLE IF NOT EXISTS functional_group (
    arrival TEXT NOT NULL REFERENCES arrival (id),
    interchange BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    partner TEXT NOT NULL,
    direction TEXT NOT NULL,
    gs01 TEXT NOT NULL,
    gs06 TEXT NOT NULL,
    gs08 TEXT NOT NULL,
    state TEXT NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY (arrival, interchange, ordinal)
);
CREATE INDEX IF NOT EXISTS group_by_number ON functional_group (partner, direction, gs06, gs01);
CREATE TABLE IF NOT EXISTS transaction_set (
    arrival TEXT NOT NULL REFERENCES arrival (id),
    interchange BIGINT NOT NULL,
    functional_group BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    st01 TEXT NOT NULL,
    st02 TEXT NOT NULL,
    state TEXT NOT NULL,
    answer TEXT NOT NULL,
    records TEXT NOT NULL,
    reference TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (arrival, interchange, functional_group, ordinal)
);
CREATE INDEX IF NOT EXISTS set_by_number ON transaction_set (arrival, interchange, functional_group, st02);
CREATE INDEX IF NOT EXISTS set_by_digest ON transaction_set (digest) WHERE digest <> '';
CREATE TABLE IF NOT EXISTS counter (
    partner TEXT NOT NULL,
    kind TEXT NOT NULL,
    next BIGINT NOT NULL,
    PRIMARY KEY (partner, kind)
);
CREATE TABLE IF NOT EXISTS drawn (
    job TEXT NOT NULL,
    kind TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (job, kind, ordinal)
);
CREATE TABLE IF NOT EXISTS claimed (
    partner TEXT NOT NULL,
    control TEXT NOT NULL,
    arrival TEXT NOT NULL,
    claimed_ms BIGINT NOT NULL,
    PRIMARY KEY (partner, control)
)
