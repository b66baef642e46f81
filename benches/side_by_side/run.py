#!/usr/bin/env python3
"""Stepgate beside nginx and the decision services of others on one core: what does a request cost?

    cargo build --release && python3 benches/side_by_side/run.py

Starts and stops everything it needs on loopback: an application and an identity stub (nginx), a
plain nginx as the yardstick, the load (wrk, h2load), and one gateway at a time. Needs two cores,
nginx and wrk; Heimdall, Oathkeeper, Envoy, Traefik and Caddy are measured where they are found. A
quiet machine gives better figures, a busy one is noticed and said.
"""

import argparse
import datetime
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import configurations as cfg
import doors
import gateways
import measure
import report

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds over all gateways")
    parser.add_argument("--slices", type=int, default=3, help="slices per gateway and round")
    parser.add_argument("--seconds", type=int, default=2, help="length of a slice")
    parser.add_argument("--sessions", type=int, default=100000)
    parser.add_argument("--peer-sessions", type=int, default=10000,
                        help="sessions for Heimdall, whose cache takes long to fill")
    parser.add_argument("--at-most", type=float, default=float("inf"), metavar="SECONDS",
                        help="start nobody after so long, and report what there is")
    parser.add_argument("--only", action="append", help="gateways by name")
    parser.add_argument("--stepgate", default=f"{ROOT}/target/release/stepgate")
    gateways.add_options(parser)
    parser.add_argument("--out", default=f"{ROOT}/bench-report")
    return parser.parse_args()


def wait_for(processes: list, started: float, logs: list, door: doors.Door, folder: str) -> float:
    """Milliseconds from start until somebody with a session is let in."""
    said = ""
    while time.monotonic() - started < 30:
        try:
            verdict, said = door.ask("s1", folder)
            if verdict == doors.ALLOWED:
                return (time.monotonic() - started) * 1000
        except OSError:
            pass
        for process, log in zip(processes, logs):
            if process.poll() is not None:
                raise RuntimeError(f"{process.args} ended: {open(log).read()[-2000:]}")
        time.sleep(0.0005)
    logged = "\n".join(open(log).read()[-1000:] for log in logs)
    raise RuntimeError(f"let nobody in: {said[:500]}\n{logged}")


def prove(gateway: gateways.Gateway, folder: str) -> None:
    """Whoever is measured decides: nobody without a session, and a person with one, by name."""
    if not gateway.decides:
        return
    verdict, said = gateway.door.ask("", folder)
    if verdict != doors.REFUSED:
        raise RuntimeError(f"let somebody in without a session: {verdict}\n{said[:500]}")
    verdict, said = gateway.door.ask("s1", folder)
    if verdict != doors.ALLOWED or cfg.PERSON not in said:
        raise RuntimeError(f"did not name the person: {verdict}\n{said[:500]}")


def warm(gateway: gateways.Gateway) -> None:
    """Fills the cache, and sees that the identity service was asked about everybody."""
    if gateway.warm is None:
        return
    before = doors.whoami_calls(cfg.WHOAMI)
    gateway.warm.show_each(gateway.sessions)
    asked = doors.whoami_calls(cfg.WHOAMI) - before
    if asked < gateway.sessions * 0.99:
        raise RuntimeError(f"asked about {asked} of {gateway.sessions} sessions")


def slices_of(gateway: gateways.Gateway, pids: list, others: dict, opts, folder: str) -> list:
    """Each slice follows a second on the plain nginx that runs all the time."""
    everyone = [other.pid for other in others.values()] + pids
    yardstick = doors.Door("proxy", cfg.BASELINE)
    slices = []
    for _ in range(opts.slices):
        base = measure.slice_of([others["baseline"].pid], everyone,
                                lambda: yardstick.load(1000, 1, folder))
        calls = doors.whoami_calls(cfg.WHOAMI)
        it = measure.slice_of(pids, everyone, lambda: gateway.door.load(
            gateway.sessions, opts.seconds, folder))
        calls = doors.whoami_calls(cfg.WHOAMI) - calls - 1
        it.update(base_cpu_us=base["cpu_us"], base_rate=base["rate"],
                  calls=calls / max(it["rate"] * opts.seconds, 1),
                  strangers=max(it["strangers"], base["strangers"]))
        slices.append(it)
    return slices


