"""The decision services of others: Heimdall and Ory Oathkeeper, each given what makes it quick.

Both ask the same identity service about the session cookie, demand nothing more of a request, and
name the person in X-User-Id. No access log, no tracing, errors only; Heimdall keeps what it heard
in memory for half an hour. JSON is YAML, which both read.
"""

import json
import os

import configurations as cfg

HEIMDALL, HEIMDALL_MANAGEMENT = 19414, 19415
OATHKEEPER, OATHKEEPER_PROXY, OATHKEEPER_METRICS = 19416, 19417, 19418
ASK = "http://127.0.0.1:%d/sessions/whoami" % cfg.WHOAMI
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def write(folder: str, name: str, content: dict | list | str) -> str:
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(content if isinstance(content, str) else json.dumps(content, indent=1))
    return path


def heimdall(folder: str) -> str:
    """The configuration's path; HTTP or Envoy's gRPC is said on the command line."""
    steps = [{"authenticator": "session"}, {"finalizer": "person"}]
    rules = write(folder, "heimdall-rules.yaml", {
        "version": "1alpha4", "rules": [{
            "id": "everything", "execute": steps,
            "match": {"routes": [{"path": "/**"}], "methods": METHODS}}]})
    session = {
        "identity_info_endpoint": {"url": ASK, "method": "GET"},
        "authentication_data_source": [{"cookie": "ory_kratos_session"}],
        "forward_cookies": ["ory_kratos_session"], "subject": {"id": "identity.id"},
        "cache_ttl": "30m",
        "session_lifespan": {
            "active": "active", "issued_at": "issued_at", "not_before": "authenticated_at",
            "not_after": "expires_at", "time_format": "2006-01-02T15:04:05Z07:00"}}
    person = {"headers": {"X-User-Id": "{{ .Subject.ID }}"}}
    return write(folder, "heimdall.yaml", {
        "log": {"level": "error", "access_log_enabled": False},
        "tracing": {"enabled": False}, "metrics": {"enabled": False},
        "cache": {"type": "in-memory", "config": {"memory_limit": "1GB"}},
        "serve": {"host": "127.0.0.1", "port": HEIMDALL, "trusted_proxies": ["127.0.0.1/32"],
                  "timeout": {"read": "60s", "write": "60s", "idle": "600s"}},
        "management": {"host": "127.0.0.1", "port": HEIMDALL_MANAGEMENT},
        "mechanisms": {
            "authenticators": [{"id": "session", "type": "generic", "config": session}],
            "finalizers": [{"id": "person", "type": "header", "config": person}]},
        "providers": {"file_system": {"src": rules}}})


def oathkeeper(folder: str) -> str:
    """It has no cache for sessions, and asks each time."""
    rules = write(folder, "oathkeeper-rules.json", [{
        "id": "everything", "match": {"url": "<https?>://<[^/]+>/<.*>", "methods": METHODS},
        "upstream": {"url": "http://127.0.0.1:%d" % cfg.UPSTREAM},
        "authenticators": [{"handler": "cookie_session"}], "authorizer": {"handler": "allow"},
        "mutators": [{"handler": "header"}], "errors": [{"handler": "json"}]}])
    local = lambda port: {"host": "127.0.0.1", "port": port}
    idle = {"timeout": {"read": "60s", "write": "60s", "idle": "600s"}}
    return write(folder, "oathkeeper.yaml", {
        "log": {"level": "error"},
        "serve": {"api": local(OATHKEEPER) | idle, "proxy": local(OATHKEEPER_PROXY),
                  "prometheus": local(OATHKEEPER_METRICS)},
        "access_rules": {"repositories": ["file://" + rules], "matching_strategy": "regexp"},
        "authenticators": {"cookie_session": {"enabled": True, "config": {
            "check_session_url": ASK, "preserve_path": True, "force_method": "GET",
            "only": ["ory_kratos_session"], "subject_from": "identity.id",
            "extra_from": "@this"}}},
        "authorizers": {"allow": {"enabled": True}},
        "mutators": {"header": {"enabled": True, "config": {
            "headers": {"X-User-Id": "{{ print .Subject }}"}}}},
        "errors": {"fallback": ["json"], "handlers": {"json": {"enabled": True}}}})
