"""Processes pinned to a core, and what the kernel says they cost."""

import os
import re
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TICK = os.sysconf("SC_CLK_TCK")
CONNECTIONS = 64


def spawn(command: list, core: int, folder: str, name: str) -> subprocess.Popen:
    log = open(f"{folder}/{name}.log", "w")
    return subprocess.Popen(["taskset", "-c", str(core)] + command, cwd=folder,
                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def stop(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def family(pid: int) -> list:
    """The process and its children: nginx is a master and a worker."""
    pids = [pid]
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            for child in open(f"/proc/{pid}/task/{thread}/children").read().split():
                pids += family(int(child))
    except OSError:
        pass
    return pids


def cpu_seconds(pid: int) -> float:
    ticks = 0
    for member in family(pid):
        try:
            fields = open(f"/proc/{member}/stat").read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICK


def resident_mb(pid: int) -> float:
    kib = 0
    for member in family(pid):
        match = re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{member}/status").read())
        kib += int(match.group(1)) if match else 0
    return kib / 1024


def busy_seconds() -> float:
    """CPU time of everybody on both cores, idling and waiting for disks left out."""
    total = 0
    for line in open("/proc/stat"):
        if re.match(r"cpu[01] ", line):
            fields = [int(field) for field in line.split()[1:9]]
            total += sum(fields) - fields[3] - fields[4]
    return total / TICK


def ask(port: int, path: str = "/", cookie: str = "") -> str:
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        head = f"GET {path} HTTP/1.1\r\nHost: app.example.test\r\nAccept: application/json\r\n"
        cookie = f"Cookie: ory_kratos_session={cookie}\r\n" if cookie else ""
        connection.sendall((head + cookie + "Connection: close\r\n\r\n").encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer.decode("latin1")


def whoami_calls(port: int) -> int:
    """Requests that the identity stub has served, this question included."""
    return int(re.search(r"\n *\d+ +\d+ +(\d+)", ask(port, "/calls")).group(1))


def load(port: int, sessions: int, seconds: float, order: str = "random",
         kind: str = "proxy") -> dict:
    if kind == "grpc":
        return grpc_load(port, seconds)
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s",
               "--timeout", "5s", "-s", f"{HERE}/load.lua", f"http://127.0.0.1:{port}/", "--",
               str(sessions), order, kind]
    done = subprocess.run(command, capture_output=True, text=True)
    match = re.search(r"RESULT (.*)", done.stdout)
    if not match:
        raise RuntimeError(done.stdout + done.stderr)
    return {key: int(value) for key, value in
            (pair.split("=") for pair in match.group(1).split())}


def grpc_load(port: int, seconds: float) -> dict:
    """Envoy's question, 64 at a time over eight connections."""
    command = ["taskset", "-c", "1", "h2load", "-t1", "-c8", "-m8", f"-D{seconds}",
               "-d", f"{os.environ['CHECK_MESSAGE']}", "-H", "content-type: application/grpc",
               "-H", "te: trailers",
               f"http://127.0.0.1:{port}/envoy.service.auth.v3.Authorization/Check"]
    text = subprocess.run(command, capture_output=True, text=True).stdout
    counts = re.search(r"requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded", text)
    if not counts:
        raise RuntimeError(text)
    done, good = int(counts.group(1)), int(counts.group(2))
    return {"requests": done, "micros": int(seconds * 1e6), "p50": 0, "p99": 0,
            "errors": done - good}


def slice_of(pids: list, everyone: list, port: int, sessions: int, seconds: float,
             kind: str = "proxy") -> dict:
    """One stretch of load: what was answered, what it cost `pids`, what strangers took."""
    start, busy = time.monotonic(), busy_seconds()
    cpu = sum(cpu_seconds(pid) for pid in pids)
    ours = sum(cpu_seconds(other) for other in everyone)
    children = os.times()
    result = load(port, sessions, seconds, kind=kind)
    elapsed = time.monotonic() - start
    cpu = sum(cpu_seconds(pid) for pid in pids) - cpu
    ours = sum(cpu_seconds(other) for other in everyone) - ours
    after = os.times()
    ours += (after.children_user + after.children_system + after.user + after.system
             - children.children_user - children.children_system - children.user
             - children.system)
    requests = max(result["requests"], 1)
    return {"rate": requests / (result["micros"] / 1e6), "cpu_us": cpu / requests * 1e6,
            "p50": result["p50"], "p99": result["p99"], "errors": result["errors"],
            "strangers": max(busy_seconds() - busy - ours, 0) / elapsed}
