-- A database as the first version wrote it (schema 1): what tests/tables.rs says is in it.
CREATE TABLE _sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);
CREATE TABLE addresses (
    purpose text NOT NULL,
    via text NOT NULL,
    value text NOT NULL,
    identity_id uuid NOT NULL
);
CREATE TABLE continuity (
    id uuid NOT NULL,
    name text NOT NULL,
    identity_id uuid,
    payload text NOT NULL,
    expires_at bigint NOT NULL
);
CREATE TABLE credentials (
    identity_id uuid NOT NULL,
    kind text NOT NULL,
    config text NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE errors (
    id uuid NOT NULL,
    body text NOT NULL,
    created_at bigint NOT NULL
);
CREATE TABLE flows (
    id uuid NOT NULL,
    kind text NOT NULL,
    version bigint NOT NULL,
    state text NOT NULL,
    issued_at bigint NOT NULL,
    expires_at bigint NOT NULL
);
CREATE TABLE identifiers (
    kind text NOT NULL,
    identifier text NOT NULL,
    identity_id uuid NOT NULL,
    "position" bigint NOT NULL
);
CREATE TABLE identities (
    id uuid NOT NULL,
    revision bigint NOT NULL,
    external_id text,
    schema_id text NOT NULL,
    state text NOT NULL,
    state_changed_at bigint,
    traits text NOT NULL,
    metadata_public text,
    metadata_admin text,
    verifiable_addresses text NOT NULL,
    recovery_addresses text NOT NULL,
    organization_id uuid,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE session_tokens (
    hash bytea NOT NULL,
    session_id uuid NOT NULL,
    issued_at bigint NOT NULL,
    retired_at bigint
);
CREATE TABLE sessions (
    id uuid NOT NULL,
    identity_id uuid NOT NULL,
    active bigint NOT NULL,
    aal text NOT NULL,
    methods text NOT NULL,
    devices text NOT NULL,
    authenticated_at bigint NOT NULL,
    issued_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE TABLE throttles (
    kind text NOT NULL,
    subject bytea NOT NULL,
    started_at bigint NOT NULL,
    tries bigint NOT NULL
);
CREATE TABLE totp_steps (
    identity_id uuid NOT NULL,
    step bigint NOT NULL
);
INSERT INTO _sqlx_migrations VALUES (1, 'identity', '2026-11-22 02:23:43.386872+00', true, '\xad540ce1cb0aa4e5fc7ee2754d0485f82b4d4d94b3ae48b871a731d668e64f04685f32d2b9a50e09a2badf1a6ac4bbbf', 28061186);
INSERT INTO addresses VALUES ('verification', 'email', 'ada@bank.example', '0efd2872-b435-4b23-8f83-fb265aef46e3');
INSERT INTO credentials VALUES ('0efd2872-b435-4b23-8f83-fb265aef46e3', 'password', '{"hashed_password":"$argon2id$x"}', 0, 1700000000000000, 1700000000000000);
INSERT INTO credentials VALUES ('0efd2872-b435-4b23-8f83-fb265aef46e3', 'totp', 'RsfKzIv7Lg_e0977ANNbvTCyheSlziz4aRzRIjbjtG5H9ZhjBkSrOVZh80ce0LX40wrjgH7MWwBMlSuxBwbsjwibmLgjgHQWs7EfLv6YMzkF8ayJdtwWHfIE8eJ3Qp_H23KEaFr7qQ1BBJ_7aTmPyF2gV7LWTuLE2OUasoLLftV1R8zl8Foj4o6kGLGxW69M5I_Xx2P5Pd7-8j8s', 0, 1700000000000000, 1700000000000000);
INSERT INTO identifiers VALUES ('password', 'ada@bank.example', '0efd2872-b435-4b23-8f83-fb265aef46e3', 0);
INSERT INTO identifiers VALUES ('totp', '0efd2872-b435-4b23-8f83-fb265aef46e3', '0efd2872-b435-4b23-8f83-fb265aef46e3', 0);
INSERT INTO identities VALUES ('0efd2872-b435-4b23-8f83-fb265aef46e3', 1, NULL, 'person', 'active', 1700000000000000, '{"email":"ada@bank.example"}', NULL, NULL, '[{"id":"5e3ca8a1-cfc7-40fc-96ad-3e06766e411c","value":"ada@bank.example","verified":false,"via":"email","status":"pending","created_at":"2023-11-14T22:13:20Z","updated_at":"2023-11-14T22:13:20Z"}]', '[]', NULL, 1700000000000000, 1700000000000000);
INSERT INTO session_tokens VALUES ('\x0eb055f3ab2983d07a8fcae72ad7ec619e818c994dd487ba919db8d004c3aff2', '0375ae8c-a6b3-47fa-b283-44510b3c908a', 1700000000000000, NULL);
INSERT INTO sessions VALUES ('0375ae8c-a6b3-47fa-b283-44510b3c908a', '0efd2872-b435-4b23-8f83-fb265aef46e3', 1, 'aal1', '[{"method":"password","aal":"aal1","completed_at":"2023-11-14T22:13:20Z","provider":null,"organization":null,"upstream_acr":null,"upstream_amr":[]}]', '[{"id":"90c5e331-7189-489f-90f9-0647d3f3efb1","ip_address":"192.0.2.1","user_agent":"test","location":""}]', 1700000000000000, 1700000000000000, 1700003600000000, 1700000000000000, 1700000000000000);
INSERT INTO totp_steps VALUES ('0efd2872-b435-4b23-8f83-fb265aef46e3', 56666666);
ALTER TABLE ONLY _sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY addresses
    ADD CONSTRAINT addresses_pkey PRIMARY KEY (purpose, via, value);
ALTER TABLE ONLY continuity
    ADD CONSTRAINT continuity_pkey PRIMARY KEY (id);
ALTER TABLE ONLY credentials
    ADD CONSTRAINT credentials_pkey PRIMARY KEY (identity_id, kind);
ALTER TABLE ONLY errors
    ADD CONSTRAINT errors_pkey PRIMARY KEY (id);
ALTER TABLE ONLY flows
    ADD CONSTRAINT flows_pkey PRIMARY KEY (id);
ALTER TABLE ONLY identifiers
    ADD CONSTRAINT identifiers_pkey PRIMARY KEY (kind, identifier);
ALTER TABLE ONLY identities
    ADD CONSTRAINT identities_external_id_key UNIQUE (external_id);
ALTER TABLE ONLY identities
    ADD CONSTRAINT identities_pkey PRIMARY KEY (id);
ALTER TABLE ONLY session_tokens
    ADD CONSTRAINT session_tokens_pkey PRIMARY KEY (hash);
ALTER TABLE ONLY sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY throttles
    ADD CONSTRAINT throttles_pkey PRIMARY KEY (kind, subject);
ALTER TABLE ONLY totp_steps
    ADD CONSTRAINT totp_steps_pkey PRIMARY KEY (identity_id);
CREATE INDEX addresses_by_identity ON addresses USING btree (identity_id);
CREATE INDEX continuity_by_expiry ON continuity USING btree (expires_at);
CREATE INDEX errors_by_age ON errors USING btree (created_at);
CREATE INDEX flows_by_expiry ON flows USING btree (expires_at);
CREATE INDEX identifiers_by_identity ON identifiers USING btree (identity_id, kind, "position");
CREATE INDEX identities_by_organization ON identities USING btree (organization_id, id);
CREATE INDEX session_tokens_by_session ON session_tokens USING btree (session_id);
CREATE INDEX sessions_by_age ON sessions USING btree (issued_at, id);
CREATE INDEX sessions_by_expiry ON sessions USING btree (expires_at);
CREATE INDEX sessions_by_identity ON sessions USING btree (identity_id, issued_at, id);
CREATE INDEX throttles_by_start ON throttles USING btree (started_at);
ALTER TABLE ONLY addresses
    ADD CONSTRAINT addresses_identity_id_fkey FOREIGN KEY (identity_id) REFERENCES identities(id) ON DELETE CASCADE;
ALTER TABLE ONLY credentials
    ADD CONSTRAINT credentials_identity_id_fkey FOREIGN KEY (identity_id) REFERENCES identities(id) ON DELETE CASCADE;
ALTER TABLE ONLY identifiers
    ADD CONSTRAINT identifiers_identity_id_kind_fkey FOREIGN KEY (identity_id, kind) REFERENCES credentials(identity_id, kind) ON DELETE CASCADE;
ALTER TABLE ONLY session_tokens
    ADD CONSTRAINT session_tokens_session_id_fkey FOREIGN KEY (session_id) REFERENCES sessions(id) ON DELETE CASCADE;
ALTER TABLE ONLY sessions
    ADD CONSTRAINT sessions_identity_id_fkey FOREIGN KEY (identity_id) REFERENCES identities(id) ON DELETE CASCADE;
ALTER TABLE ONLY totp_steps
    ADD CONSTRAINT totp_steps_identity_id_fkey FOREIGN KEY (identity_id) REFERENCES identities(id) ON DELETE CASCADE;
