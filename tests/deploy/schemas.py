"""Manifests against the schemas of Kubernetes and of the custom resources."""

import os
import pathlib
import re

import jsonschema
import kubernetes_validate

from checks import documents

VERSION = "1.34"
CRDS = pathlib.Path(os.environ["CRDS"])
PLACES = [
    "sigs.k8s.io_gateway-api/config/crd/experimental",
    "istio.io_api/kubernetes",
    "github.com_envoyproxy_gateway/charts/gateway-crds-helm/templates/generated",
    "github.com_traefik_traefik_v3/docs/content/reference/dynamic-configuration",
]
# The Prometheus operator's module has no definition in it: the part that the chart uses, written down
# from its reference.
TEXT = {"type": "string"}
LABELS = {"type": "object", "additionalProperties": TEXT}
SERVICE_MONITOR = {
    "type": "object",
    "required": ["selector", "endpoints"],
    "properties": {
        "selector": {"type": "object", "properties": {"matchLabels": LABELS}},
        "endpoints": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "port": TEXT,
                    "path": TEXT,
                    "interval": {"type": "string", "pattern": "^([0-9]+(ms|[smhdwy]))+$"},
                    "authorization": {
                        "type": "object",
                        "properties": {
                            "type": TEXT,
                            "credentials": {
                                "type": "object",
                                "required": ["key"],
                                "properties": {"name": TEXT, "key": TEXT},
                            },
                        },
                    },
                },
            },
        },
    },
}


def closed(schema):
    """The schema, with keys that it does not name refused, as `kubectl --validate=strict` does."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: closed(value) for key, value in schema.items()}
    if "properties" in schema and isinstance(schema["properties"], dict):
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema.setdefault("additionalProperties", False)
    if schema.pop("x-kubernetes-int-or-string", False):
        schema.pop("type", None)
    return schema


def definitions():
    """Schemas of `spec` by API version and kind."""
    found = {("monitoring.coreos.com/v1", "ServiceMonitor"): closed(SERVICE_MONITOR)}
    for place in PLACES:
        for path in sorted((CRDS / place).glob("*.y*ml")):
            text = path.read_text()
            if "kind: CustomResourceDefinition" not in text:
                continue
            # Some are templates of a chart.
            text = "\n".join(line for line in text.splitlines() if "{{" not in line)
            for one in documents(text):
                if not isinstance(one, dict) or one.get("kind") != "CustomResourceDefinition":
                    continue
                spec = one["spec"]
                for version in spec["versions"]:
                    schema = version.get("schema", {}).get("openAPIV3Schema", {})
                    schema = schema.get("properties", {}).get("spec")
                    if schema:
                        name = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                        found[name] = closed(schema)
    return found


def validate(manifest, custom):
    name = (manifest["apiVersion"], manifest["kind"])
    if name in custom:
        extra = set(manifest) - {"apiVersion", "kind", "metadata", "spec"}
        assert not extra, f"unknown keys {extra}"
        validator = jsonschema.Draft7Validator(custom[name])
        problems = [f"{one.json_path}: {one.message}" for one in validator.iter_errors(manifest["spec"])]
        assert not problems, "; ".join(problems)
        return
    assert "." not in name[0].split("/")[0] or name[0].split("/")[0].endswith(".k8s.io"), f"no schema for {name}"
    kubernetes_validate.validate(manifest, VERSION, strict=True)


def mesh_fields(message):
    """Names of the fields of a message of Istio's mesh configuration, as JSON has them."""
    text = (CRDS / "istio.io_api/mesh/v1alpha1/config.proto").read_text()
    body = text.split(f"message {message} {{", 1)[1]
    body = re.split(r"\n {4}\}", body, maxsplit=1)[0]
    body = re.sub(r"//[^\n]*", "", body)
    names = re.findall(r"\b(\w+)\s*=\s*\d+\s*[;\[]", body)
    return {re.sub(r"_(\w)", lambda hit: hit[1].upper(), name) for name in names}


def validate_mesh(mesh):
    messages = {
        "envoyExtAuthzGrpc": "EnvoyExternalAuthorizationGrpcProvider",
        "envoyExtAuthzHttp": "EnvoyExternalAuthorizationHttpProvider",
    }
    assert set(mesh) == {"extensionProviders"}, mesh.keys()
    for provider in mesh["extensionProviders"]:
        kind = (set(provider) - {"name"}).pop()
        known = mesh_fields(messages[kind])
        assert len(known) > 5 and "failOpen" in known, known
        unknown = set(provider[kind]) - known
        assert not unknown, f"{kind} has no {unknown}"
        assert provider[kind]["failOpen"] is False
    return {provider["name"] for provider in mesh["extensionProviders"]}
