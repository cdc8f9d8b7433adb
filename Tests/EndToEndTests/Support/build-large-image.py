"""Writes a registry's store with one image that has one layer of 512 MiB, and keeps it for the following runs.

usage: build-large-image.py DIRECTORY

The layer is a tar that is not compressed, of one file. No two of its blocks are alike, so that bytes at the wrong place are
wrong bytes. `DIRECTORY/facts.json` has the digests; `DIRECTORY/store` is in the layout that docker-registry reads, with
`test/large:latest`.
"""

import fcntl
import hashlib
import json
import pathlib
import shutil
import sys
import tarfile

SIZE = 512 << 20
BLOCK = 4096
MANIFEST = "application/vnd.oci.image.manifest.v1+json"

folder = pathlib.Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
lock = open(folder / "lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
facts = folder / "facts.json"
if facts.exists():
    sys.exit(0)

root = folder / "store" / "docker" / "registry" / "v2"
shutil.rmtree(folder / "store", ignore_errors=True)
blobs = root / "blobs" / "sha256"


def place(hexadecimal):
    path = blobs / hexadecimal[:2] / hexadecimal
    path.mkdir(parents=True)
    return path / "data"


def put(data):
    name = hashlib.sha256(data).hexdigest()
    place(name).write_bytes(data)
    return name


def tar(file):
    """The pieces of the layer, SIZE bytes in all."""
    content = SIZE - 512 - 1024 - tarfile.RECORDSIZE
    content -= content % BLOCK
    entry = tarfile.TarInfo("payload")
    entry.size = content
    yield entry.tobuf(tarfile.USTAR_FORMAT)
    for start in range(0, content // BLOCK, 256):
        yield b"".join(
            number.to_bytes(8, "big") * (BLOCK // 8) for number in range(start, min(start + 256, content // BLOCK)))
    yield bytes(SIZE - 512 - content)


blobs.mkdir(parents=True)
hasher = hashlib.sha256()
with open(blobs / "growing", "wb") as file:
    for piece in tar(file):
        hasher.update(piece)
        file.write(piece)
    assert file.tell() == SIZE
layer = hasher.hexdigest()
(blobs / "growing").rename(place(layer))
config = json.dumps({
    "architecture": "amd64", "os": "linux", "config": {},
    "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]},
}).encode()
config_name = put(config)
manifest = put(json.dumps({
    "schemaVersion": 2, "mediaType": MANIFEST,
    "config": {
        "mediaType": "application/vnd.oci.image.config.v1+json", "digest": f"sha256:{config_name}", "size": len(config)},
    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": f"sha256:{layer}", "size": SIZE}],
}).encode())


def link(path, name):
    path.mkdir(parents=True)
    (path / "link").write_text(f"sha256:{name}")


repository = root / "repositories" / "test" / "large"
for name in (layer, config_name):
    link(repository / "_layers" / "sha256" / name, name)
link(repository / "_manifests" / "revisions" / "sha256" / manifest, manifest)
link(repository / "_manifests" / "tags" / "latest" / "current", manifest)
link(repository / "_manifests" / "tags" / "latest" / "index" / "sha256" / manifest, manifest)
facts.write_text(json.dumps({"manifest": f"sha256:{manifest}", "layer": f"sha256:{layer}", "size": SIZE}))
