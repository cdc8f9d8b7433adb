"""Pushes, deletes and pulls through a front of several replicas for a while, and then pulls everything back.

usage: cluster-load.py FRONT-URL SECONDS REPLICA-URL...

Blobs go in pieces whose requests the front gives to one replica after the other. What was refused or broken is tried anew;
only what was acknowledged counts. Prints one line of JSON: {"pushed", "deleted", "pulled", "retries", "errors"}; an error is
a wrong byte, or something acknowledged that a replica does not have.
"""

import hashlib
import http.client
import json
import random
import sys
import threading
import time
import urllib.parse

FRONT, SECONDS, REPLICAS = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
NAME = "local/load"
end = time.monotonic() + SECONDS
lock = threading.Lock()
result = {"pushed": 0, "deleted": 0, "pulled": 0, "retries": 0, "errors": []}
images = []  # (tag, manifest digest, manifest, {digest: bytes}) as acknowledged
contested = {}  # tag: digests that may be its last
removed = set()


class Again(Exception):
    """Refused or broken: to be tried anew."""


def note(key, count=1):
    with lock:
        result[key] += count


def fail(text):
    with lock:
        if len(result["errors"]) < 20:
            result["errors"].append(text)


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def ask(base, method, path, body=None, headers=None, timeout=30):
    url = urllib.parse.urlsplit(base)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=timeout)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        data = response.read()
        return response.status, {k.lower(): v for k, v in response.getheaders()}, data
    except (OSError, http.client.HTTPException) as error:
        raise Again(str(error))
    finally:
        connection.close()


def expect(status, wanted, what):
    if status in wanted:
        return
    if status in (404, 416, 429) or status >= 500:
        raise Again(f"{what}: {status}")
    fail(f"{what}: status {status}")
    raise Again(what)


def path_of(location):
    parts = urllib.parse.urlsplit(location)
    return parts.path + ("?" + parts.query if parts.query else "")


def push_blob(data, chooser):
    status, headers, _ = ask(FRONT, "POST", f"/v2/{NAME}/blobs/uploads/")
    expect(status, (202,), "POST")
    offset = 0
    while offset < len(data):
        piece = data[offset:offset + chooser.randrange(20_000, 120_000)]
        status, headers, _ = ask(
            FRONT, "PATCH", path_of(headers["location"]), piece,
            {"Content-Type": "application/octet-stream", "Content-Range": f"{offset}-{offset + len(piece) - 1}"})
        expect(status, (202,), "PATCH")
        offset += len(piece)
    location = path_of(headers["location"])
    status, headers, _ = ask(FRONT, "PUT", location + ("&" if "?" in location else "?") + "digest=" + digest(data))
    expect(status, (201,), "PUT")


def make_image(chooser):
    layer = chooser.randbytes(chooser.randrange(1000, 400_000))
    config = json.dumps({"architecture": "amd64", "os": "linux", "salt": chooser.random()}).encode()
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(config),
                   "size": len(config)},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest(layer),
                    "size": len(layer)}],
    }).encode()
    return manifest, {digest(layer): layer, digest(config): config}


def tries(work):
    """Until it is done, or the time is over; whether it is done."""
    while True:
        try:
            work()
            return True
        except Again:
            note("retries")
            if time.monotonic() > end:
                return False
            time.sleep(0.05)


def pusher(number):
    chooser = random.Random(number)
    count = 0
    while time.monotonic() < end:
        manifest, blobs = make_image(chooser)
        # Two of the pushers use the same tags.
        tag = f"shared-{count % 3}" if number < 2 else f"own-{number}-{count}"
        count += 1

        def work():
            for data in blobs.values():
                push_blob(data, chooser)
            status, _, _ = ask(FRONT, "PUT", f"/v2/{NAME}/manifests/{tag}", manifest, {"Content-Type": MANIFEST})
            expect(status, (201,), "PUT manifest")

        if tag.startswith("shared"):
            with lock:
                # Also what is not acknowledged may have been done.
                contested.setdefault(tag, set()).add(digest(manifest))
        if tries(work):
            note("pushed")
            with lock:
                images.append((tag, digest(manifest), manifest, blobs))


def remover():
    chooser = random.Random(99)
    while time.monotonic() < end:
        time.sleep(0.3)
        with lock:
            own = [image[0] for image in images if image[0].startswith("own") and image[0] not in removed]
            if not own:
                continue
            tag = chooser.choice(own)
            removed.add(tag)

        def work():
            status, _, _ = ask(FRONT, "DELETE", f"/v2/{NAME}/manifests/{tag}")
            # Not found: the try before was carried out.
            if status != 404:
                expect(status, (202,), "DELETE")

        if tries(work):
            note("deleted")
        else:
            with lock:
                contested[tag] = None


def puller(number):
    chooser = random.Random(1000 + number)
    while time.monotonic() < end:
        with lock:
            image = chooser.choice(images) if images else None
        if image is None:
            time.sleep(0.1)
            continue
        try:
            check(FRONT, image, chooser)
            note("pulled")
        except Again:
            note("retries")


def check(base, image, chooser=None):
    _, name, manifest, blobs = image
    status, _, data = ask(base, "GET", f"/v2/{NAME}/manifests/{name}")
    expect(status, (200,), "GET manifest")
    if data != manifest:
        fail(f"{base}: the manifest {name} is another")
    wanted = [chooser.choice(list(blobs))] if chooser else list(blobs)
    for name in wanted:
        status, _, data = ask(base, "GET", f"/v2/{NAME}/blobs/{name}")
        expect(status, (200,), "GET blob")
        if data != blobs[name]:
            fail(f"{base}: the blob {name} is another")


threads = [threading.Thread(target=pusher, args=(number,)) for number in range(5)]
threads += [threading.Thread(target=remover)] + [threading.Thread(target=puller, args=(n,)) for n in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()

# What upsets one replica for a moment is over by now, or will be soon.
patience = time.monotonic() + 60


def patiently(work, what):
    while True:
        try:
            return work()
        except Again as error:
            if time.monotonic() > patience:
                return fail(f"{what}: {error}")
            time.sleep(0.2)


for base in REPLICAS:
    for image in images:
        patiently(lambda: check(base, image), f"{base}: {image[1]} was acknowledged")
    for tag, name, _, _ in images:
        if tag.startswith("shared") or contested.get(tag, 1) is None:
            continue

        def look():
            status, headers, _ = ask(base, "HEAD", f"/v2/{NAME}/manifests/{tag}")
            if tag in removed:
                if status != 404:
                    raise Again(f"the deleted tag answers {status}")
                return
            expect(status, (200,), "HEAD")
            if headers.get("docker-content-digest") != name:
                fail(f"{base}: the tag {tag} names another image")

        patiently(look, f"{base}: the tag {tag}")
    for tag, names in contested.items():
        if names is None:
            continue

        def look():
            status, headers, _ = ask(base, "HEAD", f"/v2/{NAME}/manifests/{tag}")
            expect(status, (200,), "HEAD")
            if headers.get("docker-content-digest") not in names:
                fail(f"{base}: the tag {tag} names what nobody pushed")

        patiently(look, f"{base}: the tag {tag}")
print(json.dumps(result))
