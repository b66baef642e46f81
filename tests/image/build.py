"""Takes the steps of the Dockerfile without a container engine. Every instruction that it does not
know is an error, so that the Dockerfile can't say more than what is done here."""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

REPOSITORY = os.getcwd()
HERE = os.environ.get("CARGO_TARGET_DIR", os.path.join(REPOSITORY, "target/image"))


def instructions(text):
    lines = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).split("\n"):
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word.upper(), rest.strip()


def copied(into):
    """What `COPY . .` brings: the files of the working tree that .dockerignore lets through."""
    listed = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], text=True)
    with open(".dockerignore", encoding="utf-8") as file:
        left_out = [line.strip() for line in file if line.strip()]
    patterns = [one.strip("/").replace("**/", "\0").replace("*", "[^/]*").replace("\0", "(.*/)?")
                for one in left_out]
    for path in filter(None, listed.split("\0")):
        if any(re.match(rf"{pattern}(/|$)", path) for pattern in patterns):
            continue
        if os.path.isfile(path):
            target = os.path.join(into, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(path, target)


class Stage:
    """A stage with this machine for its base image: its files are seen, its own folders are new."""

    def __init__(self, work):
        self.work, self.folder, self.environment = work, "/", dict(os.environ)
        self.own = {}

    def place(self, path):
        """Where a path of the stage's own is on this machine."""
        top = "/" + path.strip("/").split("/")[0]
        if top not in self.own:
            self.own[top] = os.path.join(self.work, "stage" + top)
            os.makedirs(self.own[top], exist_ok=True)
        return self.own[top] + path[len(top):]

    def run(self, command):
        given = os.environ.get("STEPGATE_IMAGE_BINARY")
        if given and "cargo build" in command:
            print(f"{given} instead of: {command}", flush=True)
            target = self.place("/out/image/usr/local/bin/stepgate")
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy2(given, target)
            return
        self.place("/out")
        # The stage's own folders stand at the root of a tree in which all else is this machine's.
        root = os.path.join(self.work, "tree")
        lines = ["set -e", f"mkdir -p {root}", f"mount -t tmpfs none {root}"]
        for name in sorted(os.listdir("/")):
            path = "/" + name
            if path in self.own:
                continue
            if os.path.islink(path):
                lines.append(f"ln -s {shlex.quote(os.readlink(path))} {root}{path}")
            elif os.path.isdir(path):
                lines.append(f"mkdir {root}{path}; mount --rbind {path} {root}{path}")
        for top, real in self.own.items():
            lines.append(f"mkdir {root}{top}; mount --bind {real} {root}{top}")
        inner = f"cd {self.folder} && {command}"
        lines.append(f"exec chroot {root} /bin/sh -ec {shlex.quote(inner)}")
        environment = self.environment | {"CARGO_TARGET_DIR": "/src/target"}
        environment.pop("RUSTUP_TOOLCHAIN", None)  # names a toolchain of the base image
        subprocess.run(["unshare", "--mount", "sh", "-c", "\n".join(lines)],
                       check=True, env=environment)


def main(work):
    image, config = os.path.join(work, "image"), {"Labels": {}}
    os.makedirs(image)
    stage = None
    with open("Dockerfile", encoding="utf-8") as file:
        steps = list(instructions(file.read()))
    for word, rest in steps:
        final = stage is None and bool(config.get("From"))
        if word == "FROM":
            if rest == "scratch":
                built, stage = stage, None
                config["From"] = rest
            else:
                assert re.search(r"^rust:[\w.-]+ AS build$", rest), rest
                stage = Stage(work)
        elif word == "ARG":
            name, _, default = rest.partition("=")
            stage.environment[name] = os.environ.get(name, default)
        elif word == "ENV" and final:
            config.setdefault("Env", []).append(rest)
        elif word == "ENV":
            name, _, value = rest.partition("=")
            stage.environment[name] = value
        elif word == "WORKDIR" and stage:
            stage.folder = rest
            os.makedirs(stage.place(rest), exist_ok=True)
        elif word == "COPY" and stage:
            assert rest == ". .", rest
            copied(stage.place(stage.folder))
            cache = os.path.join(stage.place(stage.folder), "target")
            os.makedirs(HERE, exist_ok=True)
            os.symlink(HERE, cache)
        elif word == "RUN" and stage:
            stage.run(rest)
        elif word == "COPY" and final:
            flags = dict(flag[2:].split("=") for flag in rest.split() if flag.startswith("--"))
            assert flags.pop("from") == "build"
            source, target = [part for part in rest.split() if not part.startswith("--")]
            into = image + target.rstrip("/")
            shutil.copytree(built.place(source), into, dirs_exist_ok=True, symlinks=True)
            if owner := flags.pop("chown", None):
                os.chown(into, *map(int, owner.split(":")))
            assert not flags, flags
        elif word == "WORKDIR" and final:
            config["WorkingDir"] = rest
            os.makedirs(image + rest, exist_ok=True)
        elif word in ("ENTRYPOINT", "CMD") and final:
            config[word.title()] = json.loads(rest)
        elif word == "HEALTHCHECK" and final:
            config["Healthcheck"] = {"Test": ["CMD", *json.loads(rest.partition("CMD ")[2])]}
        elif word in ("USER", "STOPSIGNAL") and final:
            config["User" if word == "USER" else "StopSignal"] = rest
        elif word == "LABEL" and final:
            config["Labels"] = dict(part.split("=", 1) for part in shlex.split(rest))
        elif word == "EXPOSE" and final:
            config["ExposedPorts"] = {f"{port}/tcp": {} for port in rest.split()}
        else:
            sys.exit(f"the Dockerfile has a step that is not known here: {word} {rest}")
    with open(os.path.join(work, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file)


main(sys.argv[1])
