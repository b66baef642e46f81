"""Who is measured: the processes of each gateway, where it is asked, and with how many sessions."""

import argparse
import dataclasses
import os
import shutil

import configurations as cfg
import fronts
import peers
from doors import Door

OTHERS = ("heimdall", "oathkeeper", "envoy", "traefik", "caddy")
PROXY, FRONT = Door("proxy", cfg.GATEWAY), Door("proxy", cfg.FRONT)


@dataclasses.dataclass(frozen=True)
class Gateway:
    """All processes run on one core and are counted together."""
    commands: list
    door: Door
    sessions: int
    warm: Door | None = None  # where a cache is filled before it counts
    decides: bool = True


def add_options(parser: argparse.ArgumentParser) -> None:
    for name in OTHERS:
        parser.add_argument(f"--{name}", default=os.environ.get(name.upper()) or name,
                            help=f"the program; {name.upper()} in the environment")


def programs(opts: argparse.Namespace) -> dict:
    """Where the others' programs are; those that aren't are left out."""
    there = {name: shutil.which(getattr(opts, name)) for name in OTHERS}
    return {name: os.path.abspath(path) for name, path in there.items() if path}


class Table:
    """Name to gateway. Writes the configurations into the run's folder."""

    def __init__(self, opts: argparse.Namespace, folder: str):
        self.opts, self.folder, self.programs = opts, folder, programs(opts)
        self.all, self.missing = {}, {}
        self._nginx_and_stepgate()
        self._decision_services()
        self._nginx_asking()
        self._envoy_asking()
        self._traefik_and_caddy_asking()
        if opts.only:
            unknown = [name for name in opts.only if name not in self.all | self.missing]
            if unknown:
                known = "\n  ".join(self.all | self.missing)
                raise SystemExit(f"nobody is called {unknown[0]!r}; there are:\n  {known}")
            self.all = {name: it for name, it in self.all.items() if name in opts.only}
            self.missing = {name: it for name, it in self.missing.items() if name in opts.only}

    def _add(self, name: str, commands: list, door: Door, needs: tuple = (), **more) -> None:
        missing = [need for need in needs if need not in self.programs]
        missing += [tool for tool in ("h2load", "nghttp")
                    if door.kind == "grpc" and not shutil.which(tool)]
        if missing:
            self.missing[name] = missing
            return
        commands = [[self.programs.get(command[0], command[0])] + command[1:]
                    for command in commands]
        self.all[name] = Gateway(commands, door, **({"sessions": self.opts.sessions} | more))

    def _nginx(self, name: str, server: str) -> list:
        text = cfg.nginx(name, server, self.folder)
        return ["nginx", "-c", peers.write(self.folder, f"{name}.conf", text)]

    def _stepgate(self, access_log: bool = False) -> list:
        home = f"{self.folder}/stepgate{'-log' if access_log else ''}"
        os.makedirs(home, exist_ok=True)
        peers.write(home, "rules.yaml", cfg.RULES)
        path = peers.write(home, "stepgate.yaml", cfg.stepgate(access_log))
        return [os.path.abspath(self.opts.stepgate), "serve", "--config", path]

    def _heimdall(self, *more: str) -> list:
        # --insecure: without TLS, as the others are asked here.
        return ["heimdall", "serve", "decision", "--insecure", *more, "-c",
                peers.heimdall(self.folder)]

    def _oathkeeper(self) -> list:
        return ["oathkeeper", "serve", "--sqa-opt-out", "-c", peers.oathkeeper(self.folder)]

    def _nginx_and_stepgate(self) -> None:
        ours = self._stepgate()
        self._add("nginx proxy_pass", [self._nginx("plain", cfg.plain(cfg.GATEWAY))], PROXY,
                  decides=False)
        for name, method in (("nginx auth_request", "GET"), ("nginx auth_request, HEAD", "HEAD")):
            self._add(name, [self._nginx(f"auth-{method}", cfg.auth_request(method))], PROXY)
        self._add("stepgate", [ours], PROXY, warm=PROXY)
        self._add("stepgate, access log on", [self._stepgate(True)], PROXY, warm=PROXY)

    def _decision_services(self) -> None:
        ours, few = self._stepgate(), self.opts.peer_sessions
        check = Door("check", cfg.DECISIONS)
        self._add("stepgate, forward-auth", [ours], check, warm=check)
        check = Door("check", peers.HEIMDALL, "/")
        self._add("heimdall, forward-auth", [self._heimdall()], check, ("heimdall",),
                  sessions=few, warm=check)
        self._add("oathkeeper, forward-auth", [self._oathkeeper()],
                  Door("check", peers.OATHKEEPER, "/decisions"), ("oathkeeper",))
        self._add("stepgate, ext_authz gRPC", [ours], Door("grpc", cfg.CHECKS), sessions=1)
        self._add("heimdall, ext_authz gRPC", [self._heimdall("--envoy-grpc")],
                  Door("grpc", peers.HEIMDALL), ("heimdall",), sessions=1)

    def _nginx_asking(self) -> None:
        asking = cfg.asking(cfg.DECISIONS, "/nginx/check", cfg.ORIGINAL)
        self._add("nginx asking stepgate", [self._stepgate(), self._nginx("asking", asking)],
                  FRONT, warm=PROXY)
        asking = cfg.asking(peers.HEIMDALL, "/", cfg.FORWARDED)
        self._add("nginx asking heimdall",
                  [self._heimdall(), self._nginx("asking-heimdall", asking)], FRONT,
                  ("heimdall",), sessions=self.opts.peer_sessions, warm=FRONT)
        asking = cfg.asking(peers.OATHKEEPER, "/decisions", cfg.FORWARDED)
        self._add("nginx asking oathkeeper",
                  [self._oathkeeper(), self._nginx("asking-oathkeeper", asking)], FRONT,
                  ("oathkeeper",))

    def _envoy_asking(self) -> None:
        def envoy(port: int, grpc: bool) -> list:
            path = peers.write(self.folder, f"envoy-{port}.yaml", fronts.envoy(port, grpc))
            return ["envoy", "-c", path, "--concurrency", "1", "-l", "error",
                    "--disable-hot-restart"]

        self._add("envoy asking stepgate", [self._stepgate(), envoy(cfg.CHECKS, True)], FRONT,
                  ("envoy",), warm=PROXY)
        self._add("envoy asking heimdall",
                  [self._heimdall("--envoy-grpc"), envoy(peers.HEIMDALL, True)], FRONT,
                  ("envoy", "heimdall"), sessions=self.opts.peer_sessions, warm=FRONT)
        self._add("envoy asking whoami", [envoy(cfg.WHOAMI, False)], FRONT, ("envoy",))

    def _traefik_and_caddy_asking(self) -> None:
        def traefik(name: str, address: str, hand_on: dict) -> list:
            file = f"traefik-{name}.yaml"
            path = f"{self.folder}/{file}"
            peers.write(self.folder, file, fronts.traefik(path, address, hand_on))
            return ["traefik", f"--configFile={path}"]

        def caddy(name: str, port: int, uri: str, headers: str) -> list:
            path = peers.write(self.folder, f"Caddyfile-{name}", fronts.caddy(port, uri, headers))
            return ["caddy", "run", "--adapter", "caddyfile", "--config", path]

        check = f"http://127.0.0.1:{cfg.DECISIONS}/check"
        self._add("traefik asking stepgate",
                  [self._stepgate(), traefik("stepgate", check, fronts.TRAEFIK_STEPGATE)], FRONT,
                  ("traefik",), warm=PROXY)
        self._add("traefik asking whoami",
                  [traefik("whoami", peers.ASK, fronts.TRAEFIK_WHOAMI)], FRONT, ("traefik",))
        self._add("caddy asking stepgate",
                  [self._stepgate(), caddy("stepgate", cfg.DECISIONS, *fronts.CADDY_STEPGATE)],
                  FRONT, ("caddy",), warm=PROXY)
        self._add("caddy asking whoami",
                  [caddy("whoami", cfg.WHOAMI, *fronts.CADDY_WHOAMI)], FRONT, ("caddy",))
