#!/usr/bin/env python3
"""How light a gateway is: start to first answer, memory at rest and after requests, size.

    benches/sidecar/run.py minimal=PATH full=PATH

Each binary runs with two workers, an external identity service, twenty rules and its access log, on
this machine as it is. Prints a table.
"""
import http.client
import http.server
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROUNDS = 20
REQUESTS = 10_000


class Quiet(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """The gateway may end while it is answered."""


class Application(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def configuration(folder, application):
    proxy, admin = free_port(), free_port()
    os.makedirs(f"{folder}/rules", exist_ok=True)
    with open(f"{folder}/stepgate.yaml", "w", encoding="utf-8") as file:
        file.write(f"""version: 1
proxy: {{ listen: 127.0.0.1:{proxy}, workers: 2 }}
identity: {{ external: {{ public_url: "http://127.0.0.1:{application}" }} }}
admin: {{ listen: 127.0.0.1:{admin} }}
telemetry: {{ log: {{ level: error }} }}
""")
    with open(f"{folder}/rules/app.yaml", "w", encoding="utf-8") as file:
        file.write(f'upstreams: {{ app: {{ url: "http://127.0.0.1:{application}" }} }}\nrules:\n')
        for number in range(20):
            access = "required_aal: none" if number == 0 else "required_aal: aal2"
            file.write(f'  - {{ id: r{number}, match: {{ path: "/p{number}/**" }}, {access}, '
                       "upstream: app }\n")
    return proxy


def first_answer(binary, folder, port):
    """The process, and milliseconds until it answered."""
    begun = time.perf_counter()
    program = subprocess.Popen([binary, "serve"], cwd=folder, stdout=subprocess.DEVNULL)
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port)) as line:
                line.sendall(b"GET /p0/x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
                if line.recv(12).startswith(b"HTTP/1.1 200"):
                    return program, (time.perf_counter() - begun) * 1000
        except OSError:
            time.sleep(0.0002)


def end(program):
    program.send_signal(signal.SIGTERM)
    program.wait(timeout=20)


def resident(program):
    """Megabytes: all of it, and what of it is no file's."""
    with open(f"/proc/{program.pid}/status", encoding="utf-8") as status:
        told = dict(line.split(":", 1) for line in status)
    return [int(told[name].split()[0]) * 1024 / 1e6 for name in ("VmRSS", "RssAnon")]


def requests(port):
    line = http.client.HTTPConnection("127.0.0.1", port)
    for _ in range(REQUESTS):
        line.request("GET", "/p0/x", headers={"Host": "a.test"})
        line.getresponse().read()


def measure(binary, folder, port):
    starts = []
    for _ in range(ROUNDS):
        program, took = first_answer(binary, folder, port)
        starts.append(took)
        end(program)
    program, _ = first_answer(binary, folder, port)
    time.sleep(2)
    rest = resident(program)
    requests(port)
    busy = resident(program)
    end(program)
    return starts, rest, busy, os.path.getsize(binary) / 1e6


def main(named):
    application = Quiet(("127.0.0.1", 0), Application)
    threading.Thread(target=application.serve_forever, daemon=True).start()
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print("| build | version | start to first answer, ms | at rest, MB (not of files) "
          "| after 10k requests, MB (not of files) | binary, MB |\n|---|---|---|---|---|---|")
    for name, _, path in (one.partition("=") for one in named):
        binary = os.path.abspath(path)
        version = subprocess.check_output([binary, "--version"], text=True).split()[-1]
        with tempfile.TemporaryDirectory() as folder:
            port = configuration(folder, application.server_address[1])
            starts, rest, busy, size = measure(binary, folder, port)
        print(f"| {name} | {version} | {statistics.median(starts):.1f} "
              f"[{min(starts):.1f}-{max(starts):.1f}] | {rest[0]:.1f} ({rest[1]:.1f}) "
              f"| {busy[0]:.1f} ({busy[1]:.1f}) | {size:.1f} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1:])
