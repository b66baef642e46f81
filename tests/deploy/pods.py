"""Pods of a manifest as processes: the containers' own commands, variables and files, with addresses,
sockets and folders of this machine in place of the pod's."""

import http.client
import http.server
import os
import pathlib
import re
import shutil
import signal
import socket
import socketserver
import subprocess
import tempfile
import threading
import time


PATIENCE = 30
SESSION = {
    "id": "0d6b3f3e-1c0a-4a2a-9f4e-2a4a3f1f0001",
    "active": True,
    "expires_at": "2100-01-01T00:00:00Z",
    "authenticated_at": "2026-01-01T00:00:00Z",
    "issued_at": "2026-01-01T00:00:00Z",
    "authenticator_assurance_level": "aal1",
    "authentication_methods": [
        {"method": "password", "aal": "aal1", "completed_at": "2026-01-01T00:00:00Z"}
    ],
    "identity": {
        "id": "7b1f2c8e-5f0e-4a31-8c1b-0d8a5b6e0002",
        "schema_id": "default",
        "schema_url": "http://kratos/schemas/default",
        "state": "active",
        "traits": {"email": "ada@example.com"},
    },
}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Kratos(http.server.BaseHTTPRequestHandler):
    """An identity service that knows one session: the cookie's value is `good`."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        import json

        good = "ory_kratos_session=good" in self.headers.get("Cookie", "")
        known = good and self.path.startswith("/sessions/whoami")
        error = {"error": {"code": 401, "status": "Unauthorized", "message": "no session"}}
        body = json.dumps(SESSION if known else error).encode()
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Application(Kratos):
    """It writes down what it is asked."""

    seen = []

    def do_GET(self):
        type(self).seen.append((self.path, dict(self.headers)))
        body = b"the application"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "-"


class SocketServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def serve(handler, where):
    if isinstance(where, int):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", where), handler)
    else:
        server = SocketServer(where, handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def ask(port, path, headers=None):
    """Status, headers and body of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": "app.example.com", **(headers or {})})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def eventually(holds, what):
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        try:
            if holds():
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"never came to hold: {what}")


