"""Adds to an OCI layout what umoci cannot make: an index of two platforms and an artifact with a `subject`.

compose LAYOUT               writes the index (tag `multi`) and the artifact (tag `artifact`), and `facts.json` with digests
push-artifact LAYOUT URL NAME  pushes the artifact and its referrers fallback tag to a registry that has no referrers API
"""

import hashlib
import json
import pathlib
import sys
import urllib.request

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ARTIFACT = "application/vnd.example.sbom.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Layout:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.index = json.loads((self.path / "index.json").read_text())

    def read(self, digest):
        return (self.path / "blobs" / digest.replace(":", "/")).read_bytes()

    def write(self, media_type, data):
        name = digest(data)
        (self.path / "blobs" / name.replace(":", "/")).write_bytes(data)
        return {"mediaType": media_type, "digest": name, "size": len(data)}

    def tagged(self, tag):
        for entry in self.index["manifests"]:
            if entry.get("annotations", {}).get("org.opencontainers.image.ref.name") == tag:
                return entry
        raise SystemExit(f"no tag {tag} in {self.path}")

    def tag(self, descriptor, tag):
        self.index["manifests"].append(descriptor | {"annotations": {"org.opencontainers.image.ref.name": tag}})

    def save(self):
        (self.path / "index.json").write_text(json.dumps(self.index))


def encode(value):
    return json.dumps(value, indent=2).encode()


def compose(path):
    layout = Layout(path)
    platforms = []
    for architecture in ("amd64", "arm64"):
        entry = layout.tagged(architecture)
        platforms.append({
            "mediaType": MANIFEST, "digest": entry["digest"], "size": entry["size"],
            "platform": {"architecture": architecture, "os": "linux"},
        })
    index = layout.write(INDEX, encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": platforms}))
    layout.tag(index, "multi")

    artifact = layout.write(MANIFEST, encode({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": ARTIFACT,
        "config": layout.write(EMPTY, b"{}"),
        "layers": [layout.write(ARTIFACT, encode({"packages": ["libc6", "bash", "coreutils"]}))],
        "subject": index,
        "annotations": {"org.example.created-by": "entrepot"},
    }))
    layout.tag(artifact | {"artifactType": ARTIFACT}, "artifact")
    layout.save()
    layers = json.loads(layout.read(platforms[0]["digest"]))["layers"]
    facts = {
        "index": index["digest"],
        "amd64": platforms[0]["digest"],
        "arm64": platforms[1]["digest"],
        "artifact": artifact["digest"],
        "artifactType": ARTIFACT,
        "layers": [layer["digest"] for layer in layers],
    }
    (layout.path / "facts.json").write_text(json.dumps(facts, indent=2))


def send(method, url, data=b"", content_type="application/octet-stream"):
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": content_type})
    with urllib.request.urlopen(request, timeout=30) as response:
        return response.headers


def push_artifact(path, base, name):
    layout = Layout(path)
    entry = layout.tagged("artifact")
    raw = layout.read(entry["digest"])
    manifest = json.loads(raw)
    for descriptor in [manifest["config"], *manifest["layers"]]:
        location = send("POST", f"{base}/v2/{name}/blobs/uploads/")["Location"]
        separator = "&" if "?" in location else "?"
        send("PUT", f"{location}{separator}digest={descriptor['digest']}", layout.read(descriptor["digest"]))
    send("PUT", f"{base}/v2/{name}/manifests/{entry['digest']}", raw, MANIFEST)

    referrers = encode({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [{
            "mediaType": MANIFEST, "digest": entry["digest"], "size": len(raw), "artifactType": ARTIFACT,
            "annotations": manifest["annotations"],
        }],
    })
    fallback = manifest["subject"]["digest"].replace(":", "-")
    send("PUT", f"{base}/v2/{name}/manifests/{fallback}", referrers, INDEX)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["compose", layout]:
            compose(layout)
        case ["push-artifact", layout, url, name]:
            push_artifact(layout, url, name)
        case _:
            raise SystemExit(__doc__)
