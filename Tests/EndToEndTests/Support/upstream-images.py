"""Changes what a registry holds, as its publisher would.

usage: upstream-images.py sign   HOST NAME TAG KEYS SIGNED-NAME
       upstream-images.py change HOST NAME TAG NEW-TAG

`sign` signs the image and, of an index, each of its images, as cosign does: under tags made of their digests. The key pair is
`cosign.key` and `cosign.pub` in the folder KEYS, made if it is not there; SIGNED-NAME is what clients are to know the image as.
`change` pushes an image with another last layer, and prints that layer's size.
"""

import base64
import gzip
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import urllib.request

COMMAND, HOST, NAME, TAG, *REST = sys.argv[1:]
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ACCEPTED = [MANIFEST, "application/vnd.oci.image.index.v1+json"]


def ask(method, path, data=None, headers=()):
    address = path if path.startswith("http") else f"http://{HOST}/v2/{NAME}/{path}"
    return urllib.request.urlopen(urllib.request.Request(address, data=data, method=method, headers=dict(headers)))


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def blob(data):
    place = ask("POST", "blobs/uploads/", b"").headers["Location"]
    ask("PUT", f"{place}{'&' if '?' in place else '?'}digest={digest(data)}", data,
        [("Content-Type", "application/octet-stream")])
    return {"digest": digest(data), "size": len(data)}


def put(manifest, tag):
    ask("PUT", f"manifests/{tag}", json.dumps(manifest).encode(), [("Content-Type", manifest.get("mediaType", MANIFEST))])


def get(reference):
    return ask("GET", f"manifests/{reference}", headers=[("Accept", ", ".join(ACCEPTED))]).read()


def sign(keys, name):
    keys = pathlib.Path(keys)
    if not (keys / "cosign.key").exists():
        key = subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout"],
                             check=True, capture_output=True).stdout
        (keys / "cosign.key").write_bytes(key)
        subprocess.run(["openssl", "ec", "-in", keys / "cosign.key", "-pubout", "-out", keys / "cosign.pub"],
                       check=True, capture_output=True)
    image = get(TAG)
    for signed in [digest(image), *(child["digest"] for child in json.loads(image).get("manifests", []))]:
        payload = json.dumps({
            "critical": {"identity": {"docker-reference": name}, "image": {"docker-manifest-digest": signed},
                         "type": "cosign container image signature"}, "optional": None}).encode()
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", keys / "cosign.key"], input=payload,
                                   check=True, capture_output=True).stdout
        config = json.dumps({"architecture": "", "os": "", "config": {},
                             "rootfs": {"type": "layers", "diff_ids": [digest(payload)]}}).encode()
        put({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **blob(config)},
            "layers": [{
                "mediaType": "application/vnd.dev.cosign.simplesigning.v1+json", **blob(payload),
                "annotations": {"dev.cosignproject.cosign/signature": base64.b64encode(signature).decode()}}],
        }, signed.replace(":", "-") + ".sig")


def change(tag):
    manifest = json.loads(get(TAG))
    config = json.loads(ask("GET", f"blobs/{manifest['config']['digest']}").read())
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        data = os.urandom(200_000)
        entry = tarfile.TarInfo("changed")
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))
    layer = gzip.compress(file.getvalue(), mtime=0)
    config["rootfs"]["diff_ids"][-1] = digest(file.getvalue())
    manifest["layers"][-1] = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", **blob(layer)}
    manifest["config"] = {"mediaType": manifest["config"]["mediaType"], **blob(json.dumps(config).encode())}
    put(manifest, tag)
    print(len(layer))


{"sign": sign, "change": change}[COMMAND](*REST)
