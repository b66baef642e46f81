#!/usr/bin/env python3
"""Stepgate beside nginx on one core: what does a request cost?

    cargo build --release && python3 benches/side_by_side/run.py

Starts and stops everything it needs on loopback: an application and an identity stub (nginx), a
plain nginx as the yardstick, the load (wrk), and one gateway at a time. Needs two cores, nginx and
wrk; a quiet machine gives better figures, a busy one is noticed and said.
"""

import argparse
import datetime
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

import configurations as cfg
import envoy_check
import measure
import report

ROOT = os.path.dirname(os.path.dirname(measure.HERE))
BARS = {"cpu": 1.0, "times": 4.0, "forward_auth": 2.0, "grpc": 0.6}
# What a browser sends, as Envoy tells it.
CHECK_HEADERS = {
    ":method": "GET", ":path": "/api/items/1", ":authority": "app.example.test",
    ":scheme": "https", "accept": "application/json", "accept-language": "en-US,en;q=0.5",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "accept-encoding": "gzip, deflate, br", "x-forwarded-proto": "https",
    "x-request-id": "5d1f7c62-31a5-4b8e-8a0f-3c8f6f5b8a10",
    "cookie": "theme=dark; ory_kratos_session=s" + "7919".rjust(31, "0"),
}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds over all gateways")
    parser.add_argument("--slices", type=int, default=3, help="slices per gateway and round")
    parser.add_argument("--seconds", type=int, default=2, help="length of a slice")
    parser.add_argument("--sessions", type=int, default=100000)
    parser.add_argument("--only", action="append", help="gateways by name")
    parser.add_argument("--stepgate", default=f"{ROOT}/target/release/stepgate")
    parser.add_argument("--out", default=f"{ROOT}/bench-report")
    return parser.parse_args()


def gateways(opts: argparse.Namespace, folder: str) -> dict:
    """Name to (commands, how it is asked, where). Writes the configurations."""
    def nginx(name: str, server: str) -> list:
        path = f"{folder}/{name}.conf"
        open(path, "w").write(cfg.nginx(name, server, folder))
        return ["nginx", "-c", path]

    def stepgate(name: str, access_log: bool) -> list:
        home = f"{folder}/{name}"
        os.makedirs(home)
        open(f"{home}/stepgate.yaml", "w").write(cfg.stepgate(access_log))
        open(f"{home}/rules.yaml", "w").write(cfg.RULES)
        return [os.path.abspath(opts.stepgate), "serve", "--config", f"{home}/stepgate.yaml"]

    ours = stepgate("stepgate", False)
    asking = nginx("asking", cfg.asking_stepgate())
    every = {
        "nginx proxy_pass": ([nginx("plain", cfg.plain(cfg.GATEWAY))], "proxy", cfg.GATEWAY),
        "nginx auth_request": ([nginx("auth", cfg.auth_request("GET"))], "proxy", cfg.GATEWAY),
        "nginx auth_request, HEAD": ([nginx("auth-head", cfg.auth_request("HEAD"))], "proxy",
                                     cfg.GATEWAY),
        "stepgate": ([ours], "proxy", cfg.GATEWAY),
        "stepgate, access log on": ([stepgate("stepgate-log", True)], "proxy", cfg.GATEWAY),
        "stepgate, forward-auth": ([ours], "check", cfg.DECISIONS),
        "stepgate, ext_authz gRPC": ([ours], "grpc", cfg.CHECKS),
        "nginx asking stepgate": ([ours, asking], "proxy", cfg.GATEWAY + 20),
    }
    return {name: value for name, value in every.items() if not opts.only or name in opts.only}


def wait_for(process: subprocess.Popen, started: float, log: str, port: int) -> float:
    """Milliseconds from start to the first 200."""
    while time.monotonic() - started < 20:
        try:
            if measure.ask(port, cookie="s1").startswith("HTTP/1.1 200"):
                return (time.monotonic() - started) * 1000
        except OSError:
            pass
        if process.poll() is not None:
            raise RuntimeError("ended: " + open(log).read()[-2000:])
        time.sleep(0.0005)
    raise RuntimeError("no 200: " + measure.ask(port, cookie="s1")[:500])


def warm(opts: argparse.Namespace) -> None:
    """Shows every cookie once, so that a cache is full; stops when no new question is asked."""
    for _ in range(40):
        before = measure.whoami_calls(cfg.WHOAMI)
        measure.load(cfg.GATEWAY, opts.sessions, 3, "each")
        if measure.whoami_calls(cfg.WHOAMI) - before <= 2:
            return


