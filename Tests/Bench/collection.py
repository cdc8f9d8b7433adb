"""A store of many small images, made sparse in distribution's layout, and its collection."""

import hashlib
import http.client
import json
import os
import subprocess
import time

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
# A file has no more names than this on ext4.
MOST_NAMES = 60_000


class Sparse:
    """Files of one content under many names: they take no room but for their folders."""

    def __init__(self, folder, data=b"", size=0):
        self.folder, self.data, self.size = folder, data, size
        self.names = MOST_NAMES
        self.number = 0

    def put(self, path):
        if self.names >= MOST_NAMES:
            self.number += 1
            self.names = 0
            self.source = f"{self.folder}/{self.size}-{self.number}"
            with open(self.source, "wb") as file:
                file.write(self.data)
                file.truncate(max(self.size, len(self.data)))
        os.link(self.source, path)
        self.names += 1


def make(root, repositories, manifests=20, layers=5, orphans=20):
    """`repositories` with so many `manifests` each, every one of which names `layers` of its own and one that all of the
    repository share. One layer in `orphans` is named by no manifest, and as many blobs have no link.

    Returns the number of blobs and of manifests.
    """
    base = f"{root}/docker/registry/v2"
    # On the same file system, beside what is looked at.
    os.makedirs(f"{root}/sources")
    blob, link = Sparse(f"{root}/sources", size=10 << 20), Sparse(f"{root}/sources", b"sha256:" + b"0" * 64)
    blobs = f"{base}/blobs/sha256"
    for number in range(256):
        os.makedirs(f"{blobs}/{number:02x}")
    count = 0

    def layer():
        nonlocal count
        count += 1
        name = os.urandom(32).hex()
        os.mkdir(f"{blobs}/{name[:2]}/{name}")
        blob.put(f"{blobs}/{name[:2]}/{name}/data")
        return name

    for number in range(repositories):
        folder = f"{base}/repositories/team{number % 100:02}/image{number:05}"
        revisions, granted = f"{folder}/_manifests/revisions/sha256", f"{folder}/_layers/sha256"
        os.makedirs(revisions)
        os.makedirs(granted)
        os.makedirs(f"{folder}/_manifests/tags/latest/current")
        os.mkdir(f"{folder}/_uploads")

        def grant(name):
            os.mkdir(f"{granted}/{name}")
            link.put(f"{granted}/{name}/link")
            return name

        shared = grant(layer())
        for _ in range(manifests):
            names = [shared] + [grant(layer()) for _ in range(layers)]
            document = json.dumps({
                "schemaVersion": 2, "mediaType": MANIFEST,
                "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "size": 10 << 20,
                           "digest": f"sha256:{names[0]}"},
                "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "size": 10 << 20,
                            "digest": f"sha256:{name}"} for name in names[1:]],
            }).encode()
            digest = hashlib.sha256(document).hexdigest()
            os.mkdir(f"{blobs}/{digest[:2]}/{digest}")
            with open(f"{blobs}/{digest[:2]}/{digest}/data", "wb") as file:
                file.write(document)
            os.mkdir(f"{revisions}/{digest}")
            with open(f"{revisions}/{digest}/link", "w") as file:
                file.write(f"sha256:{digest}")
        with open(f"{folder}/_manifests/tags/latest/current/link", "w") as file:
            file.write(f"sha256:{digest}")
        for _ in range(max(1, manifests * layers // orphans)):
            grant(layer())
            layer()
    return count, repositories * manifests


def find(root):
    """Seconds that `find` takes to look at every file."""
    begin = time.monotonic()
    subprocess.run(["find", root, "-type", "f", "-size", "-1c"], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin


def docker(config):
    """Seconds that docker-registry takes to mark what it would remove, and the memory that it takes for it, in MiB."""
    begin = time.monotonic()
    process = subprocess.Popen(
        ["docker-registry", "garbage-collect", "--dry-run", str(config)], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, "docker-registry could not collect"
    return time.monotonic() - begin, usage.ru_maxrss / 1024


def round_of(port, token):
    """Has the server collect, and tells what it did."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=3600)
    connection.request(
        "POST", "/_entrepot/janitor/run?job=collection", headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.status == 200, f"collection ended with {answer.status}: {text}"
    return json.loads(text)


def begin(port, token, job):
    """Has the server begin a job."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(
        "POST", f"/_entrepot/janitor/run?job={job}&wait=false", headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.status == 202, f"{job} begins with {answer.status}: {text}"


def is_running(port, token, job):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/_entrepot/janitor", headers={"Authorization": f"Bearer {token}"})
    jobs = json.loads(connection.getresponse().read())["jobs"]
    return any(one["job"] == job and one["isRunning"] for one in jobs)


def tags(port, repositories):
    """Seconds in which the tags of all repositories are listed, one after the other."""
    connection, begin = http.client.HTTPConnection("127.0.0.1", port, timeout=60), time.monotonic()
    for number in range(repositories):
        connection.request("GET", f"/v2/team{number % 100:02}/image{number:05}/tags/list")
        answer = connection.getresponse()
        assert b"latest" in answer.read() and answer.status == 200
    return time.monotonic() - begin
