"""Asks the Pingora example, between a scripted identity service and an echoing application."""

import datetime
import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def session(aal):
    now = datetime.datetime.now(datetime.timezone.utc)
    steps = [("password", "aal1")] + ([("totp", "aal2")] if aal == "aal2" else [])
    stamp = lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "id": "11111111-1111-4111-8111-111111111111",
        "active": True,
        "expires_at": stamp(now + datetime.timedelta(hours=1)),
        "authenticated_at": stamp(now),
        "authenticator_assurance_level": aal,
        "authentication_methods": [
            {"method": method, "aal": level, "completed_at": stamp(now)}
            for method, level in steps
        ],
        "identity": {"id": "22222222-2222-4222-8222-222222222222", "traits": {}},
    }


class Identity(BaseHTTPRequestHandler):
    def do_GET(self):
        cookie = self.headers.get("Cookie", "")
        level = {"ory_kratos_session=one": "aal1", "ory_kratos_session=two": "aal2"}.get(cookie)
        if level:
            status, told = 200, session(level)
        elif cookie == "ory_kratos_session=half":
            status = 403
            told = {"error": {"id": "session_aal2_required", "code": 403, "status": "Forbidden",
                              "reason": "a second factor is required", "message": "forbidden"}}
        else:
            status, told = 401, {"error": {"code": 401, "status": "Unauthorized"}}
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Application(Identity):
    asked = []

    def do_GET(self):
        Application.asked.append((self.path, dict(self.headers.items())))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")


def serve(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "127.0.0.1:%d" % server.server_address[1]


def free_address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return "127.0.0.1:%d" % free.getsockname()[1]


def ask(address, target, **headers):
    connection = http.client.HTTPConnection(address, timeout=20)
    connection.putrequest("GET", target)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    answer = connection.getresponse()
    answer.text = answer.read().decode()
    return answer


def is_open(address):
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
        return True
    except OSError:
        return False


def checks(proxy):
    one, two = "ory_kratos_session=one", "ory_kratos_session=two"
    yield "a public page needs nobody", ask(proxy, "/").status == 200
    yield "a program without a session is told", ask(proxy, "/account").status == 401
    person = ask(proxy, "/account", Accept="text/html")
    yield "a person is sent to sign in", person.status == 303 and "login" in person.headers["location"]
    yield "a session passes", ask(proxy, "/account", Cookie=one).status == 200
    step_up = ask(proxy, "/transfer", Cookie="ory_kratos_session=half")
    challenge = step_up.headers.get("www-authenticate", "")
    yield "who gave one factor of two is challenged", step_up.status == 401 and "acr_values" in challenge
    yield "aal2 passes", ask(proxy, "/transfer", Cookie=two).status == 200
    count = len(Application.asked)
    refused = [ask(proxy, target, Cookie=two).status
               for target in ("/account/../x", "/%2e%2e/account", "//account", "/a%2fb", "/a%00")]
    yield "ambiguous targets are refused", refused == [400] * 5
    yield "and do not reach the application", len(Application.asked) == count
    spelt = ask(proxy, "/%61ccount", Cookie=one)
    yield "what was judged is what is forwarded", (
        spelt.status == 200 and Application.asked[-1][0] == "/account")
    ask(proxy, "/", X_Forwarded_User="admin", Remote_User="admin")
    names = {name.lower() for name in Application.asked[-1][1]}
    yield "forged identity headers are removed", not names & {"x-forwarded-user", "remote-user"}


def main(program):
    identity, application, proxy = "http://" + serve(Identity), serve(Application), free_address()
    process = subprocess.Popen([program, identity, proxy, application])
    try:
        for _ in range(200):
            if is_open(proxy):
                break
            time.sleep(0.05)
        passed = failed = 0
        for name, holds in checks(proxy):
            passed, failed = passed + holds, failed + (not holds)
            print("%s %s" % ("ok  " if holds else "FAIL", name))
    finally:
        process.kill()
        process.wait()
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


sys.exit(main(sys.argv[1]))
