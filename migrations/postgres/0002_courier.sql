-- Mails and text messages on their way. `content` is sealed: it holds codes and links.
-- `status` is queued, processing, sent or abandoned. From `due_at` on a message may be taken by
-- a worker; while one has it, that is the end of the worker's lease, and `claim` names the lease.
CREATE TABLE mails (
    id UUID NOT NULL PRIMARY KEY,
    status TEXT NOT NULL,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    template_type TEXT NOT NULL,
    content TEXT NOT NULL,
    send_count BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    claim UUID,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX mails_by_due ON mails (channel, status, due_at);
CREATE INDEX mails_by_age ON mails (created_at, id);
CREATE INDEX mails_by_recipient ON mails (recipient, created_at, id);

-- Every try to send a message: success or failed, and why.
CREATE TABLE mail_dispatches (
    id UUID NOT NULL PRIMARY KEY,
    mail_id UUID NOT NULL REFERENCES mails (id) ON DELETE CASCADE,
    status TEXT NOT NULL,
    error TEXT,
    created_at BIGINT NOT NULL
);

CREATE INDEX mail_dispatches_by_mail ON mail_dispatches (mail_id, created_at);
