"""Where a gateway is asked, and how: a proxied request, forward-auth, or Envoy's question."""

import dataclasses
import os
import re
import socket
import subprocess

import envoy_check

HERE = os.path.dirname(os.path.abspath(__file__))
HOST, PATH = "app.example.test", "/api/items/1"
CONNECTIONS = 64
CHECK = "/envoy.service.auth.v3.Authorization/Check"
GRPC = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
FORWARDED = {"X-Forwarded-Method": "GET", "X-Forwarded-Proto": "https", "X-Forwarded-Host": HOST,
             "X-Forwarded-Uri": PATH, "X-Forwarded-For": "192.0.2.7"}
# What a browser sends, as Envoy tells it.
TOLD = {
    ":method": "GET", ":path": PATH, ":authority": HOST, ":scheme": "https",
    "accept": "application/json", "accept-language": "en-US,en;q=0.5",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "accept-encoding": "gzip, deflate, br", "x-forwarded-proto": "https",
    "x-request-id": "5d1f7c62-31a5-4b8e-8a0f-3c8f6f5b8a10",
}
ALLOWED, REFUSED = "allowed", "refused"


def get(port: int, target: str, cookie: str = "", headers: dict | None = None) -> str:
    """The whole answer, as text."""
    lines = [f"GET {target} HTTP/1.1", f"Host: {HOST}", "Accept: application/json"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines += [f"Cookie: ory_kratos_session={cookie}"] if cookie else []
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\nConnection: close\r\n\r\n").encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer.decode("latin1")


def whoami_calls(port: int) -> int:
    """Requests that the identity stub has served, this question included."""
    return int(re.search(r"\n *\d+ +\d+ +(\d+)", get(port, "/calls")).group(1))


@dataclasses.dataclass(frozen=True)
class Door:
    """`kind` is proxy, check (forward-auth, asked at `target`) or grpc (Envoy's ext_authz)."""
    kind: str
    port: int
    target: str = "/check"

    def ask(self, cookie: str, folder: str) -> tuple:
        """Allowed, refused, or something else; and the answer, which names the person."""
        if self.kind == "grpc":
            return self._ask_grpc(cookie, folder)
        check = self.kind == "check"
        answer = get(self.port, self.target if check else "/seen", cookie,
                     FORWARDED if check else None)
        status = answer[9:12]
        verdict = {"200": ALLOWED, "401": REFUSED, "403": REFUSED}.get(status, status)
        return verdict, answer

    def _ask_grpc(self, cookie: str, folder: str) -> tuple:
        socket.create_connection(("127.0.0.1", self.port), 5).close()  # quicker to say no
        message = write_question(f"{folder}/question.bin", cookie)
        done = subprocess.run(["nghttp", "-t", "5", "-d", message, *GRPC, self._check()],
                              capture_output=True)
        code = envoy_check.code_of(done.stdout)
        # google.rpc.Code: OK; PERMISSION_DENIED and UNAUTHENTICATED.
        verdict = {0: ALLOWED, 7: REFUSED, 16: REFUSED}.get(code, str(code))
        return verdict, done.stdout.decode("latin1") + done.stderr.decode("latin1")

    def _check(self) -> str:
        return f"http://127.0.0.1:{self.port}{CHECK}"

    def load(self, sessions: int, seconds: float, folder: str) -> dict:
        """As much as it takes, for so long."""
        if self.kind == "grpc":
            return self._load_grpc(seconds, folder)
        done = subprocess.run(self._wrk(sessions, seconds, "random"), capture_output=True,
                              text=True)
        match = re.search(r"RESULT (.*)", done.stdout)
        if not match:
            raise RuntimeError(done.stdout + done.stderr)
        return {key: int(value) for key, value in
                (pair.split("=") for pair in match.group(1).split())}

    def show_each(self, sessions: int) -> None:
        """Every cookie once, so that a cache is full."""
        subprocess.run(self._wrk(sessions, 90, "each"), capture_output=True)

    def _wrk(self, sessions: int, seconds: float, order: str) -> list:
        return ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s",
                "--timeout", "5s", "-s", f"{HERE}/load.lua", f"http://127.0.0.1:{self.port}/",
                "--", str(sessions), order, self.kind, self.target]

    def _load_grpc(self, seconds: float, folder: str) -> dict:
        """The same question, 64 at a time over eight connections."""
        message = write_question(f"{folder}/load.bin", "s" + "7919".rjust(31, "0"))
        command = ["taskset", "-c", "1", "h2load", "-t1", "-c8", "-m8", f"-D{seconds}",
                   "-d", message, *GRPC, self._check()]
        text = subprocess.run(command, capture_output=True, text=True).stdout
        counts = re.search(r"requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded", text)
        if not counts:
            raise RuntimeError(text)
        done, good = int(counts.group(1)), int(counts.group(2))
        return {"requests": done, "micros": int(seconds * 1e6), "p50": 0, "p99": 0,
                "errors": done - good}


def write_question(path: str, cookie: str) -> str:
    told = TOLD | ({"cookie": f"theme=dark; ory_kratos_session={cookie}"} if cookie else {})
    with open(path, "wb") as file:
        file.write(envoy_check.grpc_message(envoy_check.check_request(HOST, PATH, told)))
    return path
