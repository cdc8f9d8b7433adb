"""The servers that are compared, all on loopback, and the content they serve."""

import hashlib
import json
import os
import pathlib
import ssl
import subprocess
import time
import urllib.parse
import urllib.request

from process import Process, free_port

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
NAME = "bench/blob"
ADMIN_TOKEN = "bench-admin-token"
MOTO = pathlib.Path(__file__).resolve().parents[2] / ".build/moto/bin/moto_server"


class Content:
    """A repository with three blobs, pushed through docker-registry so that the store is one it wrote."""

    def __init__(self, folder, large, medium):
        self.folder = pathlib.Path(folder)
        self.store = self.folder / "store"
        self.blobs = {}
        for name, size in {"large": large, "medium": medium, "small": 2048}.items():
            data = os.urandom(size)
            digest = "sha256:" + hashlib.sha256(data).hexdigest()
            path = self.folder / f"{name}.blob"
            path.write_bytes(data)
            self.blobs[name] = (digest, size, path)
        config = b'{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}'
        self.config = self.folder / "config.blob"
        self.config.write_bytes(config)
        self.config_digest = "sha256:" + hashlib.sha256(config).hexdigest()
        digest, size, _ = self.blobs["small"]
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": self.config_digest,
                       "size": len(config)},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": size}],
        }, indent=1).encode()
        self.manifest_digest = "sha256:" + hashlib.sha256(self.manifest).hexdigest()

    def blob_path(self, blob, prefix=""):
        return f"/v2/{prefix}{NAME}/blobs/{self.blobs[blob][0]}"

    def manifest_path(self, prefix=""):
        return f"/v2/{prefix}{NAME}/manifests/latest"

    def size(self, blob):
        return self.blobs[blob][1]

    def push(self, port):
        def send(method, url, data=b"", kind="application/octet-stream"):
            message = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": kind})
            with urllib.request.urlopen(message, timeout=120) as answer:
                return answer.headers

        base = f"http://127.0.0.1:{port}/v2/{NAME}"
        files = [(digest, path) for digest, _, path in self.blobs.values()] + [(self.config_digest, self.config)]
        for digest, path in files:
            location = send("POST", f"{base}/blobs/uploads/")["Location"]
            query = "&" if "?" in location else "?"
            send("PUT", urllib.parse.urljoin(base, f"{location}{query}digest={digest}"), path.read_bytes())
        send("PUT", f"{base}/manifests/latest", self.manifest, MANIFEST)


class Moto:
    """A bucket, and how often it was asked."""

    BUCKET = "bench"

    def __init__(self, process, port):
        self.process, self.port = process, port
        message = urllib.request.Request(
            f"http://127.0.0.1:{port}/{self.BUCKET}", method="PUT", headers={"Content-Length": "0"})
        urllib.request.urlopen(message, timeout=30).close()

    def requests(self):
        # One line each, of which those with failures have colours.
        return self.process.log.read_bytes().count(b" HTTP/1.1")

    def settled(self, quiet=3):
        """The same, when nothing has come for so many seconds: it tells of a request when it has answered."""
        last, since = self.requests(), time.monotonic()
        while time.monotonic() - since < quiet:
            time.sleep(0.05)
            if self.requests() != last:
                last, since = self.requests(), time.monotonic()
        return last

    def settings(self, prefix, spool, further=""):
        return (f'[storage.s3]\nendpoint = "http://127.0.0.1:{self.port}"\nbucket = "{self.BUCKET}"\n'
                f'key_prefix = "{prefix}"\naccess_key_id = "bench"\nsecret_key = "bench"\nspool_dir = "{spool}"\n{further}')

    def driver(self, prefix):
        return (f'  s3: {{accesskey: bench, secretkey: bench, region: us-east-1, bucket: {self.BUCKET}, secure: false, '
                f'regionendpoint: "http://127.0.0.1:{self.port}", rootdirectory: /{prefix}, v4auth: true}}\n'
                "  redirect: {disable: true}\n")


