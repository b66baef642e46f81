-- A database as the first version wrote it (schema 1): what tests/tables.rs says is in it.
BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO "_sqlx_migrations" VALUES(1,'identity','2026-11-22 02:23:43',1,X'DB19E3A9D8ADDB883F744CF0A56DA799DCD2B83F0D8165618C706DDD4475DC9F7B7FE5D3585D21DE767AC523426C2AB9',1884010);
CREATE TABLE addresses (
    purpose TEXT NOT NULL,
    via TEXT NOT NULL,
    value TEXT NOT NULL,
    identity_id BLOB NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    PRIMARY KEY (purpose, via, value)
);
INSERT INTO "addresses" VALUES('verification','email','ada@bank.example',X'FB28D700B288408586B5AC12A734C167');
CREATE TABLE continuity (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    identity_id BLOB,
    payload TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE TABLE credentials (
    identity_id BLOB NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    config TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (identity_id, kind)
);
INSERT INTO "credentials" VALUES(X'FB28D700B288408586B5AC12A734C167','password','{"hashed_password":"$argon2id$x"}',0,1700000000000000,1700000000000000);
INSERT INTO "credentials" VALUES(X'FB28D700B288408586B5AC12A734C167','totp','RsfKzCoseNttY_LGWOZ0ybnifRbXrYA6vFvPJPD0yKSxomBwUwXYI-Q_FwyV2EBDG3cZvKTEJEaouF499RYLBbUNbzIcUTiCQQDgvGKlslvchAZBwrMSxCdy_ty9vV83_t0OOSzKDmQ1zBmkyWpuSPd4ldxHl6Vx2NKLwOgtLLhppZ0mQpyGTirQsWcjP0pR-WRnKklT7EWqnuBr',0,1700000000000000,1700000000000000);
CREATE TABLE errors (
    id BLOB NOT NULL PRIMARY KEY,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE TABLE flows (
    id BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE TABLE identifiers (
    kind TEXT NOT NULL,
    identifier TEXT NOT NULL,
    identity_id BLOB NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (kind, identifier),
    FOREIGN KEY (identity_id, kind) REFERENCES credentials (identity_id, kind) ON DELETE CASCADE
);
INSERT INTO "identifiers" VALUES('password','ada@bank.example',X'FB28D700B288408586B5AC12A734C167',0);
INSERT INTO "identifiers" VALUES('totp','fb28d700-b288-4085-86b5-ac12a734c167',X'FB28D700B288408586B5AC12A734C167',0);
CREATE TABLE identities (
    id BLOB NOT NULL PRIMARY KEY,
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
    organization_id BLOB,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
INSERT INTO "identities" VALUES(X'FB28D700B288408586B5AC12A734C167',1,NULL,'person','active',1700000000000000,'{"email":"ada@bank.example"}',NULL,NULL,'[{"id":"876521d7-9ab9-4e14-9a12-0f6abbb33cf3","value":"ada@bank.example","verified":false,"via":"email","status":"pending","created_at":"2023-11-14T22:13:20Z","updated_at":"2023-11-14T22:13:20Z"}]','[]',NULL,1700000000000000,1700000000000000);
CREATE TABLE session_tokens (
    hash BLOB NOT NULL PRIMARY KEY,
    session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    issued_at BIGINT NOT NULL,
    retired_at BIGINT
);
INSERT INTO "session_tokens" VALUES(X'22115AEC61A4987457B76C63ADFC056F0A677ABDD5638390DD7D789CCE735BE9',X'E06EA108A7E34F4D8FD21AFCEFA04B0B',1700000000000000,NULL);
CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    identity_id BLOB NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
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
INSERT INTO "sessions" VALUES(X'E06EA108A7E34F4D8FD21AFCEFA04B0B',X'FB28D700B288408586B5AC12A734C167',1,'aal1','[{"method":"password","aal":"aal1","completed_at":"2023-11-14T22:13:20Z","provider":null,"organization":null,"upstream_acr":null,"upstream_amr":[]}]','[{"id":"f1b6216e-c401-4070-878b-82c4f72e27e3","ip_address":"192.0.2.1","user_agent":"test","location":""}]',1700000000000000,1700000000000000,1700003600000000,1700000000000000,1700000000000000);
CREATE TABLE throttles (
    kind TEXT NOT NULL,
    subject BLOB NOT NULL,
    started_at BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    PRIMARY KEY (kind, subject)
);
CREATE TABLE totp_steps (
    identity_id BLOB NOT NULL PRIMARY KEY REFERENCES identities (id) ON DELETE CASCADE,
    step BIGINT NOT NULL
);
INSERT INTO "totp_steps" VALUES(X'FB28D700B288408586B5AC12A734C167',56666666);
CREATE INDEX identities_by_organization ON identities (organization_id, id);
CREATE INDEX identifiers_by_identity ON identifiers (identity_id, kind, position);
CREATE INDEX addresses_by_identity ON addresses (identity_id);
CREATE INDEX sessions_by_identity ON sessions (identity_id, issued_at, id);
CREATE INDEX sessions_by_age ON sessions (issued_at, id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX session_tokens_by_session ON session_tokens (session_id);
CREATE INDEX flows_by_expiry ON flows (expires_at);
CREATE INDEX errors_by_age ON errors (created_at);
CREATE INDEX continuity_by_expiry ON continuity (expires_at);
CREATE INDEX throttles_by_start ON throttles (started_at);
COMMIT;
