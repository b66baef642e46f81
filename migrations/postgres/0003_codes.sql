-- Codes and links that were sent: MACs of codes with the id of their key, SHA-256 of tokens.
-- One without an identity was sent to an address that nobody has, and opens nothing.
CREATE TABLE codes (
    id UUID NOT NULL PRIMARY KEY,
    flow_id UUID NOT NULL,
    purpose TEXT NOT NULL,
    identity_id UUID REFERENCES identities (id) ON DELETE CASCADE,
    via TEXT NOT NULL,
    address TEXT NOT NULL,
    key_id BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE INDEX codes_by_flow ON codes (flow_id, purpose);
CREATE INDEX codes_by_identity ON codes (identity_id);
CREATE INDEX codes_by_expiry ON codes (expires_at);

-- How often codes of a flow were tried; another code does not start it anew.
CREATE TABLE code_tries (
    flow_id UUID NOT NULL PRIMARY KEY,
    tries BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX code_tries_by_expiry ON code_tries (expires_at);
