"""Fills a SQLite database of Stepgate with people who are signed in.

    fill.py DATABASE COUNT HASH

DATABASE has its tables already (Stepgate made them). HASH is the stored hash of everybody's
password. Person N has the address pN@bank.example and the session token `token(N)`.
"""

import hashlib
import sqlite3
import sys
import time
import uuid

DAY = 86_400_000_000


def derived(kind: str, number: int) -> bytes:
    return hashlib.sha256(f"{kind} {number}".encode()).digest()


def token(number: int) -> str:
    return "ory_st_" + derived("token", number).hex()[:32]


def main() -> None:
    path, count, hashed = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA cache_size = -1000000")
    now = int(time.time()) * 1_000_000
    config = '{"hashed_password":"%s"}' % hashed
    rows = {"identities": [], "credentials": [], "identifiers": [], "addresses": [],
            "sessions": [], "session_tokens": []}

    def write() -> None:
        database.execute("BEGIN IMMEDIATE")
        for table, lines in rows.items():
            if lines:
                marks = ",".join("?" * len(lines[0]))
                columns = ",".join(COLUMNS[table])
                database.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", lines)
                lines.clear()
        database.execute("COMMIT")

    for number in range(count):
        # Ids and hashes fall anywhere in their index, as real ones do.
        identity, session = derived("identity", number)[:16], derived("session", number)[:16]
        email = f"p{number}@bank.example"
        address = ('[{"id":"%s","value":"%s","verified":false,"via":"email","status":"pending",'
                   '"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}]'
                   % (uuid.UUID(bytes=derived("address", number)[:16]), email))
        rows["identities"].append((identity, 0, "person", "active", now, '{"email":"%s"}' % email,
                                   address, "[]", now, now))
        rows["credentials"].append((identity, "password", config, 0, now, now))
        rows["identifiers"].append(("password", email, identity, 0))
        rows["addresses"].append(("verification", "email", email, identity))
        step = '[{"method":"password","aal":"aal1","completed_at":"2026-01-01T00:00:00Z"}]'
        device = ('[{"id":"%s","ip_address":"192.0.2.1","user_agent":"Mozilla/5.0","location":""}]'
                  % uuid.UUID(bytes=derived("device", number)[:16]))
        rows["sessions"].append((session, identity, 1, "aal1", step, device, now, now,
                                 now + 30 * DAY, now, now))
        hash_of_token = hashlib.sha256(token(number).encode()).digest()
        rows["session_tokens"].append((hash_of_token, session, now))
        if number % 50_000 == 49_999:
            write()
    write()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


COLUMNS = {
    "identities": ["id", "revision", "schema_id", "state", "state_changed_at", "traits",
                   "verifiable_addresses", "recovery_addresses", "created_at", "updated_at"],
    "credentials": ["identity_id", "kind", "config", "version", "created_at", "updated_at"],
    "identifiers": ["kind", "identifier", "identity_id", "position"],
    "addresses": ["purpose", "via", "value", "identity_id"],
    "sessions": ["id", "identity_id", "active", "aal", "methods", "devices", "authenticated_at",
                 "issued_at", "expires_at", "created_at", "updated_at"],
    "session_tokens": ["hash", "session_id", "issued_at"],
}

if __name__ == "__main__":
    main()
