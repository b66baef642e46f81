"""Runs an image from its root folder and asks it as clients, kubelets and engines do.

Called in mount, network and pid namespaces of its own.
"""
import hashlib
import http.client
import http.server
import json
import os
import signal
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

IMAGE, CONFIG = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8"))
UID = 65532
ROOTS = "/etc/ssl/certs/ca-certificates.crt"
ENVIRONMENT = dict(one.split("=", 1) for one in CONFIG.get("Env") or [])
results = []


def check(name, holds, told=""):
    results.append(bool(holds))
    print(("ok      " if holds else "FAILED  ") + name + (f": {told}" if told and not holds else ""),
          flush=True)


class Plain(http.server.BaseHTTPRequestHandler):
    """The application and the identity service."""
    protocol_version = "HTTP/1.1"
    slow = threading.Event()

    def do_GET(self):
        if self.path == "/sessions/whoami":
            status, body = 401, b'{"error":{"code":401,"status":"Unauthorized","message":"no"}}'
        elif self.path == "/slow":
            Plain.slow.set()
            time.sleep(1)
            status, body = 200, b"slow"
        else:
            status, body = 200, b"hello from the application"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Names(socketserver.BaseRequestHandler):
    """DNS: every name is 127.0.0.1."""
    asked = set()

    def handle(self):
        query, line = self.request
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode())
            at += 1 + query[at]
        question = query[12:at + 5]
        kind = struct.unpack("!H", query[at + 1:at + 3])[0]
        Names.asked.add(".".join(labels))
        count = 1 if kind == 1 else 0
        answer = query[:2] + struct.pack("!HHHHH", 0x8580, 1, count, 0, 0) + question
        if count:
            answer += b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes([127, 0, 0, 1])
        line.sendto(answer, self.client_address)


