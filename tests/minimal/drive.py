"""What the sidecar can do, and what it says of what it can't."""
import http.client
import http.server
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

BINARY = os.path.abspath(sys.argv[1])
SESSION = {
    "id": "0d5a3f0e-1111-4111-8111-000000000001", "active": True,
    "expires_at": "2099-01-01T00:00:00Z", "authenticated_at": "2026-01-01T00:00:00Z",
    "issued_at": "2026-01-01T00:00:00Z", "authenticator_assurance_level": "aal1",
    "authentication_methods": [{"method": "password", "aal": "aal1",
                                "completed_at": "2026-01-01T00:00:00Z"}],
    "identity": {"id": "9f1425a8-7c44-4d1c-9d5a-0f6c8ce1a0b2", "schema_id": "default",
                 "schema_url": "http://127.0.0.1/s", "state": "active",
                 "traits": {"email": "ada@bank.example"}}}
CONFIG = """version: 1
proxy: {{ listen: "127.0.0.1:0" }}
admin: {{ listen: "127.0.0.1:0" }}
{identity}
decision: {{ http: {{ listen: "127.0.0.1:0" }} }}
"""
EXTERNAL = 'identity: {{ external: {{ public_url: "http://127.0.0.1:{port}" }} }}'
RULES = """upstreams: {{ app: {{ url: "http://127.0.0.1:{port}" }} }}
rules:
  - {{ id: public, match: {{ path: "/public/**" }}, required_aal: none, upstream: app }}
  - {{ id: private, match: {{ path: "/private/**" }}, required_aal: aal1, upstream: app }}
  - {{ id: secret, match: {{ path: "/secret/**" }}, required_aal: aal2, upstream: app }}
"""
results = []


def check(name, holds, told=""):
    results.append(bool(holds))
    print(("ok      " if holds else "FAILED  ") + name + (f": {told}" if not holds else ""),
          flush=True)


class World(http.server.BaseHTTPRequestHandler):
    """The application and the identity service."""
    protocol_version = "HTTP/1.1"
    seen = []

    def do_GET(self):
        if self.path == "/sessions/whoami":
            known = "ory_kratos_session=ada" in self.headers.get("Cookie", "")
            status, body = (200, SESSION) if known else (401, {"error": {"code": 401}})
        else:
            World.seen.append({name.lower(): value for name, value in self.headers.items()})
            status, body = 200, {"path": self.path}
        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def ask(address, path, headers=None):
    host, port = address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("GET", path, headers={"Host": "app.test"} | (headers or {}))
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


def run(*arguments, folder):
    return subprocess.run([BINARY, *arguments], cwd=folder, capture_output=True, text=True,
                          timeout=60)


def written(folder, identity, port):
    os.makedirs(f"{folder}/rules", exist_ok=True)
    with open(f"{folder}/stepgate.yaml", "w", encoding="utf-8") as file:
        file.write(CONFIG.format(identity=identity.format(port=port)))
    with open(f"{folder}/rules/app.yaml", "w", encoding="utf-8") as file:
        file.write(RULES.format(port=port))


def doors(program):
    """Addresses that the log tells of, once all listen."""
    found = {}
    for line in program.stdout:
        told = json.loads(line)
        told = told.get("fields", told)
        if "address" in told:
            found.setdefault(told.get("door"), told["address"])
        if "ready" in json.dumps(told):
            break
    threading.Thread(target=program.stdout.read, daemon=True).start()
    return found


def served(folder):
    program = subprocess.Popen([BINARY, "serve"], cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        asked(program, folder)
    finally:
        program.kill()


def asked(program, folder):
    at = doors(program)
    check("proxy, decisions and admin listen", len(at) >= 3, at)
    proxy, admin = at.get("proxy"), at.get("admin")
    decision = next((at[door] for door in at if door not in ("proxy", "admin")), None)
    cookie = {"Cookie": "ory_kratos_session=ada"}
    check("public is forwarded", ask(proxy, "/public/x")[0] == 200)
    check("nobody is refused", ask(proxy, "/private/x")[0] == 401)
    check("a person is let through", ask(proxy, "/private/x", cookie)[0] == 200)
    check("the application learns who asks",
          World.seen[-1].get("x-user-id") == SESSION["identity"]["id"], World.seen[-1])
    check("more is asked where more is required", ask(proxy, "/secret/x", cookie)[0] in (401, 403))
    original = {"X-Forwarded-Method": "GET", "X-Forwarded-Proto": "https",
                "X-Forwarded-Host": "app.test", "X-Forwarded-Uri": "/private/x"}
    status, headers, _ = ask(decision, "/check", original | cookie)
    headers = {name.lower(): value for name, value in headers.items()}
    check("forward-auth allows a person",
          status == 200 and headers.get("x-user-id") == SESSION["identity"]["id"], headers)
    check("forward-auth refuses nobody", ask(decision, "/check", original)[0] == 401)
    healthy = run("health", "--url", f"http://{admin}", folder=folder)
    check("health says ready", healthy.returncode == 0, healthy.stderr)
    rules = json.loads(ask(admin, "/stepgate/v1/rules", {"Host": admin})[2])
    check("the admin listener tells the rules", len(rules["rules"]) == 3, rules)
    check("and has no identities", ask(admin, "/admin/identities", {"Host": admin})[0] == 404)
    program.send_signal(signal.SIGTERM)
    check("SIGTERM ends it well", program.wait(timeout=20) == 0)
    unhealthy = run("health", "--url", f"http://{admin}", folder=folder)
    check("health says when it is gone", unhealthy.returncode == 1, unhealthy.stdout)


def commands(folder):
    checked = run("check", folder=folder)
    check("check finds no problem", checked.returncode == 0, checked.stderr)
    explained = run("explain", "--url", "https://app.test/private/x", "--format", "json",
                    folder=folder)
    check("explain names the rule", '"private"' in explained.stdout, explained.stderr)
    for name, command in [("demo", ["demo"]), ("identity", ["identity", "--config", "x.yml"]),
                          ("import kratos", ["import", "kratos", "x.yml"])]:
        told = run(*command, folder=folder)
        check(f"`{name}` says what this build leaves out",
              told.returncode == 2 and "feature `identity`" in told.stderr, told.stderr)


def refused(folder, port):
    written(folder, "identity: {{ embedded: {{ mount: /auth }} }}", port)
    told = run("serve", folder=folder)
    check("an embedded service is refused with place and help", told.returncode == 2
          and "stepgate.yaml:4:" in told.stderr and "identity.external" in told.stderr, told.stderr)


def main():
    world = http.server.ThreadingHTTPServer(("127.0.0.1", 0), World)
    threading.Thread(target=world.serve_forever, daemon=True).start()
    port = world.server_address[1]
    with tempfile.TemporaryDirectory() as folder:
        written(folder, EXTERNAL, port)
        commands(folder)
        served(folder)
        refused(folder, port)
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    sys.exit(0 if all(results) else 1)


main()
