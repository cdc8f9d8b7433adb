"""Runs the command blocks of the manual, as they stand.

usage: run-manual.py ENTREPOT TREE IMAGES WORK PAGE

To be run as `unshare --net --mount --fork`: it has a network of its own, in which the hosts that the pages name are this machine,
a registry with TLS is Docker Hub and quay.io, and /etc/entrepot and /media are empty folders. Each block runs in the page's own
order; of `console` blocks the lines that begin with `$`. What a page needs to be there is made by its entry in SETUPS; what is
not run stands in LEFT_OUT, with the reason. Prints a line for each command; ends with 1 if one fails, if what stands in the list
is not on its page any more, or if a page has commands and no entry.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

ENTREPOT, TREE, IMAGES, WORK, PAGE = (pathlib.Path(a) for a in sys.argv[1:6])
PAGE = str(PAGE)

HUB = "the registry that plays Docker Hub"
DAEMON = "needs a daemon of the client's: PushTests, CarryTests and ContainerImageTests run these clients"
CLUSTER = "needs a cluster: KubernetesTests holds manifests and chart to its schemas"
ELSEWHERE = "needs a registry of its own, or one that only others reach: RemoteImageTests do that"
SYSTEM = "installs into the system, or asks its service manager: PackagingTests do that in a Debian of their own"
TERMINAL = "asks for a password at a terminal: TokenTests log in with each client"

# Page, beginning of the command, and why it is not run.
LEFT_OUT = [
    ("README.md", "make run", "builds a release, which `make bench` and CI do"),
    ("README.md", "make test", "is what runs this"),
    ("docs/how-to/change-configuration-while-serving.md", "journalctl", SYSTEM),
    ("docs/how-to/clients.md", "docker tag", DAEMON),
    ("docs/how-to/clients.md", "ctr images push", DAEMON),
    ("docs/how-to/carry-images.md", "docker save", DAEMON),
    ("docs/how-to/kubernetes.md", "helm install", CLUSTER),
    ("docs/how-to/kubernetes.md", "kubectl create", CLUSTER),
    ("docs/how-to/move-images.md", "entrepot", ELSEWHERE),
    ("docs/how-to/move-images.md", "podman save", ELSEWHERE),
    ("docs/how-to/protect.md", "docker login", TERMINAL),
    ("docs/how-to/protect.md", "podman login", TERMINAL),
    ("docs/how-to/protect.md", "skopeo login", TERMINAL),
    ("docs/how-to/run.md", "sudo make install", SYSTEM),
    ("docs/how-to/run.md", "sudo systemd-sysusers", SYSTEM),
    ("docs/how-to/run.md", "sudo systemctl", SYSTEM),
    ("docs/how-to/run.md", "docker build", DAEMON),
    ("docs/how-to/run.md", "docker run", DAEMON),
    ("docs/reference/bundles.md", "skopeo copy oci-archive", DAEMON),
    ("docs/reference/bundles.md", "ctr images import", DAEMON),
    ("docs/reference/conformance.md", "entrepot -c conformance.toml server", "needs the suite itself, which is no package"),
    ("docs/reference/conformance.md", "OCI_REGISTRY", "needs the suite itself, which is no package"),
]

# What else than 0 is a good end: refusals that the page tells of, and findings of `doctor` on this machine.
OTHER_CODES = {
    "entrepot -c entrepot.toml policy explain": {0, 3},
    "sudo -u entrepot entrepot -c /etc/entrepot/entrepot.toml doctor": {0, 1, 4},
}

# What is asked for in vain the first time.
FIRST_IN_VAIN = ["skopeo inspect --tls-verify=false docker://127.0.0.1:5001/docker.io/library/alpine:3.20"]

HOSTS = ["registry-1.docker.io", "auth.docker.io", "quay.io", "mirror.lan", "registry.corp.example", "registry.backup.example",
         "s3.example.com"]
servers, failures, count = [], [], 0


def sh(command, **rest):
    return subprocess.run(["bash", "-euo", "pipefail", "-c", command], check=True, cwd=WORK, **rest)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(port, limit=30):
    end = time.monotonic() + limit
    while not listens(port):
        if time.monotonic() > end:
            sys.exit(f"nobody listens on port {port}")
        time.sleep(0.02)


def start(command, port, name):
    log = open(WORK / f"{name}.log", "ab")
    process = subprocess.Popen(command, cwd=WORK, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    servers.append(process)
    wait_for(port)
    return process


def serve(*options):
    """The server of a page, in the place of the one before."""
    stop("entrepot")
    process = start([str(ENTREPOT), *options, "server"], 5000, "server")
    process.kind = "entrepot"


def stop(kind):
    for process in [process for process in servers if getattr(process, "kind", "") == kind]:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
        servers.remove(process)


def write(name, text):
    path = pathlib.Path(name) if name.startswith("/") else WORK / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def toml(page, number=0):
    """A block of TOML that stands on a page."""
    blocks = re.findall(r"(?ms)^( *)```toml\n(.*?)^ *```", (TREE / page).read_text())
    indent, text = blocks[number]
    return "".join(line[len(indent):] if line.startswith(indent) else line for line in text.splitlines(keepends=True))


def world():
    """Names, authorities, programs, and the registry that is everybody's upstream."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    write("hosts", "127.0.0.1 localhost " + " ".join(HOSTS) + "\n")
    sh("""
        mount --make-rprivate /
        mount --bind hosts /etc/hosts
        mkdir -p etc media containers
        mkdir -p /etc/entrepot && mount --bind etc /etc/entrepot
        mount --bind media /media
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=manual' -keyout ca.key -out ca.crt 2>/dev/null
        openssl req -newkey rsa:2048 -nodes -subj '/CN=quay.io' -keyout tls.key -out tls.csr 2>/dev/null
        printf 'subjectAltName=%s\\n' "$NAMES" >tls.ext
        openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile tls.ext -out tls.crt 2>/dev/null
        cat /etc/ssl/certs/ca-certificates.crt ca.crt >authorities.crt
        mount --bind authorities.crt /etc/ssl/certs/ca-certificates.crt
    """, env=os.environ | {"NAMES": ",".join(f"DNS:{host}" for host in HOSTS if host != "registry.corp.example")})
    store = WORK / "containers"
    programs = {
        "entrepot": f'exec "{ENTREPOT}" "$@"',
        "sudo": 'while [ "${1:-}" = -u ]; do shift 2; done; exec "$@"',
        "podman": f'exec /usr/bin/podman --root "{store}/root" --runroot "{store}/run" --tmpdir "{store}/tmp"'
                  ' --storage-driver vfs --events-backend none "$@"',
        "helm": f'exec "{TREE}/.build/kubernetes/bin/python3" -c "{HELM}" "$@"',
    }
    for name, line in programs.items():
        write(f"bin/{name}", f"#!/bin/bash\n{line}\n")
        (WORK / "bin" / name).chmod(0o755)
    os.environ.update({
        "PATH": f"{WORK}/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "EDITOR": "true", "HOME": str(WORK),
        "XDG_RUNTIME_DIR": str(WORK), "TMPDIR": str(WORK),
    })
    write("registry.yml", f"""version: 0.1
log: {{level: warn, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {WORK}/upstream}}}}
http: {{addr: "127.0.0.1:443", tls: {{certificate: {WORK}/tls.crt, key: {WORK}/tls.key}}}}
""")
    start(["docker-registry", "serve", "registry.yml"], 443, "upstream")
    for name in ["library/alpine:3.20", "podman/hello:latest", "team/app:1.0", "images/app:1.2"]:
        sh(f"skopeo copy --quiet --all oci:{IMAGES}:multi docker://quay.io/{name}")