def one(name: str, gateway: gateways.Gateway, opts, folder: str, others: dict) -> dict:
    label = re.sub("[^a-z]+", "-", name)
    started = time.monotonic()
    processes, logs = [], []
    try:
        for at, command in enumerate(gateway.commands):
            processes.append(measure.spawn(command, 0, folder, f"{label}{at}"))
            logs.append(f"{folder}/{label}{at}.log")
        start_ms = wait_for(processes, started, logs, gateway.door, folder)
        prove(gateway, folder)
        time.sleep(1)
        pids = [process.pid for process in processes]
        rest = sum(measure.resident_mb(pid) for pid in pids)
        warm(gateway)
        slices = slices_of(gateway, pids, others, opts, folder)
        full = sum(measure.resident_mb(pid) for pid in pids)
        return {"start_ms": start_ms, "rest_mb": rest, "slices": slices, "full_mb": full}
    finally:
        for process in processes[::-1]:
            measure.stop(process)


def output_of(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True)
        return (done.stdout + done.stderr).strip().splitlines()[0]
    except (OSError, IndexError):
        return "unknown"


def versions(opts, table: gateways.Table) -> dict:
    model = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
    ask = {"heimdall": "--version", "oathkeeper": "version", "envoy": "--version",
           "traefik": "version", "caddy": "version"}
    return {
        "processor": f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} cores",
        "kernel": platform.release(),
        "load when started": f"{os.getloadavg()[0]:.1f}",
        "stepgate": f"{output_of(opts.stepgate, '--version')}, "
                    f"{os.path.getsize(opts.stepgate) / 1e6:.1f} MB",
        "compiler": output_of("rustc", "--version"),
        "nginx": output_of("nginx", "-v"),
        "wrk": output_of("wrk", "-v"),
    } | {name: output_of(path, ask[name]) for name, path in table.programs.items()}


def stage(folder: str, others: dict) -> None:
    """The application, the identity stub, and the yardstick."""
    for name, server, core in (("upstream", cfg.upstream(), 1), ("whoami", cfg.whoami(), 1),
                               ("baseline", cfg.plain(cfg.BASELINE), 0)):
        with open(f"{folder}/{name}.conf", "w") as file:
            file.write(cfg.nginx(name, server, folder))
        others[name] = measure.spawn(["nginx", "-c", f"{folder}/{name}.conf"], core, folder, name)
    time.sleep(0.5)


def rounds(table: gateways.Table, opts, folder: str) -> dict:
    """All gateways, over and over, in alternating order."""
    others, results, started = {}, {}, time.monotonic()
    try:
        stage(folder, others)
        for round_ in range(opts.rounds):
            names = list(table.all) if round_ % 2 == 0 else list(table.all)[::-1]
            for name in names:
                if time.monotonic() - started > opts.at_most:
                    print(f"round {round_ + 1} {name}: no time left", flush=True)
                    continue
                gateway = table.all[name]
                entry = one(name, gateway, opts, folder, others)
                total = results.setdefault(name, {"sessions": gateway.sessions, "slices": [],
                                                  "start_ms": [], "rest_mb": [], "full_mb": []})
                total["slices"] += entry["slices"]
                for key in ("start_ms", "rest_mb", "full_mb"):
                    total[key].append(entry[key])
                shown = " ".join(f"{s['cpu_us']:.1f}us x{s['cpu_us'] / s['base_cpu_us']:.2f}"
                                 f" ({s['rate']:.0f}/s, strangers {s['strangers']:.2f})"
                                 for s in entry["slices"])
                print(f"round {round_ + 1} {name}: {shown}", flush=True)
    finally:
        for process in others.values():
            measure.stop(process)
    return {name: results[name] for name in table.all if name in results}


def main() -> int:
    # Asked to end, it ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    opts = options()
    for needed in ("nginx", "wrk", "taskset"):
        if not shutil.which(needed):
            sys.exit(f"{needed} is not installed")
    if not os.path.exists(opts.stepgate):
        sys.exit(f"{opts.stepgate} is not there: cargo build --release")
    folder = tempfile.mkdtemp(prefix="side-by-side-")
    try:
        table = gateways.Table(opts, folder)
        for name, missing in table.missing.items():
            print(f"left out, {' and '.join(missing)} not found: {name}", flush=True)
        facts = {"date": datetime.date.today().isoformat(), "arguments": " ".join(sys.argv[1:]),
                 "seconds": opts.seconds, "connections": doors.CONNECTIONS,
                 "versions": versions(opts, table), "missing": table.missing}
        results = rounds(table, opts, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(opts.out, exist_ok=True)
    for file, text in (("README.md", report.markdown(results, facts)),
                       ("chart.svg", report.chart(results)),
                       ("figures.json", json.dumps({"facts": facts, "results": results},
                                                   indent=1))):
        with open(f"{opts.out}/{file}", "w") as out:
            out.write(text)
    print(f"{opts.out}/README.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
