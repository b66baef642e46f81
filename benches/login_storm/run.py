#!/usr/bin/env python3
"""Proxied requests while many people sign in: what does a login storm cost the others?

    cargo build --release && python3 benches/login_storm/run.py

Starts an application (nginx) and Stepgate with its embedded identity service on a fresh SQLite
file, all on loopback. Measures the latency of proxied requests alone, then while clients sign in
as fast as they are let, and the rate of logins beside the rate that hashing alone would allow.
Needs nginx and wrk. Everything shares the machine's cores, as in life.
"""

import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
APP, GATEWAY, ADMIN = 19502, 19510, 19511
PASSWORD = "a long enough passphrase"

CONFIGURATION = f"""
version: 1
proxy:
  listen: [{{ address: "127.0.0.1:{GATEWAY}" }}]
  public_url: "http://localhost:{GATEWAY}"
rules: [rules.yaml]
reload: {{ watch: false }}
identity:
  embedded:
    mount: /auth
    database: "sqlite:identity.db"
    throttle: {{ per_address: 1000000 per 1m }}
sessions: {{ cache: {{ ttl: 30m }} }}
admin: {{ listen: "127.0.0.1:{ADMIN}" }}
telemetry: {{ log: {{ level: error }}, access_log: {{ output: null }} }}
"""

RULES = f"""
upstreams: {{ app: {{ url: "http://127.0.0.1:{APP}" }} }}
rules:
  - {{ id: app, match: {{ path: /** }}, required_aal: aal1, upstream: app }}
"""

NGINX = """
worker_processes 1; daemon off; pid @DIR@/nginx.pid; error_log @DIR@/nginx.err error;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
  client_body_temp_path @DIR@/1; proxy_temp_path @DIR@/2; fastcgi_temp_path @DIR@/3;
  uwsgi_temp_path @DIR@/4; scgi_temp_path @DIR@/5;
  server { listen 127.0.0.1:@PORT@; location / { return 200 'an answer of the application'; } }
}
"""


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=5, help="length of a slice")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=16, help="people who sign in at a time")
    parser.add_argument("--stepgate", default=f"{ROOT}/target/release/stepgate")
    return parser.parse_args()


def call(port: int, method: str, path: str, body: dict | None = None) -> tuple[int, dict]:
    connection = http.client.HTTPConnection("localhost", port, timeout=30)
    headers = {"Accept": "application/json"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, json.loads(data) if data else {}


def name_of(person: int) -> str:
    return f"person{person}@example.test"


def sign_in(person: int) -> tuple[float, str]:
    """Seconds that the submit took, and the session token."""
    status, flow = call(GATEWAY, "GET", "/auth/self-service/login/api")
    assert status == 200, flow
    path = "/auth/self-service/login?flow=" + flow["id"]
    started = time.monotonic()
    status, done = call(GATEWAY, "POST", path, {
        "method": "password", "identifier": name_of(person), "password": PASSWORD})
    assert status == 200, done
    return time.monotonic() - started, done["session_token"]


class Storm:
    """Clients that sign in again and again until told to stop."""

    def __init__(self, clients: int):
        self.stop, self.took = threading.Event(), []
        self.threads = [threading.Thread(target=self.work, args=(person,))
                        for person in range(clients)]

    def work(self, person: int) -> None:
        while not self.stop.is_set():
            self.took.append(sign_in(person)[0])

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def milliseconds(text: str) -> float:
    value, unit = re.match(r"([0-9.]+)(us|ms|s)", text).groups()
    return float(value) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[unit]


def proxied(token: str, seconds: int) -> dict:
    done = subprocess.run(
        ["wrk", "-t1", "-c8", f"-d{seconds}s", "--latency", "-H", f"X-Session-Token: {token}",
         "-H", "Accept: application/json", f"http://localhost:{GATEWAY}/"],
        capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in done:
        raise RuntimeError(done)
    find = lambda pattern: re.search(pattern, done).group(1)
    return {"p50": milliseconds(find(r"50%\s+(\S+)")), "p99": milliseconds(find(r"99%\s+(\S+)")),
            "rate": float(find(r"Requests/sec:\s+([0-9.]+)"))}


def wait_ready() -> None:
    for _ in range(600):
        try:
            if call(ADMIN, "GET", "/health/ready")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise RuntimeError("stepgate did not become ready")


def show(name: str, slices: list) -> None:
    middle = {key: statistics.median(one[key] for one in slices) for key in slices[0]}
    print(f"{name:34} p50 {middle['p50']:7.2f} ms   p99 {middle['p99']:7.2f} ms"
          f"   {middle['rate']:8.0f} requests/s")


def measure(opts: argparse.Namespace) -> None:
    for person in range(opts.clients):
        status, made = call(ADMIN, "POST", "/admin/identities", {
            "schema_id": "default", "traits": {"email": name_of(person)},
            "credentials": {"password": {"config": {"password": PASSWORD}}}})
        assert status == 201, made
    alone = statistics.median(sign_in(0)[0] for _ in range(10))
    _, token = sign_in(0)
    proxied(token, 1)
    quiet, stormy, rates = [], [], []
    for _ in range(opts.rounds):
        quiet.append(proxied(token, opts.seconds))
        with Storm(opts.clients) as storm:
            began = time.monotonic()
            stormy.append(proxied(token, opts.seconds))
            rates.append(len(storm.took) / (time.monotonic() - began))
    cores = os.cpu_count()
    print(f"one login alone: {alone * 1000:.1f} ms; {cores} cores could hash for"
          f" {cores / alone:.0f} a second")
    show("proxied, nobody signs in", quiet)
    show(f"proxied, {opts.clients} clients sign in", stormy)
    print(f"{'logins meanwhile':34} {statistics.median(rates):.1f} a second")


def main() -> None:
    opts = options()
    with tempfile.TemporaryDirectory() as folder:
        open(f"{folder}/nginx.conf", "w").write(
            NGINX.replace("@DIR@", folder).replace("@PORT@", str(APP)))
        open(f"{folder}/stepgate.yaml", "w").write(CONFIGURATION)
        open(f"{folder}/rules.yaml", "w").write(RULES)
        log = open(f"{folder}/log", "w")
        started = [subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log)
                   for command in (["nginx", "-c", f"{folder}/nginx.conf"],
                                   [os.path.abspath(opts.stepgate), "serve", "--config",
                                    f"{folder}/stepgate.yaml"])]
        try:
            wait_ready()
            measure(opts)
        except BaseException:
            print(open(f"{folder}/log").read()[-2000:], file=sys.stderr)
            raise
        finally:
            for process in started:
                process.terminate()
                process.wait(20)


if __name__ == "__main__":
    main()