# `helm template NAME FOLDER`, by Helm's own library.
HELM = """
import sys, helm_python
chart = helm_python.Chart.load(sys.argv[3])
print('\\n---\\n'.join(chart.render({}, name=sys.argv[2]).values()))
""".strip().replace("\n", "; ")

ADMIN = '[admin]\ntoken_file = "/etc/entrepot/admin-token"\n'


def steered(text, name="/etc/entrepot/entrepot.toml"):
    """A running server that may be administered, and holds an image."""
    write("/etc/entrepot/admin-token", "manual-admin-token\n")
    write(name, ADMIN + text)
    serve("-c", name)
    sh("skopeo inspect --tls-verify=false docker://127.0.0.1:5000/docker.io/library/alpine:3.20 >/dev/null")


def bucket():
    moto = f"{TREE}/.build/moto/bin"
    os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "1000000000"
    start([f"{moto}/python3", f"{moto}/moto_server", "-H", "127.0.0.1", "-p", "9000"], 9000, "moto")
    sh("curl -sSf -X PUT http://127.0.0.1:9000/registry >/dev/null")
    write("folder.toml", '[storage.fs]\nroot_dir = "held"\n')
    text = toml("docs/how-to/bucket.md").replace("https://s3.example.com", "http://127.0.0.1:9000")
    write("bucket.toml", text.replace("/var/lib/entrepot", f"{WORK}/spool"))
    write("/etc/entrepot/s3-secret-key", "secret-key-of-the-manual\n")
    sh("entrepot -c folder.toml seed docker.io/library/alpine:3.20")


