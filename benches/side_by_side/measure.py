"""Processes pinned to a core, and what the kernel says they cost."""

import os
import re
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")


def spawn(command: list, core: int, folder: str, name: str) -> subprocess.Popen:
    log = open(f"{folder}/{name}.log", "w")
    # What a program keeps for itself belongs into the run's folder, and goes with it.
    homes = {name: folder for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    return subprocess.Popen(["taskset", "-c", str(core)] + command, cwd=folder,
                            env=os.environ | homes, stdin=subprocess.DEVNULL, stdout=log,
                            stderr=log)


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


def slice_of(pids: list, everyone: list, load) -> dict:
    """One stretch of load: what was answered, what it cost `pids`, what strangers took."""
    start, busy = time.monotonic(), busy_seconds()
    cpu = sum(cpu_seconds(pid) for pid in pids)
    ours = sum(cpu_seconds(other) for other in everyone)
    children = os.times()
    result = load()
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
