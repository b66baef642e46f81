-- Requests that wait for a step-up. Ids are kept as SHA-256; head and body are sealed. Of what was
-- sent, or came too late, only the head stays for a while, so that a person can be told.
CREATE TABLE kept_requests (
    id_hash BYTEA NOT NULL PRIMARY KEY,
    client BYTEA NOT NULL,
    head BYTEA NOT NULL,
    body BYTEA,
    size BIGINT NOT NULL,
    used BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX kept_requests_by_client ON kept_requests (client);
CREATE INDEX kept_requests_by_expiry ON kept_requests (expires_at);