def carried():
    write("outside.toml", '[storage.fs]\nroot_dir = "outside"\n')
    write("inside.toml", 'offline = true\n[storage.fs]\nroot_dir = "inside"\n')
    write("needed.txt", "docker.io/library/alpine:3.20\nquay.io/team/app:1.0\n")
    write("chart/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n")
    write("chart/templates/pod.yaml", "image: docker.io/library/alpine:3.20\n")
    sh(f"mkdir -p inside outside && skopeo copy --quiet oci:{IMAGES}:amd64 oci:layout-folder:app")
    # The next bundle builds upon this one, and something was asked for in vain.
    sh("entrepot -c outside.toml seed needed.txt && entrepot -c outside.toml export -o images.bundle --all")
    serve("-c", "inside.toml")
    sh("! skopeo inspect --tls-verify=false docker://127.0.0.1:5000/quay.io/podman/hello:latest 2>/dev/null")


def pushed():
    write("mirror.toml", f"""[global]
default_access = "open"
[server.tls]
server_certificate_bundle = "{WORK}/tls.crt"
server_private_key = "{WORK}/tls.key"
""")
    serve("-c", "mirror.toml")
    sh(f"mkdir -p layout && skopeo copy --quiet --all oci:{IMAGES}:multi oci:layout:app")
    sh(f"skopeo copy --quiet oci:{IMAGES}:amd64 docker-archive:app.tar:app:latest && podman load --quiet -i app.tar")


def probed():
    # The certificate does not speak of the first.
    write("/etc/entrepot/entrepot.toml", "".join(
        f'[[repository."team".upstream]]\nurl = "https://{host}"\n'
        for host in ("registry.corp.example", "registry.backup.example")))


def ruled(page, number):
    """A page's own rules, and those who stand in them."""
    hashed = subprocess.run(["entrepot", "hash-password"], input="a-password\n", text=True, capture_output=True, check=True)
    people = f'[identity.alice]\nusername = "alice"\npassword = "{hashed.stdout.strip()}"\ngroups = ["ops"]\n'
    write("entrepot.toml", people + toml(page, number) + "[repository.local]\n[repository.acme]\n")


def bundled():
    write("app.toml", '[storage.fs]\nroot_dir = "held"\n')
    sh("entrepot -c app.toml seed --platform linux/amd64 docker.io/library/alpine:3.20"
       " && entrepot -c app.toml export -o app.bundle --all")


# What is there before a page begins. A page without an entry has no commands, or none that is run.
SETUPS = {
    "README.md": lambda: serve(),
    "docs/how-to/bucket.md": bucket,
    "docs/how-to/carry-images.md": carried,
    "docs/how-to/change-configuration-while-serving.md": lambda: steered(""),
    "docs/how-to/clients.md": pushed,
    "docs/how-to/find-what-is-wrong.md": lambda: steered(""),
    "docs/how-to/free-space.md": lambda: steered('[repository."docker.io"]\n[[repository."docker.io".upstream]]\n'
                                                 'url = "https://registry-1.docker.io"\n[repository.local]\n',
                                                 "entrepot.toml"),
    "docs/how-to/probe-upstreams.md": probed,
    "docs/how-to/protect.md": lambda: ruled("docs/how-to/protect.md", 2),
    "docs/reference/bundles.md": bundled,
    "docs/reference/policies.md": lambda: ruled("docs/reference/policies.md", 0),
    "docs/tutorials/air-gapped.md": lambda: None,
    "docs/tutorials/first-mirror.md": lambda: write("mirror.toml", toml("docs/tutorials/first-mirror.md")),
}

