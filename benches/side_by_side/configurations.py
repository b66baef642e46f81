"""What each party is started with. Ports are on loopback; @DIR@ is the run's scratch folder."""

import datetime
import json

UPSTREAM, WHOAMI, BASELINE, GATEWAY, ADMIN = 19402, 19401, 19420, 19410, 19411
DECISIONS, CHECKS, FRONT = 19412, 19413, 19430
PERSON = "9f1425a8-7c44-4d1c-9d5a-0f6c8ce1a0b2"

NGINX = """
worker_processes 1; daemon off; pid @DIR@/@NAME@.pid; error_log @DIR@/@NAME@.err error;
events { worker_connections 8192; }
http {
  access_log off; tcp_nodelay on; keepalive_requests 1000000000; keepalive_timeout 600s;
  client_body_temp_path @DIR@/@NAME@.1; proxy_temp_path @DIR@/@NAME@.2;
  fastcgi_temp_path @DIR@/@NAME@.3; uwsgi_temp_path @DIR@/@NAME@.4; scgi_temp_path @DIR@/@NAME@.5;
  upstream app { server 127.0.0.1:%d; keepalive 256; keepalive_requests 1000000000; }
  upstream whoami { server 127.0.0.1:%d; keepalive 256; keepalive_requests 1000000000; }
  @SERVER@
}
""" % (UPSTREAM, WHOAMI)

PASS = ('proxy_http_version 1.1; proxy_set_header Host $host; proxy_set_header Connection ""; '
        'proxy_pass http://app;')
ASK = ('internal; proxy_http_version 1.1; proxy_set_header Connection ""; '
       'proxy_pass_request_body off; proxy_set_header Content-Length ""; '
       'proxy_pass http://whoami/sessions/whoami;')


def nginx(name: str, server: str, folder: str) -> str:
    text = NGINX.replace("@SERVER@", server).replace("@NAME@", name)
    return text.replace("@DIR@", folder)


def listen(port: int, rest: str) -> str:
    return "server { listen 127.0.0.1:%d backlog=4096; %s }" % (port, rest)


def plain(port: int) -> str:
    return listen(port, "location / { %s }" % PASS)


def auth_request(method: str) -> str:
    """As nginx documents it; with HEAD, the connection to whoami survives the answer."""
    ask = ASK + (" proxy_method HEAD;" if method == "HEAD" else "")
    return listen(GATEWAY, "location = /_auth { %s } location / { auth_request /_auth; "
                  "auth_request_set $user $upstream_http_x_kratos_authenticated_identity_id; "
                  "proxy_set_header X-User-Id $user; %s }" % (ask, PASS))


ORIGINAL = ("proxy_set_header X-Original-Method $request_method; "
            "proxy_set_header X-Original-URL $scheme://$http_host$request_uri; ")
FORWARDED = ("proxy_set_header X-Forwarded-Method $request_method; "
             "proxy_set_header X-Forwarded-Proto $scheme; "
             "proxy_set_header X-Forwarded-Host $http_host; "
             "proxy_set_header X-Forwarded-Uri $request_uri; ")


def asking(port: int, target: str, original: str) -> str:
    """nginx that asks a decision service about every request, over connections that it keeps."""
    return ("upstream decisions { server 127.0.0.1:%d; keepalive 256; "
            "keepalive_requests 1000000000; }" % port
            + listen(FRONT, "location = /_auth { internal; proxy_http_version 1.1; "
                     'proxy_set_header Connection ""; proxy_pass_request_body off; '
                     'proxy_set_header Content-Length ""; %s'
                     "proxy_set_header X-Forwarded-For $remote_addr; "
                     "proxy_pass http://decisions%s; } "
                     "location / { auth_request /_auth; "
                     "auth_request_set $user $upstream_http_x_user_id; "
                     "proxy_set_header X-User-Id $user; %s }" % (original, target, PASS)))


def upstream() -> str:
    """About 200 bytes on every path; /seen tells whom the gateway named."""
    body = json.dumps({"items": [{"id": n, "name": "item %d" % n, "state": "open"}
                                 for n in range(1, 5)]})
    return listen(UPSTREAM, "location = /seen { return 200 "
                  "'$http_x_user_id$http_x_kratos_authenticated_identity_id'; } "
                  "location / { default_type application/json; "
                  "add_header Cache-Control no-store; return 200 '%s'; }" % body)


def whoami() -> str:
    """One constant session for every cookie, 401 without; stub_status counts the calls."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    stamp = lambda time: time.isoformat().replace("+00:00", "Z")
    login = stamp(now - datetime.timedelta(minutes=1))
    session = {
        "id": "0d5a3f0e-1111-4111-8111-000000000001", "active": True,
        "expires_at": stamp(now + datetime.timedelta(days=1)), "authenticated_at": login,
        "authenticator_assurance_level": "aal2",
        "authentication_methods": [
            {"method": "password", "aal": "aal1", "completed_at": login},
            {"method": "totp", "aal": "aal2", "completed_at": login}],
        "issued_at": login,
        "identity": {"id": PERSON, "schema_id": "default", "schema_url": "http://127.0.0.1/s",
                     "state": "active", "traits": {"email": "someone@example.test"},
                     "metadata_public": None, "created_at": login, "updated_at": login},
        "devices": []}
    return listen(WHOAMI, "location = /calls { stub_status; } "
                  "location / { default_type application/json; "
                  'if ($cookie_ory_kratos_session = "") { return 401 "{}"; } '
                  "add_header X-Kratos-Authenticated-Identity-Id %s; return 200 '%s'; }"
                  % (PERSON, json.dumps(session)))


STEPGATE = """
version: 1
proxy:
  listen: [{ address: "127.0.0.1:%(gateway)d" }]
  workers: 1
  upstream_defaults: { pool: { idle_per_worker: 512 } }
rules: [rules.yaml]
reload: { watch: false }
identity:
  external: { public_url: "http://127.0.0.1:%(whoami)d" }
sessions:
  cache: { ttl: 30m }
  misses: { per_second_per_address: 1000000 }
upstream_identity: { headers: { X-User-Id: session.identity.id } }
decision:
  http: { listen: "127.0.0.1:%(decisions)d" }
  grpc: { listen: "127.0.0.1:%(checks)d" }
admin: { listen: "127.0.0.1:%(admin)d" }
telemetry:
  log: { format: json, level: error }
  access_log: { output: %(access_log)s }
"""

RULES = """
upstreams: { app: { url: "http://127.0.0.1:%d" } }
rules:
  - { id: app, match: { host: app.example.test, path: /** }, required_aal: aal1, upstream: app }
""" % UPSTREAM


def stepgate(access_log: bool) -> str:
    return STEPGATE % {"gateway": GATEWAY, "whoami": WHOAMI, "admin": ADMIN,
                       "decisions": DECISIONS, "checks": CHECKS,
                       "access_log": "stdout" if access_log else "null"}
