"""collection-faults.py BINARY FOLDER PORT SECONDS KILLS: pushes, pulls, mounts, deletions and tag moves while collection runs
all the time with the least grace, and the server is killed so often.

Prints what became of it: what was acknowledged and is lost, and what is left after two rounds when all is deleted.
"""
import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import threading
import time

BINARY, FOLDER, PORT, SECONDS, KILLS = sys.argv[1], pathlib.Path(sys.argv[2]), *(int(word) for word in sys.argv[3:6])
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
REPOSITORIES = [f"local/r{number}" for number in range(3)]
# Few, so that they are shared, found to be there, and gone again.
BLOBS = [bytes([number]) * (1000 + 40_000 * number) for number in range(8)]
DIGESTS = ["sha256:" + hashlib.sha256(blob).hexdigest() for blob in BLOBS]
counts = {name: 0 for name in (
    "pushed", "refused", "pulled", "mounted", "found", "moved", "deleted", "broken", "kills", "busy")}
lost = []
guard = threading.Lock()
# (repository, digest of a manifest) -> the numbers of its blobs, of what was acknowledged and is not being deleted.
held = {}
locks = {}
stop = threading.Event()


class Broken(Exception):
    """The server went away: nobody knows what it did."""


def count(name, number=1):
    with guard:
        counts[name] += number


class Client:
    def __init__(self):
        self.connection = None

    def ask(self, method, path, body=None, headers={}):
        for attempt in range(20):
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
                self.connection.request(method, path, body=body, headers=headers)
                answer = self.connection.getresponse()
                data = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.connection = None
                count("broken")
                raise Broken() from error
            if answer.status in (429, 503):
                count("busy")
                time.sleep(0.2)
                continue
            return answer.status, data, answer.headers
        return answer.status, data, answer.headers


def lock(key):
    with guard:
        return locks.setdefault(key, threading.Lock())


def bring(client, repository, number, chance):
    """As a client does that knows other repositories: looks, mounts, uploads."""
    digest = DIGESTS[number]
    if client.ask("HEAD", f"/v2/{repository}/blobs/{digest}")[0] == 200:
        return count("found")
    other = chance.choice([name for name in REPOSITORIES if name != repository])
    status, _, headers = client.ask("POST", f"/v2/{repository}/blobs/uploads/?mount={digest}&from={other}")
    if status == 201:
        return count("mounted")
    assert status == 202, f"an upload begins with {status}"
    path = re.sub("^http://[^/]*", "", headers["Location"])
    status, data, _ = client.ask(
        "PUT", path + ("&" if "?" in path else "?") + f"digest={digest}", BLOBS[number],
        {"Content-Type": "application/octet-stream"})
    assert status == 201, f"an upload ends with {status}: {data}"


def push(client, chance):
    repository = chance.choice(REPOSITORIES)
    numbers = chance.sample(range(len(BLOBS)), chance.randint(1, 3))
    body = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST, "annotations": {"number": str(chance.randrange(30))},
        "layers": [{"mediaType": "application/octet-stream", "digest": DIGESTS[number], "size": len(BLOBS[number])}
                   for number in numbers]}).encode()
    digest = "sha256:" + hashlib.sha256(body).hexdigest()
    with lock((repository, digest)):
        for number in numbers:
            bring(client, repository, number, chance)
        if chance.random() < 0.3:
            # Longer than the grace: what was found to be there may be gone.
            time.sleep(chance.random() * 4)
        tag = f"t{chance.randrange(10)}"
        status, data, _ = client.ask("PUT", f"/v2/{repository}/manifests/{tag}", body, {"Content-Type": MANIFEST})
        if status == 400 and b"MANIFEST_BLOB_UNKNOWN" in data:
            return count("refused")
        assert status == 201, f"a manifest is answered with {status}: {data}"
        with guard:
            held[repository, digest] = numbers
        count("pushed")


def some(chance):
    with guard:
        return chance.choice(list(held)) if held else None


def check(client, repository, digest, numbers):
    status, data, _ = client.ask("GET", f"/v2/{repository}/manifests/{digest}", headers={"Accept": MANIFEST})
    if status != 200 or "sha256:" + hashlib.sha256(data).hexdigest() != digest:
        return lost.append(f"{repository}@{digest}: {status}")
    for number in numbers:
        status, data, _ = client.ask("GET", f"/v2/{repository}/blobs/{DIGESTS[number]}")
        if status != 200 or data != BLOBS[number]:
            lost.append(f"{repository} blob {DIGESTS[number]} of {digest}: {status}, {len(data)} bytes")
    count("pulled")


