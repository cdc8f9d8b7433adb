"""Clients that pull and push while the configuration changes ten times a second; checks every byte of every answer.

usage: reload-soak.py URL CONFIGURATION-FILE ADMIN-TOKEN LAYER-DIGEST CLIENTS SECONDS

Half of the clients pull `mirror/app:latest` with its layer, the others push images of their own to `local/` and read them
back. Every 100 ms the file is replaced by another version of itself (further namespaces, another policy, other limits and time-outs) and
a reload is asked for; every tenth version is invalid and must be refused. Prints {"pulls", "pushes", "applied",
"refused", "failures"}. Nothing is tried twice: any answer but the expected is a failure.
"""

import hashlib
import http.client
import json
import multiprocessing
import os
import sys
import threading
import time
import urllib.parse

URL, FILE, TOKEN, LAYER = urllib.parse.urlsplit(sys.argv[1]), *sys.argv[2:5]
CLIENTS, SECONDS = int(sys.argv[5]), float(sys.argv[6])
MANIFEST = "application/vnd.oci.image.manifest.v1+json"

result = {"pulls": 0, "pushes": 0, "applied": 0, "refused": 0, "failures": []}
lock = threading.Lock()
stop = threading.Event()


class Failure(Exception):
    pass


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Client:
    def __init__(self):
        self.connection = http.client.HTTPConnection(URL.hostname, URL.port, timeout=60)

    def ask(self, method, path, expected, body=None, **headers):
        """The answer's headers and body; it must have the expected status and, where it is told, the right digest."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body=body, headers=headers)
        answer = self.connection.getresponse()
        data = answer.read()
        if answer.status != expected:
            raise Failure(f"{method} {path}: {answer.status} in place of {expected}: {data[:300]!r}")
        told = answer.headers.get("Docker-Content-Digest")
        if method == "GET" and expected == 200 and told and told != digest(data):
            raise Failure(f"{method} {path}: {told} in the header, {digest(data)} in the body")
        return answer.headers, data


def pull(client, number, round):
    _, manifest = client.ask("GET", "/v2/mirror/app/manifests/latest", 200, Accept=MANIFEST)
    if json.loads(manifest)["layers"][0]["digest"] != LAYER:
        raise Failure("the manifest names another layer")
    path = f"/v2/mirror/app/blobs/{LAYER}"
    _, layer = client.ask("GET", path, 200)
    if digest(layer) != LAYER:
        raise Failure("the layer has other bytes")
    start = (number * 7919 + round * 104729) % (len(layer) - 1000)
    _, part = client.ask("GET", path, 206, Range=f"bytes={start}-{start + 999}")
    if part != layer[start:start + 1000]:
        raise Failure("a range has other bytes")


def push(client, number, round):
    def location(headers):
        where = urllib.parse.urlsplit(headers["Location"])
        return where.path + ("?" + where.query if where.query else "")

    repository = f"/v2/local/app{number}"
    descriptors = []
    for size in (100, 50_000):
        data = os.urandom(size)
        headers, _ = client.ask("POST", f"{repository}/blobs/uploads/", 202)
        headers, _ = client.ask("PATCH", location(headers), 202, body=data[:size // 2],
                                Content_Type="application/octet-stream")
        where = location(headers)
        client.ask("PUT", where + ("&" if "?" in where else "?") + "digest=" + digest(data), 201,
                   body=data[size // 2:], Content_Type="application/octet-stream")
        descriptors.append({"mediaType": "application/octet-stream", "digest": digest(data), "size": size})
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptors[0], "layers": descriptors[1:]}).encode()
    client.ask("PUT", f"{repository}/manifests/v{round % 5}", 201, body=manifest, Content_Type=MANIFEST)
    _, again = client.ask("GET", f"{repository}/manifests/v{round % 5}", 200, Accept=MANIFEST)
    if again != manifest:
        raise Failure("the manifest that was pushed comes back as another")
    client.ask("GET", f"{repository}/blobs/{descriptors[1]['digest']}", 200)


def work(number):
    name, task = ("pushes", push) if number % 2 else ("pulls", pull)
    client = Client()
    round = 0
    while not stop.is_set():
        try:
            task(client, number, round)
            with lock:
                result[name] += 1
        except Exception as error:
            with lock:
                result["failures"].append(f"{name}: {type(error).__name__}: {error}")
            client = Client()
        round += 1


def version(base, number):
    """Valid but for every tenth."""
    if number % 10 == 9:
        return base + "\n[nonsense]\n" if number % 20 == 9 else base[:len(base) // 2] + "\n[["
    text = base.replace('stall_timeout = "30s"', f'stall_timeout = "{30 + number % 3}s"')
    return text + f"""
[repository.extra{number % 7}]
[repository.other]
[[repository.other.upstream]]
url = "https://registry{number % 5}.example"
[repository.other.access_policy]
rules = ['identity.id == "ci{number}" && request.operation == "pull"']
[log]
level = "{('info', 'notice')[number % 2]}"
format = "{('text', 'json')[number % 3 == 0]}"
[fills]
max_orphans = {number % 20}
[uploads]
expiry = "{1 + number % 24}h"
[resilience]
hedge_delay = "{900 + number % 50}ms"
"""


def reload(base, stop, results):
    """In a process of its own, so that it is on time whatever the clients do."""
    client = Client()
    number = 0
    result = {"applied": 0, "refused": 0, "failures": []}
    due = time.monotonic()
    while not stop.is_set():
        try:
            with open(FILE + ".new", "w") as file:
                file.write(version(base, number))
            os.rename(FILE + ".new", FILE)
            is_valid = number % 10 != 9
            _, answer = client.ask("POST", "/_entrepot/reload", 200 if is_valid else 422, body=b"",
                                   Authorization=f"Bearer {TOKEN}")
            result[json.loads(answer)["outcome"]] += 1
        except Exception as error:
            result["failures"].append(f"reload {number}: {type(error).__name__}: {error}")
            client = Client()
        number += 1
        due = max(due + 0.1, time.monotonic())
        time.sleep(max(0, due - time.monotonic()))
    results.put(result)


with open(FILE) as file:
    base = file.read()
context = multiprocessing.get_context("fork")
reloads, no_more = context.Queue(), context.Event()
reloader = context.Process(target=reload, args=(base, no_more, reloads))
reloader.start()
threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
for thread in threads:
    thread.start()
time.sleep(SECONDS)
stop.set()
for thread in threads:
    thread.join()
no_more.set()
of_reloader = reloads.get(timeout=60)
reloader.join()
result["failures"] += of_reloader.pop("failures")
result.update(of_reloader)
result["failures"] = [f"{len(result['failures'])} failures"] + result["failures"][:10] if result["failures"] else []
print(json.dumps(result))
