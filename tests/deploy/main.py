"""Every file for Kubernetes in deploy/, held against what it is for."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import checks
import pods
import schemas
from checks import DEPLOY, ROOT, check, documents, read

STEPGATE = os.environ["STEPGATE"]
CUSTOM = schemas.definitions()
CHART = DEPLOY / "helm/stepgate"
FOLDERS = ["kubernetes", "istio", "gateway-api", "helm"]


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def config_maps(manifests):
    for one in manifests:
        if one["kind"] == "ConfigMap":
            yield from one["data"].items()


def stepgate_container(manifests):
    for one in manifests:
        if one["kind"] == "Deployment":
            for container in one["spec"]["template"]["spec"]["containers"]:
                if container["name"] == "stepgate":
                    return one["spec"]["template"]["spec"], container
    return None, None


def schema(manifests):
    for manifest in manifests:
        schemas.validate(manifest, CUSTOM)


def stepgate_check(manifests, secrets=None):
    """`stepgate check` finds nothing in the configuration and rules of a pod."""
    spec, container = stepgate_container(manifests)
    assert container, "no container `stepgate`"
    folder = pathlib.Path(tempfile.mkdtemp())
    variables = dict(secrets or {})
    for variable in container["env"]:
        variables[variable["name"]] = variable.get("value", "0123456789abcdef-of-a-test")
        source = variable.get("valueFrom", {}).get("configMapKeyRef")
        if source:
            variables[variable["name"]] = dict(config_maps(manifests))[source["key"]]
    files = dict(config_maps(manifests))
    rules = folder / "rules"
    rules.mkdir()
    for name, text in files.items():
        if name == "stepgate.yaml":
            (folder / name).write_text(text.replace("/etc/stepgate/rules/", f"{rules}/"))
        elif name != "envoy.yaml":
            (rules / name).write_text(text)
    told = run(STEPGATE, "check", cwd=folder, env=variables)
    assert "no problems" in told and " 0 rules" not in told, told
    shutil.rmtree(folder)


def listening(manifests):
    """Ports of the listeners, by what the configuration says."""
    _, container = stepgate_container(manifests)
    texts = [text for name, text in config_maps(manifests) if name == "stepgate.yaml"]
    texts += [one.get("value", "") for one in container["env"] if "LISTEN" in one["name"]]
    return {int(port) for text in texts for port in re.findall(r"0\.0\.0\.0:(\d+)", text)}


def hardened(manifests):
    """What holds for every pod: rights, probes, ports, time to go."""
    spec, container = stepgate_container(manifests)
    security = container["securityContext"]
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert container["resources"]["limits"]["memory"]
    named = {port["name"]: port["containerPort"] for port in container["ports"]}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert named[container[probe]["httpGet"]["port"]] == 4434
    assert listening(manifests) == set(named.values()), (listening(manifests), named)
    seconds = 0
    texts = [text for name, text in config_maps(manifests) if name == "stepgate.yaml"]
    texts += [f"{one['name'].rpartition('__')[2].lower()}: {one.get('value')}" for one in container["env"]]
    for text in texts:
        seconds += sum(map(int, re.findall(r"\b(?:before_)?drain: (\d+)s", text)))
    assert 0 < seconds < spec["terminationGracePeriodSeconds"], seconds
    for service in (one for one in manifests if one["kind"] == "Service"):
        every = {port["name"] for each in spec["containers"] for port in each.get("ports", [])}
        for port in service["spec"]["ports"]:
            assert port["targetPort"] in every, port
    for other in spec["containers"]:
        assert other["securityContext"]["readOnlyRootFilesystem"] is True, other["name"]


def agrees_with_dockerfile(manifests):
    """The image that the Dockerfile makes can be run as the manifests say."""
    text = (ROOT / "Dockerfile").read_text()
    user = re.findall(r"^USER (\d+)", text, re.M)
    assert user, "the Dockerfile names no numeric user"
    ports = {int(port) for line in re.findall(r"^EXPOSE (.+)$", text, re.M) for port in line.split()}
    spec, container = stepgate_container(manifests)
    uid = container["securityContext"].get("runAsUser", spec["securityContext"].get("runAsUser"))
    assert str(uid) == user[-1], (uid, user)
    assert 4455 in ports, ports
    if "--config" in container["args"]:
        path = container["args"][container["args"].index("--config") + 1]
        assert path in text, f"the image's own command reads another file than {path}"
    assert re.search(r'^ENTRYPOINT \["[^"]*stepgate"\]', text, re.M), "args would not follow `stepgate`"
    version = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.M)[1]
    assert container["image"].endswith(f"stepgate:{version}") or "@sha256:" in container["image"]


def envoy_accepts(text):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        run("envoy", "--mode", "validate", "--config-path", file.name, "--log-level", "error")


def pod_serves(manifests, port):
    with pods.Pod(manifests, shutil.which("envoy")) as pod:
        pod.ready()
        pods.serves(pod, port)
        pods.leaves(pod)


def forward_auth(manifests):
    """The service that decides, asked as ingress-nginx and Traefik ask."""
    with pods.Pod(manifests) as pod:
        pod.ready()
        port = pod.port(4456)
        nginx = {"X-Original-Method": "GET", "X-Original-URL": "https://app.example.com/account"}
        traefik = {
            "X-Forwarded-Method": "GET",
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": "app.example.com",
            "X-Forwarded-Uri": "/account",
        }
        session = {"Cookie": "ory_kratos_session=good"}
        for path, headers in (("/nginx/check", nginx), ("/check", traefik)):
            assert pods.ask(port, path, headers)[0] in (303, 401), path
            status, told, _ = pods.ask(port, path, {**headers, **session})
            told = {name.lower(): value for name, value in told.items()}
            assert status == 200, (path, status, pod.said())
            assert told["x-user-id"] == pods.SESSION["identity"]["id"], told
        pods.leaves(pod)


def rules_are_swapped(manifests):
    """A ConfigMap that changes is in force without a restart; a broken one changes nothing."""
    with pods.Pod(manifests) as pod:
        pod.ready()
        port = pod.port(4455)
        folder = pathlib.Path(pod.local("/etc/stepgate/rules"))
        text = next(text for name, text in config_maps(manifests) if name in ("app.yaml", "rules.yaml"))
        name = next(name for name, _ in config_maps(manifests) if name in ("app.yaml", "rules.yaml"))
        assert pods.ask(port, "/assets/a")[0] == 200
        pod.swap(folder, {name: "rules: ["})
        pods.eventually(lambda: "stay in force" in pod.said(), "the broken rules are told of")
        assert pods.ask(port, "/assets/a")[0] == 200
        pod.swap(folder, {name: pod.local(text).replace("/assets/**", "/static/**")})
        pods.eventually(lambda: pods.ask(port, "/static/a")[0] == 200, "the new rules are in force")
        assert pods.ask(port, "/assets/a", {"Accept": "application/json"})[0] == 401


def kubernetes():
    folder = DEPLOY / "kubernetes"
    serving = {"gateway.yaml": 4455, "sidecar-envoy.yaml": 8000, "sidecar-proxy.yaml": 4455, "sidecar-socket.yaml": 4455}
    for path in sorted(folder.iterdir()):
        name = f"kubernetes/{path.name}"
        manifests = check(f"{name} is strict YAML", lambda path=path: documents(read(path)))
        if not manifests:
            continue
        check(f"{name} fits the schemas", schema, manifests)
        if stepgate_container(manifests)[1] is None:
            assert path.name in ("ingress-nginx.yaml", "traefik.yaml"), path
            continue
        check(f"{name}: `stepgate check` finds nothing", stepgate_check, manifests)
        check(f"{name}: rights, probes, ports, time to go", hardened, manifests)
        check(f"{name} agrees with the Dockerfile", agrees_with_dockerfile, manifests)
        for file, text in config_maps(manifests):
            if file == "envoy.yaml":
                check(f"{name}: Envoy accepts its configuration", envoy_accepts, text)
        if path.name in serving:
            check(f"{name}: the pod serves and refuses", pod_serves, manifests, serving[path.name])
        else:
            check(f"{name}: it decides", forward_auth, manifests)
        if path.name == "gateway.yaml":
            check(f"{name}: changed rules are in force", rules_are_swapped, manifests)
    check("ingress-nginx.yaml and traefik.yaml ask where decision.yaml listens", ingresses, folder)


def ingresses(folder):
    decision = documents(read(folder / "decision.yaml"))
    service = next(one for one in decision if one["kind"] == "Service")["spec"]["ports"]
    ports = {port["port"] for port in service}
    names = ["X-User-Id", "X-User-Email", "X-Session-Id", "X-Session-Aal", "X-Session-Methods", "X-Authenticated-At"]
    for ingress in documents(read(folder / "ingress-nginx.yaml")):
        notes = ingress["metadata"].get("annotations", {})
        url = notes.get("nginx.ingress.kubernetes.io/auth-url")
        if url:
            port, path = re.fullmatch(r"http://stepgate\.stepgate\.svc\.cluster\.local:(\d+)(/.*)", url).groups()
            assert int(port) in ports and path == "/nginx/check", url
            copied = notes["nginx.ingress.kubernetes.io/auth-response-headers"].split(",")
            assert copied == [*names, "Cookie"], copied
    middleware = documents(read(folder / "traefik.yaml"))[0]["spec"]["forwardAuth"]
    assert middleware["address"].endswith(":4456/check") and middleware["trustForwardHeader"] is False
    assert set(names) <= set(middleware["authResponseHeaders"])
    family = re.compile(middleware["authResponseHeadersRegex"].removeprefix("(?i)"), re.I)
    for name in ["X-User-Anything", "Remote-User", "X-Original-Url", "X-HTTP-Method-Override", "X-SSL-Client-Verify", "X-Forwarded-Client-Cert"]:
        assert family.match(name), name
    for name in ["X-Forwarded-For", "X-Forwarded-Proto", "Accept"]:
        assert not family.match(name), name


def istio():
    folder = DEPLOY / "istio"
    mesh = check("istio/mesh-config.yaml is strict YAML", lambda: documents(read(folder / "mesh-config.yaml")))
    check("istio/mesh-config.yaml fits the schemas", schema, mesh)
    settings = documents(mesh[0]["data"]["mesh"])[0]
    providers = check("istio/mesh-config.yaml names fields that Istio knows", schemas.validate_mesh, settings)
    policies = check("istio/authorization-policy.yaml is strict YAML", lambda: documents(read(folder / "authorization-policy.yaml")))
    check("istio/authorization-policy.yaml fits the schemas", schema, policies)

    def belongs():
        custom = next(one for one in policies if one["spec"].get("action") == "CUSTOM")["spec"]
        assert custom["provider"]["name"] in providers
        free = set(custom["rules"][0]["to"][0]["operation"]["notPaths"])
        route = next(one for one in policies if one["kind"] == "VirtualService")["spec"]["http"][0]
        uris = [one["uri"] for one in route["match"]]
        led = {uri.get("exact") or uri["prefix"] + "*" for uri in uris}
        assert free == led, (free, led)

    check("istio: what is not asked about leads to Stepgate", belongs)


def gateway_api():
    for path in sorted((DEPLOY / "gateway-api").iterdir()):
        name = f"gateway-api/{path.name}"
        manifests = check(f"{name} is strict YAML", lambda path=path: documents(read(path)))
        check(f"{name} fits the schemas", schema, manifests)

        def closed(manifests=manifests):
            asked = [one["spec"]["extAuth"] for one in manifests if one["kind"] == "SecurityPolicy"]
            assert all(one["failOpen"] is False for one in asked)
            for route in (one for one in manifests if one["kind"] == "HTTPRoute"):
                for rule in route["spec"]["rules"]:
                    for backend in rule["backendRefs"]:
                        is_own = backend["name"] == "stepgate"
                        filters = [one["type"] for one in rule.get("filters", [])]
                        assert not (is_own and filters), "Stepgate's own paths are asked about"
                        if path.name == "external-auth.yaml":
                            assert is_own or filters == ["ExternalAuth"]

        check(f"{name}: no way around, none in a circle", closed)


def render(values):
    return run("helm", "template", "main", CHART, "--kube-version", "1.34.0", "-f", values)


def helm():
    for path in sorted(CHART.rglob("*")):
        if path.is_file():
            read(path)
    values = sorted((CHART / "ci").glob("*.yaml"))
    check("helm: the values are strict YAML", lambda: [documents(read(one)) for one in [CHART / "values.yaml", *values]])
    for path in values:
        name = f"helm with {path.name}"
        check(f"{name}: lint", lambda path=path: run("helm", "lint", "--strict", CHART, "-f", path))
        manifests = check(f"{name}: renders strict YAML", lambda path=path: documents(render(path)))
        if not manifests:
            continue
        check(f"{name} fits the schemas", schema, manifests)
        check(f"{name}: rights, probes, ports, time to go", hardened, manifests)
        check(f"{name} agrees with the Dockerfile", agrees_with_dockerfile, manifests)
        kinds = {one["kind"] for one in manifests}
        if path.name == "gateway-values.yaml":
            assert {"Ingress", "PodDisruptionBudget", "NetworkPolicy"} <= kinds
            check(f"{name}: `stepgate check` finds nothing", stepgate_check, manifests)
        if path.name == "embedded-values.yaml":
            check(f"{name}: `stepgate check` finds nothing", embedded_check, manifests)
        if path.name == "decision-values.yaml":
            check(f"{name}: grows, is watched, keeps no secret", decision_release, manifests)
            check(f"{name}: `stepgate check` finds nothing", stepgate_check, manifests)
    for wrong, told in [
        ("mode: sidecar", "mode"),
        ("decison: {}", "decison"),
        ("admin: { token: short }", "token"),
        ("mode: decision", "trustedProxies"),
        ("rules: {}", "rules"),
    ]:
        check(f"helm refuses `{wrong}`", refused, wrong, told)


def embedded_check(manifests):
    """With what the operator's own Secret and ConfigMap would bring."""
    secrets = {"STEPGATE_DATABASE": "postgres://stepgate@db/stepgate", "STEPGATE_SECRET": "s" * 40, "STEPGATE_CIPHER": "c" * 32}
    rules = documents((CHART / "ci/gateway-values.yaml").read_text())[0]["rules"]
    stepgate_check([*manifests, {"kind": "ConfigMap", "data": rules}], secrets)