def pull(client, chance):
    key = some(chance)
    if key is None:
        return
    with lock(key):
        if key in held:
            check(client, *key, held[key])


def move(client, chance):
    """A tag goes to another manifest that is there, as when somebody rolls back."""
    key = some(chance)
    if key is None:
        return
    with lock(key):
        if key not in held:
            return
        repository, digest = key
        status, data, _ = client.ask("GET", f"/v2/{repository}/manifests/{digest}", headers={"Accept": MANIFEST})
        if status != 200:
            return lost.append(f"{repository}@{digest}: {status}")
        status, data, _ = client.ask(
            "PUT", f"/v2/{repository}/manifests/t{chance.randrange(10)}", data, {"Content-Type": MANIFEST})
        assert status == 201, f"a tag is moved with {status}: {data}"
        count("moved")


def delete(client, chance):
    key = some(chance)
    if key is None:
        return
    with lock(key):
        with guard:
            if held.pop(key, None) is None:
                return
        repository, digest = key
        status, data, _ = client.ask("DELETE", f"/v2/{repository}/manifests/{digest}")
        assert status in (202, 404), f"a deletion is answered with {status}: {data}"
        count("deleted")


def work(seed):
    client, chance = Client(), random.Random(seed)
    while not stop.is_set():
        try:
            # So few are there at a time that blobs are without a reference again and again.
            deletions = 8 if len(held) > 5 else 1
            chance.choices([push, pull, move, delete], [4, 4, 1, deletions])[0](client, chance)
        except Broken:
            time.sleep(0.1)
        except AssertionError as error:
            lost.append(str(error))


def start():
    log = open(FOLDER / "entrepot.log", "ab")
    process = subprocess.Popen([BINARY, "-c", FOLDER / "entrepot.toml", "server"], stdout=log, stderr=log)
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return process
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit("the server does not start: " + (FOLDER / "entrepot.log").read_text()[-2000:])


def collect():
    """Runs a round now, and tells how much it removed."""
    answer = subprocess.run(
        [BINARY, "-c", FOLDER / "entrepot.toml", "janitor", "run", "collection"], capture_output=True, text=True,
        check=True)
    return json.loads(answer.stdout)["counts"]


def left():
    """What the store still holds of bytes, links and marks."""
    found = []
    for folder, pattern in (("docker/registry/v2/blobs", "**/data"), ("docker/registry/v2/repositories", "**/_layers/**/link"),
                            ("docker/registry/v2/repositories", "**/revisions/**/link"),
                            (".entrepot/collection", "**/sha*"), ("docker/registry/v2/repositories", "**/condemned/*")):
        found += [str(path.relative_to(FOLDER / "root")) for path in (FOLDER / "root" / folder).glob(pattern)]
    return found


def main():
    (FOLDER / "root").mkdir()
    (FOLDER / "token").write_text("collection-faults-token")
    (FOLDER / "entrepot.toml").write_text(
        f'[server]\nbind_address = "127.0.0.1"\nport = {PORT}\n[storage.fs]\nroot_dir = "{FOLDER}/root"\n'
        f'[admin]\ntoken_file = "{FOLDER}/token"\n[janitor]\ninterval = "1s"\ngrace = "1s"\n[repository.local]\n')
    process = start()
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    removed = 0
    for _ in range(KILLS):
        time.sleep(SECONDS / (KILLS + 1) * random.uniform(0.7, 1.3))
        process.send_signal(signal.SIGKILL)
        process.wait()
        counts["kills"] += 1
        process = start()
    end = time.monotonic() + SECONDS / (KILLS + 1)
    while time.monotonic() < end:
        removed += collect()["removedContents"]
    stop.set()
    for thread in threads:
        thread.join()
    client = Client()
    for (repository, digest), numbers in list(held.items()):
        check(client, repository, digest, numbers)
    kept = len(held)
    # What a broken request left unknown is deleted too.
    for repository in REPOSITORIES:
        for path in (FOLDER / "root/docker/registry/v2/repositories" / repository / "_manifests/revisions/sha256").glob("*"):
            client.ask("DELETE", f"/v2/{repository}/manifests/sha256:{path.name}")
    rounds = 0
    for _ in range(2):
        # Older than the grace.
        time.sleep(2.1)
        removed += collect()["removedContents"]
        rounds += 1
    remains = left()
    process.terminate()
    process.wait()
    print(json.dumps({"counts": counts, "lost": lost, "left": remains, "removed": removed, "kept": kept}))


main()
