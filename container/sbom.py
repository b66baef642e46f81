#!/usr/bin/env python3
"""Prints a CycloneDX 1.5 document of what a build with these features is made of.

    container/sbom.py identity,ext-authz > stepgate.cdx.json

It is read from `cargo metadata` and `Cargo.lock`: packages that the binary is linked from or built
with, none of the tests' own.
"""
import hashlib
import json
import re
import subprocess
import sys
import uuid


def metadata(features):
    host = re.search(r"^host: (.*)$", subprocess.check_output(["rustc", "-vV"], text=True), re.M)[1]
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--no-default-features"]
    command += ["--features", features, "--filter-platform", host]
    return json.loads(subprocess.check_output(command))


def reached(graph):
    """Ids of all packages that the root needs, tests' own left out."""
    nodes = {node["id"]: node for node in graph["resolve"]["nodes"]}
    found, ahead = set(), [graph["resolve"]["root"]]
    while ahead:
        one = ahead.pop()
        if one in found:
            continue
        found.add(one)
        for needed in nodes[one]["deps"]:
            if any(kind["kind"] != "dev" for kind in needed["dep_kinds"]):
                ahead.append(needed["pkg"])
    return found, nodes


def checksums():
    with open("Cargo.lock", encoding="utf-8") as lock:
        text = lock.read()
    pattern = r'name = "([^"]+)"\nversion = "([^"]+)"\nsource = "[^"]+"\nchecksum = "([^"]+)"'
    return {(name, version): checksum for name, version, checksum in re.findall(pattern, text)}


def component(package, sums):
    purl = f"pkg:cargo/{package['name']}@{package['version']}"
    told = {"type": "library", "bom-ref": purl, "name": package["name"],
            "version": package["version"], "purl": purl}
    if package.get("license"):
        told["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if (package["name"], package["version"]) in sums:
        content = sums[(package["name"], package["version"])]
        told["hashes"] = [{"alg": "SHA-256", "content": content}]
    return told


def main(features):
    graph = metadata(features)
    found, nodes = reached(graph)
    packages = {package["id"]: package for package in graph["packages"]}
    sums = checksums()
    root = packages[graph["resolve"]["root"]]
    parts = {one: component(packages[one], sums) for one in found}
    top = parts.pop(root["id"])
    top["type"] = "application"
    top["properties"] = [{"name": "cargo:features", "value": features}]
    listed = sorted(parts.values(), key=lambda part: part["bom-ref"])
    refs = {one: component(packages[one], sums)["bom-ref"] for one in found}
    needs = [{"ref": refs[one],
              "dependsOn": sorted(refs[d["pkg"]] for d in nodes[one]["deps"] if d["pkg"] in found)}
             for one in sorted(found, key=refs.get)]
    # The same build has the same document: its number is made of what is in it.
    digest = hashlib.sha256(json.dumps([features, listed]).encode()).digest()
    json.dump({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
               "serialNumber": f"urn:uuid:{uuid.UUID(bytes=digest[:16], version=4)}",
               "metadata": {"component": top}, "components": listed, "dependencies": needs},
              sys.stdout, indent=1)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
