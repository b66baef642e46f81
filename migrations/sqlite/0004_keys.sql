-- Whose a security key or passkey is, by the credential id that its authenticator chose.
CREATE TABLE security_keys (
    key_id BLOB NOT NULL PRIMARY KEY,
    identity_id BLOB NOT NULL REFERENCES identities (id) ON DELETE CASCADE
);

CREATE INDEX security_keys_by_identity ON security_keys (identity_id);

-- The last counter that a key signed with: a lower one, or the same again, is refused.
CREATE TABLE key_counters (
    identity_id BLOB NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    key_id BLOB NOT NULL,
    counter BIGINT NOT NULL,
    PRIMARY KEY (identity_id, key_id)
);