class Fleet:
    """Starts servers and remembers them, so that all end with it."""

    def __init__(self, folder, entrepot):
        self.folder = pathlib.Path(folder)
        self.entrepot_binary = entrepot
        self.processes = []
        self.count = 0
        self._make_certificate()

    def _make_certificate(self):
        self.key, self.certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=bench",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.key, "-out", self.certificate],
            check=True, capture_output=True)
        self.tls = ssl.create_default_context(cafile=str(self.certificate))
        self.tls.check_hostname = False

    def _start(self, name, command):
        process = Process(name, [str(part) for part in command], self.folder)
        self.processes.append(process)
        return process

    def _file(self, name, text):
        self.count += 1
        path = self.folder / f"{self.count}-{name}"
        path.write_text(text)
        return path

    def fresh_folder(self, name):
        self.count += 1
        path = self.folder / f"{self.count}-{name}"
        path.mkdir()
        return path

    def moto(self):
        """A bucket that checks no signatures, so that its own work is little."""
        port = free_port()
        os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "1000000000"
        process = self._start("moto", [MOTO, "-H", "127.0.0.1", "-p", str(port)])
        process.wait_ready(port, "/moto-api/data.json")
        return Moto(process, port)

    def redis(self):
        port = free_port()
        process = self._start(
            "redis", ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        return process, port

    def cluster(self, redis):
        """What makes a server one of several."""
        secret = self._file("cluster-secret", os.urandom(32).hex())
        return (f'[lock_store.redis]\nurl = "redis://127.0.0.1:{redis}"\n[cache_store.redis]\n'
                f'url = "redis://127.0.0.1:{redis}"\n[cluster]\nsecret_file = "{secret}"\n')

    def registry_file(self, store, more="", bucket=None):
        """What docker-registry goes by."""
        place = bucket or f'  filesystem: {{rootdirectory: "{store}"}}\n'
        return self._file("registry.yml", f"""version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage:
  cache: {{blobdescriptor: inmemory}}
{place}{more}""")

    def docker_registry(self, store, remote=None, writable=False, bucket=None, logs=False):
        port, text = free_port(), ""
        if not remote and not writable:
            text += "  maintenance: {readonly: {enabled: true}}\n"
        text += f'http: {{addr: "127.0.0.1:{port}"}}\n'
        if remote:
            text += f'proxy: {{remoteurl: "http://127.0.0.1:{remote}"}}\n'
        file = self.registry_file(store, text, bucket)
        if logs:
            pathlib.Path(file).write_text(pathlib.Path(file).read_text().replace("accesslog: {disabled: true}", "accesslog: {disabled: false}"))
        process = self._start("docker-registry", ["docker-registry", "serve", file])
        process.wait_ready(port)
        return process, port

    def nginx(self, content):
        """The blobs and the manifest as files, plain and over TLS; also the upstream of the cold pulls."""
        plain, tls = free_port(), free_port()
        folder = self.fresh_folder("nginx")
        root = folder / "root/v2" / NAME
        (root / "blobs").mkdir(parents=True)
        (root / "manifests").mkdir()
        for digest, _, path in content.blobs.values():
            (root / "blobs" / digest).symlink_to(path)
        (root / "blobs" / content.config_digest).symlink_to(content.config)
        for reference in ("latest", content.manifest_digest):
            (root / "manifests" / reference).write_bytes(content.manifest)
        for path in (self.folder, folder):
            path.chmod(0o755)
        process = self._start_nginx("nginx.conf", folder, f"""
    default_type application/octet-stream;
    root {folder}/root;
    server {{
        listen 127.0.0.1:{plain} backlog=4096;
        listen 127.0.0.1:{tls} ssl backlog=4096;
        ssl_certificate {self.certificate};
        ssl_certificate_key {self.key};
        location = /v2/ {{ default_type application/json; return 200 "{{}}"; }}
        location ~ ^/v2/.*/manifests/ {{
            types {{ }} default_type {MANIFEST};
            add_header Docker-Content-Digest {content.manifest_digest};
        }}
    }}""")
        process.wait_ready(plain)
        return process, plain, tls

    def _start_nginx(self, name, folder, servers):
        """nginx with what all have, and these servers."""
        text = f"""user root;
daemon off;
worker_processes auto;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{servers}
}}
"""
        return self._start("nginx", ["nginx", "-c", self._file(name, text), "-e", f"{folder}/start.log"])

    def nginx_cache(self, folder, upstream):
        """nginx as a cache in front of the server on that port, as it stands before many a registry."""
        port = free_port()
        process = self._start_nginx("cache.conf", folder, f"""
    proxy_cache_path {folder}/cache keys_zone=blobs:1m max_size=4g use_temp_path=off;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_http_version 1.1;
            proxy_cache blobs;
            proxy_cache_valid 200 1h;
            proxy_cache_lock on;
            proxy_max_temp_file_size 4096m;
        }}
    }}""")
        process.wait_ready(port)
        return process, port

    def entrepot(self, root, upstream=None, tls=False, rules=0, tokens=False, admin=False, bucket=None):
        """Serves `bench/...` from its store, and `up/...` through the upstream on that port. With rules, all of which
        have to be looked at; with tokens, it gives and takes them, of RSA keys and with their certificate; with admin, it
        serves what collection.py makes and collects by ADMIN_TOKEN."""
        port = free_port()
        text = f'[server]\nbind_address = "127.0.0.1"\nport = {port}\n'
        if tls:
            text += f'[server.tls]\nserver_certificate_bundle = "{self.certificate}"\n'
            text += f'server_private_key = "{self.key}"\n'
        text += bucket or f'[storage.fs]\nroot_dir = "{root}"\n'
        text += '[repository."bench"]\n'
        if upstream:
            text += '[repository."up"]\ntag_ttl = "10m"\n'
            text += f'[[repository."up".upstream]]\nurl = "http://127.0.0.1:{upstream}"\n'
        if tokens:
            text += f'[token]\nkey = "{self.key}"\ncert_chain = "{self.certificate}"\n'
        if admin:
            text += f'[admin]\ntoken_file = "{self._file("admin-token", ADMIN_TOKEN)}"\n'
            # Only when it is told to.
            text += '[janitor]\ninterval = "10d"\n'
            text += "".join(f'[repository."team{number:02}"]\n' for number in range(100))
        if rules:
            text += "[global.access_policy]\ndefault_allow = true\nrules = [\n"
            for number in range(rules):
                text += f"  \"identity.username == 'user{number}' && repository.name.startsWith('team{number}/')"
                text += f" || request.operation == 'push' && 'group{number}' in identity.groups\",\n"
            text += "]\n"
        process = self._start("entrepot", [self.entrepot_binary, "-c", self._file("entrepot.toml", text), "server"])
        ready = process.wait_ready(port, "/readyz", self.tls if tls else None)
        process.ready_after = ready
        return process, port

    def stop(self):
        for process in reversed(self.processes):
            process.stop()
