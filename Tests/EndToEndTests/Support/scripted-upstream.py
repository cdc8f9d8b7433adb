"""A registry that misbehaves on command and counts what it is asked.

usage: scripted-upstream.py PORT BLOB-FILE [--trap URL]

/v2/MODE/app/... serves one image (tag `latest`: a config and one layer, the file) with the fault named MODE in the layer's bytes:

  good              as it should be
  wrong-bytes       the last but one byte differs
  short             the connection closes halfway
  short-honest      half of the bytes under a fitting Content-Length
  endless           no Content-Length, and bytes without end
  too-long          twice as many bytes under a fitting Content-Length
  redirect-away     307 to the trap, another host, which has the bytes
  redirect-loop     307 to itself for ever
  garbage           401 with challenges that mean nothing
  basic             401 unless `user:secret`
  basic-away        the same, and the blob is a redirect to the trap
  gated             the first half, then the rest once somebody posts to /_release
  status-NNN        that status, for the blob and the manifest alike

/bytes is the file itself, for redirects. /_log lists all requests so far as JSON, /_facts digests and sizes.
"""

import base64
import hashlib
import json
import os
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT, FILE = int(sys.argv[1]), sys.argv[2]
TRAP = sys.argv[sys.argv.index("--trap") + 1] if "--trap" in sys.argv else None
MANIFEST = "application/vnd.oci.image.manifest.v1+json"

descriptor = os.open(FILE, os.O_RDONLY)
SIZE = os.fstat(descriptor).st_size


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


with open(FILE, "rb") as file:
    LAYER = "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
CONFIG = json.dumps({
    "architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": [LAYER]},
}).encode()
IMAGE = json.dumps({
    "schemaVersion": 2, "mediaType": MANIFEST,
    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(CONFIG), "size": len(CONFIG)},
    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": LAYER, "size": SIZE}],
}).encode()

released = threading.Event()
requests = []
lock = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def head(self, status, headers):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def small(self, status, body, content_type, *headers):
        self.head(status, [("Content-Type", content_type), ("Content-Length", str(len(body))), *headers])
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status, *headers):
        self.small(status, json.dumps({"errors": [{"code": "UNKNOWN", "message": "scripted"}]}).encode(),
                   "application/json", *headers)

    def send_file(self, start, end):
        self.wfile.flush()
        while start < end:
            start += os.sendfile(self.connection.fileno(), descriptor, start, min(end - start, 1 << 20))

    def blob(self, mode):
        """The file, or what `mode` makes of it; the reply to HEAD never lies."""
        octets = ("Content-Type", "application/octet-stream")
        told = ("Docker-Content-Digest", LAYER)
        if self.command == "HEAD":
            return self.head(200, [octets, told, ("Content-Length", str(SIZE)), ("Accept-Ranges", "bytes")])
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked and mode in ("good", "gated", "bytes"):
            start, end = int(asked[1]), min(int(asked[2] or SIZE - 1), SIZE - 1) + 1
            if start >= SIZE:
                return self.refuse(416, ("Content-Range", f"bytes */{SIZE}"))
            self.head(206, [octets, told, ("Content-Length", str(end - start)),
                            ("Content-Range", f"bytes {start}-{end - 1}/{SIZE}")])
            return self.send_file(start, end)
        length = {"short-honest": SIZE // 2, "too-long": SIZE * 2}.get(mode, SIZE)
        if mode == "endless":
            self.head(200, [octets, ("Connection", "close")])
            self.close_connection = True
            while True:
                self.send_file(0, SIZE)
        self.head(200, [octets, told, ("Content-Length", str(length)), ("Accept-Ranges", "bytes")])
        if mode == "wrong-bytes":
            self.send_file(0, SIZE - 2)
            wrong = bytes([os.pread(descriptor, 1, SIZE - 2)[0] ^ 1])
            self.wfile.write(wrong + os.pread(descriptor, 1, SIZE - 1))
        elif mode == "short":
            self.send_file(0, SIZE // 2)
            self.close_connection = True
        elif mode == "short-honest":
            self.send_file(0, SIZE // 2)
        elif mode == "too-long":
            self.send_file(0, SIZE)
            self.send_file(0, SIZE)
        elif mode == "gated":
            self.send_file(0, SIZE // 2)
            released.wait(120)
            self.send_file(SIZE // 2, SIZE)
        else:
            self.send_file(0, SIZE)

    def admitted(self):
        expected = base64.b64encode(b"user:secret").decode()
        return self.headers.get("Authorization", "") == f"Basic {expected}"

    def registry(self, mode, rest):
        if match := re.fullmatch(r"status-(\d+)", mode):
            return self.refuse(int(match[1]))
        if mode == "garbage":
            return self.refuse(401, ("WWW-Authenticate", 'Bearer realm=",,=\\",scope'), ("WWW-Authenticate", "=;="),
                               ("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", ""))
        if mode.startswith("basic") and not self.admitted():
            return self.refuse(401, ("WWW-Authenticate", 'Basic realm="here"'))
        if rest in ("manifests/latest", "manifests/" + digest(IMAGE)):
            return self.small(200, IMAGE, MANIFEST, ("Docker-Content-Digest", digest(IMAGE)))
        if rest == "tags/list":
            return self.small(200, json.dumps({"name": f"{mode}/app", "tags": ["latest"]}).encode(), "application/json")
        if rest == "blobs/" + digest(CONFIG):
            return self.small(200, CONFIG, "application/octet-stream")
        if rest == "blobs/" + LAYER:
            if mode in ("redirect-away", "basic-away"):
                return self.refuse(307, ("Location", TRAP))
            if mode == "redirect-loop":
                return self.refuse(307, ("Location", self.path))
            return self.blob(mode)
        self.refuse(404)

    def serve(self):
        path = self.path.partition("?")[0]
        if path == "/_log":
            with lock:
                return self.small(200, json.dumps(requests).encode(), "application/json")
        if path == "/_facts":
            return self.small(200, json.dumps({
                "layer": LAYER, "size": SIZE, "config": digest(CONFIG), "manifest": digest(IMAGE)}).encode(),
                "application/json")
        if path == "/_release":
            released.set()
            return self.small(200, b"{}", "application/json")
        with lock:
            requests.append({
                "method": self.command, "path": self.path, "range": self.headers.get("Range"),
                "authorization": self.headers.get("Authorization")})
        if path == "/bytes":
            return self.blob("bytes")
        if path in ("/v2/", "/v2"):
            return self.small(200, b"{}", "application/json", ("RateLimit-Limit", "100;w=21600"),
                              ("RateLimit-Remaining", "3;w=21600"))
        if match := re.fullmatch(r"/v2/([a-z0-9-]+)/app/(.+)", path):
            return self.registry(match[1], match[2])
        self.refuse(404)

    def do_GET(self):
        try:
            self.serve()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_HEAD = do_POST = do_GET

    def log_message(self, form, *arguments):
        print(form % arguments, flush=True)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512


Server(("127.0.0.1", PORT), Handler).serve_forever()