def shell(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def serve(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def certificates(folder):
    """An authority, and a certificate of it for tls.internal."""
    def run(*arguments):
        shell("openssl", *arguments)
    ca, key = f"{folder}/ca.crt", f"{folder}/ca.key"
    run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", key, "-out", ca, "-subj", "/CN=a test's authority", "-days", "2")
    run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
        f"{folder}/leaf.key", "-out", f"{folder}/leaf.csr", "-subj", "/CN=tls.internal")
    with open(f"{folder}/extensions", "w", encoding="utf-8") as file:
        file.write("subjectAltName=DNS:tls.internal\nextendedKeyUsage=serverAuth\n")
    subprocess.run(["openssl", "x509", "-req", "-in", f"{folder}/leaf.csr", "-CA", ca, "-CAkey", key,
                    "-CAcreateserial", "-out", f"{folder}/leaf.crt", "-days", "2", "-extfile",
                    f"{folder}/extensions"], check=True, capture_output=True)
    return ca


def bind(source, target, *options):
    shell("mount", "--bind", source, target)
    if options:
        shell("mount", "-o", "remount,bind," + ",".join(options), target)


def written(root):
    """A digest of names, sizes, times and content below a folder."""
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(root):
        folders.sort()
        if folder[len(root):] in ("/proc", "/dev"):
            folders.clear()
            continue
        for name in sorted(files):
            path = os.path.join(folder, name)
            digest.update(f"{path} {os.path.getsize(path)} {os.stat(path).st_mtime_ns}".encode())
    return digest.hexdigest()


def stepgate(root, *arguments, output=None):
    """The program as the engine would start it."""
    inner = "import os,sys; os.chroot(sys.argv[1]); os.chdir(sys.argv[2]); os.setgroups([]); " \
            f"os.setgid({UID}); os.setuid({UID}); os.execve(sys.argv[3], sys.argv[3:], {ENVIRONMENT})"
    return subprocess.Popen([sys.executable, "-c", inner, root, CONFIG.get("WorkingDir", "/"),
                             *arguments], stdout=output, stderr=subprocess.STDOUT)


def ask(path, host="app.test", port=4455):
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError as error:
        return 0, str(error).encode()


def wait_ready(program):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and program.poll() is None:
        if ask("/health/ready", "127.0.0.1", 4434)[0] == 200:
            return True
        time.sleep(0.02)
    return False


def configuration(folder, application, tls):
    os.makedirs(f"{folder}/rules")
    with open(f"{folder}/stepgate.yaml", "w", encoding="utf-8") as file:
        file.write(f"""version: 1
proxy: {{ listen: 127.0.0.1:4455, workers: 2 }}
identity: {{ external: {{ public_url: "http://identity.internal:{application}" }} }}
""")
    with open(f"{folder}/rules/app.yaml", "w", encoding="utf-8") as file:
        file.write(f"""upstreams:
  by_dns: {{ url: "http://app.internal:{application}" }}
  by_hosts: {{ url: "http://only-in-hosts.test:{application}" }}
  by_tls: {{ url: "https://tls.internal:{tls}" }}
rules:
  - {{ id: public, match: {{ path: "/public/**" }}, required_aal: none, upstream: by_dns }}
  - {{ id: slow, match: {{ path: /slow }}, required_aal: none, upstream: by_dns }}
  - {{ id: hosts, match: {{ path: "/hosts/**" }}, required_aal: none, upstream: by_hosts }}
  - {{ id: tls, match: {{ path: "/tls/**" }}, required_aal: none, upstream: by_tls }}
  - {{ id: private, match: {{ path: "/private/**" }}, required_aal: aal1, upstream: by_dns }}
""")


def about_the_image():
    binary = IMAGE + CONFIG["Entrypoint"][0]
    headers = subprocess.run(["readelf", "-lW", binary], capture_output=True, text=True).stdout
    check("the binary is static", headers and "INTERP" not in headers)
    check("nobody's program but ours is in the image",
          [os.path.join(f, n) for f, _, names in os.walk(IMAGE) for n in names
           if os.access(os.path.join(f, n), os.X_OK)] == [binary])
    check("it runs as 65532", CONFIG["User"] in ("65532", "65532:65532"), CONFIG["User"])
    check("engines ask the binary for its health",
          CONFIG["Healthcheck"]["Test"][1:3] == [CONFIG["Entrypoint"][0], "health"])
    check("SIGTERM stops it", CONFIG["StopSignal"] == "SIGTERM")
    with open(f"{IMAGE}/usr/share/sbom/stepgate.cdx.json", encoding="utf-8") as file:
        bom = json.load(file)
    names = {part["name"] for part in bom["components"]}
    features = bom["metadata"]["component"]["properties"][0]["value"]
    check("the SBOM names what is in it", bom["bomFormat"] == "CycloneDX"
          and {"tokio", "rustls"} <= names and ("sqlx" in names) == ("identity" in features))
    with open(IMAGE + ROOTS, encoding="utf-8") as file:
        check("roots of TLS are in the image", file.read().count("BEGIN CERTIFICATE") > 100)


def root_of(folder, extra_roots):
    """The image as a container's root: what an engine mounts, and else nothing but its files."""
    root = tempfile.mkdtemp(dir=folder)
    lower = f"{folder}/{os.path.basename(root)}-image"
    shell("cp", "-a", IMAGE, lower)
    for name in ("proc", "dev"):
        os.makedirs(f"{lower}/{name}", exist_ok=True)
    for name in ("resolv.conf", "hosts"):
        open(f"{lower}/etc/{name}", "w", encoding="utf-8").close()
    for name in ("null", "random", "urandom"):
        open(f"{lower}/dev/{name}", "w", encoding="utf-8").close()
    shell("mount", "--bind", lower, root)
    bind(f"{folder}/resolv.conf", f"{root}/etc/resolv.conf", "ro")
    bind(f"{folder}/hosts", f"{root}/etc/hosts", "ro")
    bind(f"{folder}/etc", f"{root}/etc/stepgate", "ro")
    # Every engine gives these.
    for name in ("null", "random", "urandom"):
        bind(f"/dev/{name}", f"{root}/dev/{name}")
    if extra_roots:
        with open(IMAGE + ROOTS, encoding="utf-8") as file, open(extra_roots, encoding="utf-8") as ca:
            both = file.read() + ca.read()
        with open(f"{folder}/roots", "w", encoding="utf-8") as file:
            file.write(both)
        bind(f"{folder}/roots", root + ROOTS, "ro")
    shell("mount", "-t", "proc", "proc", f"{root}/proc")
    shell("mount", "-o", "remount,bind,ro", root)
    return root


def has_identities():
    with open(f"{IMAGE}/usr/share/sbom/stepgate.cdx.json", encoding="utf-8") as file:
        return any(part["name"] == "sqlx" for part in json.load(file)["components"])


def own_megabytes(root, program):
    """Memory of the process that is no file's."""
    with open(f"{root}/proc/{program.pid}/status", encoding="utf-8") as status:
        told = dict(line.split(":", 1) for line in status)
    return int(told["RssAnon"].split()[0]) * 1024 / 1e6


def a_life(root, folder, trusts):
    command = CONFIG["Entrypoint"] + CONFIG["Cmd"]
    health = CONFIG["Healthcheck"]["Test"][1:]
    check("before it runs it is not healthy", stepgate(root, *health,
          output=subprocess.DEVNULL).wait() == 1)
    before = written(root)
    with open(f"{folder}/log", "w+", encoding="utf-8") as log:
        program = stepgate(root, *command, output=log)
        check("it serves", wait_ready(program), open(f"{folder}/log", encoding="utf-8").read())
        check("it is healthy", stepgate(root, *health, output=subprocess.DEVNULL).wait() == 0)
        with open(f"{root}/proc/{program.pid}/status", encoding="utf-8") as status:
            uids = next(line for line in status if line.startswith("Uid:")).split()[1:]
        check("its uid is 65532", set(uids) == {str(UID)}, uids)
        if not has_identities():
            # No room for logs that nobody is behind with, no huge pages for a few kilobytes.
            own = own_megabytes(root, program)
            check("a sidecar takes little memory for itself", own < 6, own)
        status, body = ask("/public/x")
        check("it proxies to a name that DNS knows",
              status == 200 and b"application" in body and "app.internal" in Names.asked, body)
        check("it proxies to a name of /etc/hosts", ask("/hosts/x")[0] == 200)
        check("nobody asked DNS for that", "only-in-hosts.test" not in Names.asked)
        check("who is not signed in is refused", ask("/private/x")[0] == 401, ask("/private/x"))
        status, body = ask("/tls/x")
        if trusts:
            check("TLS to an upstream by the image's roots", status == 200, body)
        else:
            check("TLS to an upstream of a stranger's authority is refused", status == 502, status)
        slow = []
        thread = threading.Thread(target=lambda: slow.append(ask("/slow")))
        thread.start()
        Plain.slow.wait(10)
        program.send_signal(signal.SIGTERM)
        thread.join()
        check("SIGTERM lets a request finish", slow and slow[0][0] == 200, slow)
        check("and then it ends well", program.wait(timeout=20) == 0)
        Plain.slow.clear()
    check("nothing was written", written(root) == before)
    touch = "import os,sys; os.chroot(sys.argv[1]); open('/written','w')"
    refused = subprocess.run([sys.executable, "-c", touch, root], capture_output=True)
    check("and nothing could have been, not even by root", b"Read-only" in refused.stderr)


def main():
    shell("mount", "--make-rprivate", "/")
    shell("ip", "link", "set", "lo", "up")
    about_the_image()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        ca = certificates(folder)
        application = serve(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Plain))
        secured = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Plain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{folder}/leaf.crt", f"{folder}/leaf.key")
        secured.socket = context.wrap_socket(secured.socket, server_side=True)
        tls = serve(secured)
        serve(socketserver.ThreadingUDPServer(("127.0.0.1", 53), Names))
        with open(f"{folder}/resolv.conf", "w", encoding="utf-8") as file:
            file.write("nameserver 127.0.0.1\n")
        with open(f"{folder}/hosts", "w", encoding="utf-8") as file:
            file.write("127.0.0.1 localhost only-in-hosts.test\n")
        configuration(f"{folder}/etc", application, tls)
        try:
            for trusts in (True, False):
                a_life(root_of(folder, ca if trusts else None), folder, trusts)
        finally:
            with open("/proc/self/mounts", encoding="utf-8") as mounts:
                places = [line.split()[1] for line in mounts]
            for place in reversed([place for place in places if place.startswith(folder)]):
                shell("umount", "--lazy", place)
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    sys.stdout.flush()
    os._exit(0 if all(results) else 1)


main()