def one(name: str, commands: list, kind: str, port: int, opts, folder: str, others: dict) -> dict:
    label = re.sub("[^a-z]+", "-", name)
    started = time.monotonic()
    processes = []
    try:
        for at, command in enumerate(commands):
            processes.append(measure.spawn(command, 0, folder, f"{label}{at}"))
        pids = [process.pid for process in processes]
        # Where decisions are asked for, the proxy beside them tells that the process is up.
        answers = port if kind == "proxy" else cfg.GATEWAY
        log = f"{folder}/{label}{len(pids) - 1}.log"
        start_ms = wait_for(processes[-1], started, log, answers)
        time.sleep(1)
        resident = lambda: sum(measure.resident_mb(pid) for pid in pids)
        rest = resident()
        if "stepgate" in name:
            refused = measure.ask(answers)[9:12]
            if refused != "401":
                raise RuntimeError(f"let somebody in without a session: {refused}")
            warm(opts)
        everyone = [p.pid for p in others.values()] + pids
        slices = []
        for _ in range(opts.slices):
            base = measure.slice_of([others["baseline"].pid], everyone, cfg.BASELINE, 1000, 1)
            calls = measure.whoami_calls(cfg.WHOAMI)
            it = measure.slice_of(pids, everyone, port, opts.sessions, opts.seconds, kind)
            calls = measure.whoami_calls(cfg.WHOAMI) - calls - 1
            it.update(base_cpu_us=base["cpu_us"], base_rate=base["rate"],
                      calls=calls / max(it["rate"] * opts.seconds, 1),
                      strangers=max(it["strangers"], base["strangers"]))
            slices.append(it)
        return {"start_ms": start_ms, "rest_mb": rest, "slices": slices,
                "full_mb": resident()}
    finally:
        for process in processes[::-1]:
            measure.stop(process)


def output_of(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True)
        return (done.stdout + done.stderr).strip().splitlines()[0]
    except (OSError, IndexError):
        return "unknown"


def versions(opts) -> dict:
    model = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
    return {
        "processor": f"{model.group(1) if model else platform.machine()}, {os.cpu_count()} cores",
        "kernel": platform.release(),
        "load when started": f"{os.getloadavg()[0]:.1f}",
        "stepgate": f"{output_of(opts.stepgate, '--version')}, "
                    f"{os.path.getsize(opts.stepgate) / 1e6:.1f} MB",
        "compiler": output_of("rustc", "--version"),
        "nginx": output_of("nginx", "-v"),
        "wrk": output_of("wrk", "-v"),
    }


def main() -> int:
    opts = options()
    for needed in ("nginx", "wrk", "taskset"):
        if not shutil.which(needed):
            sys.exit(f"{needed} is not installed")
    if not os.path.exists(opts.stepgate):
        sys.exit(f"{opts.stepgate} is not there: cargo build --release")
    folder = tempfile.mkdtemp(prefix="side-by-side-")
    facts = {"date": datetime.date.today().isoformat(), "arguments": " ".join(sys.argv[1:]),
             "sessions": f"{opts.sessions:,}", "seconds": opts.seconds,
             "connections": measure.CONNECTIONS, "versions": versions(opts)}
    others, results = {}, {}
    message = f"{folder}/check.bin"
    open(message, "wb").write(envoy_check.grpc_message(envoy_check.check_request(
        "app.example.test", "/api/items/1", CHECK_HEADERS)))
    os.environ["CHECK_MESSAGE"] = message
    try:
        for name, server, core in (("upstream", cfg.upstream(), 1), ("whoami", cfg.whoami(), 1),
                                   ("baseline", cfg.plain(cfg.BASELINE), 0)):
            open(f"{folder}/{name}.conf", "w").write(cfg.nginx(name, server, folder))
            others[name] = measure.spawn(["nginx", "-c", f"{folder}/{name}.conf"], core, folder,
                                         name)
        time.sleep(0.5)
        chosen = gateways(opts, folder)
        for round_ in range(opts.rounds):
            names = list(chosen) if round_ % 2 == 0 else list(chosen)[::-1]
            for name in names:
                entry = one(name, *chosen[name], opts, folder, others)
                total = results.setdefault(name, {"slices": [], "start_ms": [], "rest_mb": [],
                                                  "full_mb": []})
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
        shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(opts.out, exist_ok=True)
    ordered = {name: results[name] for name in chosen if name in results}
    open(f"{opts.out}/README.md", "w").write(report.markdown(ordered, facts, BARS))
    open(f"{opts.out}/chart.svg", "w").write(report.chart(ordered))
    json.dump({"facts": facts, "results": ordered}, open(f"{opts.out}/figures.json", "w"), indent=1)
    print(f"{opts.out}/README.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
