"""Lists of tags and repositories: a store made for them in distribution's layout, and walks through their pages."""

import hashlib
import http.client
import re

MANIFEST = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}'


def make(store, count):
    """`count` tags in one repository, and as many repositories with one tag each, in a hundred folders."""
    digest = hashlib.sha256(MANIFEST).hexdigest()
    link = f"sha256:{digest}".encode()
    root = store / "docker/registry/v2"

    def write(path, data):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def repository(name, tags):
        folder = root / "repositories" / name / "_manifests"
        write(folder / "revisions/sha256" / digest / "link", link)
        # Where docker-registry looks for repositories.
        (folder.parent / "_layers").mkdir()
        for tag in tags:
            write(folder / "tags" / tag / "current/link", link)

    write(root / "blobs/sha256" / digest[:2] / digest / "data", MANIFEST)
    repository("bench/many", (f"v{number:05}" for number in range(count)))
    for number in range(count):
        repository(f"bench/team{number % 100:02}/image{number:05}", ["v1"])


def walk(port, path):
    """Follows the links to the end; the number of names."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    names = 0
    while path:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read().decode()
        assert answer.status == 200, f"{path}: {answer.status}"
        names += text[text.index("["):].count('"') // 2
        following = re.match(r"<([^>]*)>", answer.getheader("Link") or "")
        path = following and following.group(1)
    connection.close()
    return names