class Pod:
    """The pod of the Deployment among `manifests`, running."""

    def __init__(self, manifests, envoy=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pod"))
        self.manifests = manifests
        self.ports = {}
        self.processes = []
        self.servers = []
        Application.seen = []
        deployment = next(one for one in manifests if one["kind"] == "Deployment")
        self.spec = deployment["spec"]["template"]["spec"]
        self.kratos = free_port()
        self.servers.append(serve(Kratos, self.kratos))
        self.application()
        for container in self.spec["containers"]:
            if container["name"] == "stepgate":
                self.stepgate = self.start(container, os.environ["STEPGATE"])
            elif container["name"] == "envoy":
                self.envoy = self.start(container, envoy)

    def named(self, kind, name):
        return next(
            one for one in self.manifests if one["kind"] == kind and one["metadata"]["name"] == name
        )

    def port(self, number):
        return self.ports.setdefault(int(number), free_port())

    def local(self, text):
        """A text of the pod as it is on this machine."""
        text = re.sub(r"http://kratos-public\.identity\.svc:80", f"http://127.0.0.1:{self.kratos}", text)
        text = re.sub(r"http://app\.shop\.svc:8080", f"http://127.0.0.1:{self.port(8080)}", text)
        text = re.sub(
            r"(?:0\.0\.0\.0|127\.0\.0\.1):(\d+)", lambda hit: f"127.0.0.1:{self.local_port(hit[1])}", text
        )
        text = re.sub(
            r"address: (?:0\.0\.0\.0|127\.0\.0\.1), port_value: (\d+)",
            lambda hit: f"address: 127.0.0.1, port_value: {self.local_port(hit[1])}",
            text,
        )
        for place in ("/run/stepgate", "/run/app", "/etc/stepgate", "/etc/envoy"):
            text = text.replace(place, str(self.folder / place[1:]))
        # What stands in front are processes of this machine.
        return text.replace("10.0.0.0/8", "127.0.0.0/8")

    def local_port(self, number):
        number = int(number)
        return number if number in self.ports.values() or number == self.kratos else self.port(number)

    def application(self):
        container = next((one for one in self.spec["containers"] if one["name"] == "application"), None)
        listen = "127.0.0.1:8080"
        if container:
            listen = next(one["value"] for one in container["env"] if one["name"] == "LISTEN")
        if listen.startswith("unix:"):
            path = pathlib.Path(self.local(listen.removeprefix("unix:")))
            path.parent.mkdir(parents=True, exist_ok=True)
            self.servers.append(serve(Application, str(path)))
        else:
            self.servers.append(serve(Application, self.port(listen.rpartition(":")[2])))

    def value(self, variable):
        if "value" in variable:
            return self.local(variable["value"])
        source = variable["valueFrom"]
        if "secretKeyRef" in source:
            given = source["secretKeyRef"]
            return self.named("Secret", given["name"])["stringData"][given["key"]]
        given = source["configMapKeyRef"]
        return self.local(self.named("ConfigMap", given["name"])["data"][given["key"]])

    def mount(self, container):
        """Makes the folders of a container; those of ConfigMaps as the kubelet does."""
        volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        for mount in container["volumeMounts"]:
            folder = pathlib.Path(self.local(mount["mountPath"]))
            folder.mkdir(parents=True, exist_ok=True)
            volume = volumes[mount["name"]]
            sources = volume.get("projected", {}).get("sources", [volume])
            for source in sources:
                if "configMap" in source:
                    data = self.named("ConfigMap", source["configMap"]["name"])["data"]
                    self.swap(folder, {name: self.local(text) for name, text in data.items()})

    def swap(self, folder, files):
        """Puts files into a folder by a symbolic link that is swapped."""
        fresh = pathlib.Path(tempfile.mkdtemp(prefix="..", dir=folder))
        for name, text in files.items():
            (fresh / name).write_text(text)
            if not (folder / name).is_symlink():
                (folder / name).symlink_to(pathlib.Path("..data") / name)
        link = folder / "..data_tmp"
        link.symlink_to(fresh.name)
        link.rename(folder / "..data")

    def start(self, container, program):
        self.mount(container)
        variables = {one["name"]: self.value(one) for one in container.get("env", [])}
        command = [program, *map(self.local, container.get("args", []))]
        if container["name"] == "envoy":
            command += ["--use-dynamic-base-id", "--concurrency", "1", "--log-level", "warning"]
        log = open(self.folder / f"{container['name']}.log", "w")
        process = subprocess.Popen(
            command, env={"PATH": os.environ["PATH"], **variables}, cwd=self.folder, stdout=log, stderr=log
        )
        self.processes.append(process)
        return process

    def said(self, container="stepgate"):
        return (self.folder / f"{container}.log").read_text()[-2000:]

    def probe(self, name):
        """Asks as a probe of the manifest does."""
        container = next(one for one in self.spec["containers"] if one["name"] == "stepgate")
        get = container[name]["httpGet"]
        number = next(one["containerPort"] for one in container["ports"] if one["name"] == get["port"])
        connection = http.client.HTTPConnection("127.0.0.1", self.port(number), timeout=5)
        connection.request("GET", get["path"])
        return connection.getresponse().status

    def ready(self):
        try:
            eventually(lambda: self.probe("startupProbe") == 200, "the startup probe")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.said()}") from error
        assert self.probe("readinessProbe") == 200
        assert self.probe("livenessProbe") == 200

    def end(self):
        for process in self.processes:
            process.kill()
            process.wait()
        for server in self.servers:
            server.shutdown()
            server.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def serves(pod, number):
    """One open request, one refused, one of somebody, one that claims to be somebody."""
    port = pod.port(number)
    spoofed = {"X-User-Id": "root"}
    eventually(lambda: ask(port, "/assets/logo.svg")[0] == 200, f"port {number} serves: {pod.said()}")
    Application.seen.clear()
    status, _, body = ask(port, "/assets/logo.svg", spoofed)
    assert (status, body) == (200, b"the application"), (status, body)
    path, headers = Application.seen[-1]
    assert path == "/assets/logo.svg"
    assert headers.get("X-User-Id", headers.get("x-user-id", "")) == "", headers
    count = len(Application.seen)
    status, headers, _ = ask(port, "/account", {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
    assert status in (303, 401), status
    if status == 303:
        assert "/auth/self-service/login/browser" in headers.get("Location", headers.get("location", "")), headers
    assert ask(port, "/account", {"Accept": "application/json", **spoofed})[0] == 401
    assert len(Application.seen) == count, "a refused request reached the application"
    status, _, body = ask(port, "/account", {"Cookie": "a=b; ory_kratos_session=good", **spoofed})
    assert (status, body) == (200, b"the application"), (status, body, pod.said())
    told = {name.lower(): value for name, value in Application.seen[-1][1].items()}
    assert told["x-user-id"] == SESSION["identity"]["id"], told
    assert "ory_kratos_session" not in told.get("cookie", ""), told


def leaves(pod):
    """Told to go: unready at once, alive until the end, gone within the grace period."""
    pod.stepgate.send_signal(signal.SIGTERM)
    eventually(lambda: pod.probe("readinessProbe") == 503, "readiness goes first")
    assert pod.probe("livenessProbe") == 200
    pod.stepgate.send_signal(signal.SIGTERM)
    pod.stepgate.wait(PATIENCE)