def decision_release(manifests):
    kinds = [one["kind"] for one in manifests]
    assert {"HorizontalPodAutoscaler", "ServiceMonitor"} <= set(kinds)
    assert "Secret" not in kinds
    deployment = next(one for one in manifests if one["kind"] == "Deployment")
    assert "replicas" not in deployment["spec"]
    ingress = next(one for one in manifests if one["kind"] == "Ingress")
    paths = [one["path"] for one in ingress["spec"]["rules"][0]["http"]["paths"]]
    assert paths == ["/auth", "/.well-known/stepgate"], paths


def refused(wrong, told):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(wrong)
        file.flush()
        base = CHART / "ci/gateway-values.yaml"
        command = ["helm", "template", "main", CHART, "--kube-version", "1.34.0", "-f", base]
        if wrong == "rules: {}":
            command += ["--set", "rules=null"]
        done = subprocess.run([*command, "-f", file.name], capture_output=True, text=True)
        assert done.returncode != 0 and told in done.stderr, done.stderr


def everything_is_used():
    there = {
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in (DEPLOY / folder).rglob("*")
        if path.is_file()
    }
    listed = set((ROOT / "tests/deploy/files.txt").read_text().split())
    assert there == checks.USED, there ^ checks.USED
    assert there == listed, f"tests/deploy/files.txt differs: {there ^ listed}"


kubernetes()
istio()
gateway_api()
helm()
check("every file for Kubernetes is used here, and listed", everything_is_used)
print(f"{checks.passed} passed, {checks.failed} failed")
sys.exit(1 if checks.failed else 0)
