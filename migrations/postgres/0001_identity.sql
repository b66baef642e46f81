-- The same as in migrations/sqlite, but for the types UUID and BYTEA. Times are microseconds since 1970 UTC, JSON is text.

CREATE TABLE identities (
    id UUID NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL,
    external_id TEXT UNIQUE,
    schema_id TEXT NOT NULL,
    state TEXT NOT NULL,
    state_changed_at BIGINT,
    traits TEXT NOT NULL,
    metadata_public TEXT,
    metadata_admin TEXT,
    verifiable_addresses TEXT NOT NULL,
    recovery_addresses TEXT NOT NULL,
    organization_id UUID,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX identities_by_organization ON identities (organization_id, id);

-- `config` is JSON, or sealed text for the types whose configuration is a secret.
CREATE TABLE credentials (
    identity_id UUID NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    config TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (identity_id, kind)
);

CREATE TABLE identifiers (
    kind TEXT NOT NULL,
    identifier TEXT NOT NULL,
    identity_id UUID NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (kind, identifier),
    FOREIGN KEY (identity_id, kind) REFERENCES credentials (identity_id, kind) ON DELETE CASCADE
);

CREATE INDEX identifiers_by_identity ON identifiers (identity_id, kind, position);

-- Who an address belongs to; `purpose` is verification or recovery.
CREATE TABLE addresses (
    purpose TEXT NOT NULL,
    via TEXT NOT NULL,
    value TEXT NOT NULL,
    identity_id UUID NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    PRIMARY KEY (purpose, via, value)
);

CREATE INDEX addresses_by_identity ON addresses (identity_id);

CREATE TABLE sessions (
    id UUID NOT NULL PRIMARY KEY,
    identity_id UUID NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    active BIGINT NOT NULL,
    aal TEXT NOT NULL,
    methods TEXT NOT NULL,
    devices TEXT NOT NULL,
    authenticated_at BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX sessions_by_identity ON sessions (identity_id, issued_at, id);
CREATE INDEX sessions_by_age ON sessions (issued_at, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- SHA-256 of tokens. A rotated token stays, retired, so that it can be told from a foreign one.
CREATE TABLE session_tokens (
    hash BYTEA NOT NULL PRIMARY KEY,
    session_id UUID NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    issued_at BIGINT NOT NULL,
    retired_at BIGINT
);

CREATE INDEX session_tokens_by_session ON session_tokens (session_id);

-- Self-service flows of every kind; `state` is sealed.
CREATE TABLE flows (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX flows_by_expiry ON flows (expires_at);

CREATE TABLE errors (
    id UUID NOT NULL PRIMARY KEY,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX errors_by_age ON errors (created_at);

-- What is kept while somebody signs in again; `payload` is sealed.
CREATE TABLE continuity (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    identity_id UUID,
    payload TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX continuity_by_expiry ON continuity (expires_at);

CREATE TABLE throttles (
    kind TEXT NOT NULL,
    subject BYTEA NOT NULL,
    started_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    PRIMARY KEY (kind, subject)
);

CREATE INDEX throttles_by_start ON throttles (started_at);

-- The last time step whose code was taken, so that no code is taken twice.
CREATE TABLE totp_steps (
    identity_id UUID NOT NULL PRIMARY KEY REFERENCES identities (id) ON DELETE CASCADE,
    step BIGINT NOT NULL
);
