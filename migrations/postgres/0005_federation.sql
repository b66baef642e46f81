-- Sessions that native clients fetch after a browser did its part. Both codes are kept as SHA-256;
-- the token waits sealed, and goes with the row.
CREATE TABLE session_exchanges (
    id UUID NOT NULL PRIMARY KEY,
    init_hash BYTEA NOT NULL UNIQUE,
    return_hash BYTEA,
    session_id UUID REFERENCES sessions (id) ON DELETE CASCADE,
    payload TEXT,
    expires_at BIGINT NOT NULL
);

CREATE INDEX session_exchanges_by_expiry ON session_exchanges (expires_at);
CREATE INDEX session_exchanges_by_session ON session_exchanges (session_id);