# Where what a page shows of the output is what comes out.
SHOWN = ["Cache-Status: entrepot; hit"]


def blocks(text):
    """Language and lines of each block for a shell."""
    for indent, language, body in re.findall(r"(?ms)^( *)```(sh|console)\n(.*?)^ *```", text):
        yield language, [line[len(indent):] if line.startswith(indent) else line for line in body.splitlines()]


def commands(language, lines):
    """What is run at once, and what is shown to come of it."""
    if language == "sh":
        # A document within a block belongs to its command, and so does a line that goes on.
        command, end = [], None
        for line in lines:
            command.append(line)
            found = re.search(r"<<'?(\w+)'?", line)
            end = found[1] if found and end is None else None if line == end else end
            if end is None and not line.endswith("\\") and line.strip():
                yield "\n".join(command), []
                command = []
        return
    command, shown = None, []
    for line in lines:
        if command is not None and command.endswith("\\"):
            command += "\n" + line
        elif line.startswith("$ "):
            if command is not None:
                yield command, shown
            command, shown = line[2:], []
        else:
            shown.append(line)
    if command is not None:
        yield command, shown


def run(command, shown):
    global count
    for page, beginning, reason in LEFT_OUT:
        if page == PAGE and command.startswith(beginning):
            print(f"left out  {command.splitlines()[0]}  # {reason}")
            return
    count += 1
    words = command.split("#")[0].split()
    if words[:1] == ["entrepot"] and words[-1] in ("server", "&") and "server" in words:
        stop("entrepot")
        # The configuration says where.
        ports = [int(port) for file in re.findall(r"-c (\S+)", command)
                 for port in re.findall(r"(?m)^port = (\d+)", (WORK / file).read_text())]
        process = start(["bash", "-c", "exec " + " ".join(words).rstrip("&")], (ports or [5000])[0], "server")
        process.kind = "entrepot"
        print(f"runs      {command}")
        return
    result = subprocess.run(
        ["bash", "-uo", "pipefail", "-c", command], cwd=WORK, input="a-password\n", text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=120)
    first = command.splitlines()[0]
    isInVain = first in FIRST_IN_VAIN
    if isInVain:
        FIRST_IN_VAIN.remove(first)
    allowed = {1} if isInVain else next((codes for beginning, codes in OTHER_CODES.items() if command.startswith(beginning)), {0})
    if result.returncode not in allowed:
        failures.append(f"{first}: ended with {result.returncode}: {result.stdout[-1500:]}")
    for line in shown:
        if line in SHOWN and line.lower() not in result.stdout.lower():
            failures.append(f"{first}: does not print {line}: {result.stdout[-1500:]}")
    print(f"ended {result.returncode}   {first}")


text = (TREE / PAGE).read_text()
todo = [item for language, lines in blocks(text) for item in commands(language, lines)]
for page, beginning, _ in LEFT_OUT:
    if page == PAGE and not any(command.startswith(beginning) for command, _ in todo):
        failures.append(f"{beginning}: is left out, and not on the page")
isRun = [c for c, _ in todo if not any(p == PAGE and c.startswith(b) for p, b, _ in LEFT_OUT)]
if isRun and PAGE not in SETUPS:
    failures.append(f"the page has commands, and nothing is there for them: {isRun}")
elif isRun:
    WORK.mkdir(parents=True, exist_ok=True)
    try:
        world()
        SETUPS[PAGE]()
        for command, shown in todo:
            run(command, shown)
    except subprocess.CalledProcessError as error:
        failures.append(f"setting up: {error}")
    finally:
        for process in reversed(servers):
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
for failure in failures:
    print(f"FAILED    {failure}")
print(f"{PAGE}: {count} run, {len(todo) - count} left out, {len(failures)} failed")
sys.exit(1 if failures else 0)
