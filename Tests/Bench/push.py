"""Pushes that cost the client next to nothing: the content goes out with sendfile, from one file for all pushers."""

import hashlib
import http.client
import json
import os
import socket

from load import read_head

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def blob(port, repository, path, digest):
    """POST, then one PUT with the whole blob."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("POST", f"/v2/{repository}/blobs/uploads/", headers={"Content-Length": "0"})
    answer = connection.getresponse()
    answer.read()
    location = answer.headers["Location"]
    target = location[location.index("/v2/"):]
    target += ("&" if "?" in target else "?") + "digest=" + digest
    connection.close()
    size = os.path.getsize(path)
    with socket.create_connection(("127.0.0.1", port), timeout=300) as raw, open(path, "rb") as file:
        head = (f"PUT {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {size}\r\n"
                "Content-Type: application/octet-stream\r\n\r\n")
        raw.sendall(head.encode())
        raw.sendfile(file)
        status, _, body = read_head(raw)
        if status != 201:
            raise RuntimeError(f"{target}: status {status}: {body[:300]!r}")


class Images:
    """Images of one small layer each, pushed over one connection as a client does it."""

    def __init__(self, port, repository):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.base = f"/v2/{repository}"

    def _send(self, method, target, expected, data=b"", kind="application/octet-stream"):
        self.connection.request(method, target, body=data, headers={"Content-Type": kind})
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != expected:
            raise RuntimeError(f"{method} {target}: status {answer.status}: {body[:300]!r}")
        return answer.headers

    def _blob(self, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        location = self._send("POST", f"{self.base}/blobs/uploads/", 202)["Location"]
        target = location[location.index("/v2/"):]
        self._send("PUT", target + ("&" if "?" in target else "?") + "digest=" + digest, 201, data)
        return {"digest": digest, "size": len(data)}

    def push(self, tag):
        config = self._blob(json.dumps({"architecture": "amd64", "os": "linux", "tag": tag}).encode())
        layer = self._blob(tag.encode() * 100)
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **layer}]}).encode()
        self._send("PUT", f"{self.base}/manifests/{tag}", 201, manifest, MANIFEST)

    def tags(self):
        self.connection.request("GET", f"{self.base}/tags/list")
        return json.loads(self.connection.getresponse().read())["tags"]
