"""Content in a bucket: Entrepot beside docker-registry on the same store, and beside itself on a folder."""

import hashlib
import http.client
import json
import os
import shutil
import time
import urllib.request

import load
import push
from servers import MANIFEST

MIB = 1 << 20


class Layers:
    """An image of three layers, pushed as Docker does it: looks, PATCH with the content, PUT with the digest."""

    def __init__(self, port, repository):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        self.base = f"/v2/{repository}"

    def _send(self, method, target, expected, data=b"", kind="application/octet-stream"):
        self.connection.request(method, target, body=data, headers={"Content-Type": kind})
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status not in expected:
            raise RuntimeError(f"{method} {target}: status {answer.status}: {body[:300]!r}")
        return answer.headers

    @staticmethod
    def _target(headers):
        return headers["Location"][headers["Location"].index("/v2/"):]

    def _blob(self, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self._send("HEAD", f"{self.base}/blobs/{digest}", (404,))
        target = self._target(self._send("POST", f"{self.base}/blobs/uploads/", (202,)))
        target = self._target(self._send("PATCH", target, (202,), data))
        self._send("PUT", target + ("&" if "?" in target else "?") + "digest=" + digest, (201,))
        self._send("HEAD", f"{self.base}/blobs/{digest}", (200,))
        return {"digest": digest, "size": len(data)}

    def push(self, layers):
        layers = [self._blob(data) for data in layers]
        config = self._blob(json.dumps({"architecture": "amd64", "os": "linux", "of": self.base}).encode())
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **layer} for layer in layers]}).encode()
        self._send("PUT", f"{self.base}/manifests/v1", (201,), manifest, MANIFEST)

    def pull(self):
        """The manifest by its tag."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.connection.port}{self.base}/manifests/v1", headers={"Accept": MANIFEST})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)


def bucket_requests(bench):
    """What the store is asked for one operation, which is what it is paid for."""
    fleet, size = bench.fleet, bench.content.size("large")
    layers = [os.urandom(20 * MIB), os.urandom(3 * MIB), os.urandom(64 << 10)]
    counts = {}
    for name in ("entrepot", "docker"):
        store = fleet.moto()

        def start(prefix, upstream=None):
            if name == "docker":
                return fleet.docker_registry(None, remote=upstream, writable=True, bucket=store.driver(prefix))
            return fleet.entrepot(None, upstream=upstream, bucket=store.settings(prefix, fleet.fresh_folder("spool")))

        def counted(what, work):
            before = store.settled()
            work()
            # What a server does after its answer counts as well, and a bucket takes its time to put parts together.
            counts[name, what] = store.settled(quiet=10) - before

        up = "" if name == "docker" else "up/"
        with bench.other(start("fill", bench.nginx_port)) as (_, port):
            path = bench.content.blob_path("large", up)
            counted("a cold 256 MiB fill", lambda: load.download(port, path, size))
        with bench.other(start("push")) as (_, port):
            image = Layers(port, "bench/pushed")
            counted("a push of three layers", lambda: image.push(layers))
        # Without the memory of who pushed.
        with bench.other(start("push")) as (_, port):
            image = Layers(port, "bench/pushed")
            counted("a manifest by tag", image.pull)
            digest = "sha256:" + hashlib.sha256(layers[0]).hexdigest()
            path = f"/v2/bench/pushed/blobs/{digest}"
            counted("a blob of 20 MiB", lambda: load.download(port, path, len(layers[0])))
            digest = "sha256:" + hashlib.sha256(layers[2]).hexdigest()
            path = f"/v2/bench/pushed/blobs/{digest}"
            counted("a blob of 64 KiB", lambda: load.download(port, path, len(layers[2])))
        store.process.stop()
    for what in dict.fromkeys(what for _, what in counts):
        ours, theirs = counts["entrepot", what], counts["docker", what]
        bench.add(f"requests to the bucket, {what}", f"{ours}", f"docker-registry {theirs}", ours / theirs, " x",
                  at_most=0.99)


def bucket_fill(bench):
    """CPU of a cold 256 MiB blob that goes into the bucket."""
    fleet, size = bench.fleet, bench.content.size("large")

    def turn():
        for name in ("folder", "bucket", "docker"):
            folder, store = fleet.fresh_folder("fill"), None if name == "folder" else fleet.moto()
            if name == "docker":
                started, up = fleet.docker_registry(None, remote=bench.nginx_port, bucket=store.driver("a")), ""
            else:
                started = fleet.entrepot(
                    folder, upstream=bench.nginx_port, bucket=store and store.settings("a", folder))
                up = "up/"
            with bench.other(started) as (process, port):
                before = process.cpu()
                load.download(port, bench.content.blob_path("large", up), size)
                if store:
                    store.settled()
                yield name, process.cpu() - before
            if store:
                store.process.stop()
            shutil.rmtree(folder)

    cpu = bench.measured(turn)
    bench.add("cold 256 MiB blob into a bucket, CPU", f"{cpu['bucket']:.2f} s", f"into a folder {cpu['folder']:.2f} s",
              cpu["bucket"] / cpu["folder"], " x", at_most=1.3)
    bench.add("the same", f"{cpu['bucket']:.2f} s", f"docker-registry {cpu['docker']:.2f} s",
              cpu["bucket"] / cpu["docker"], " x")


def bucket_serve(bench):
    """A warm 256 MiB blob: through the server, from the folder in front of the bucket, and by a redirect."""
    fleet, content = bench.fleet, bench.content
    path, size = content.blob_path("large"), content.size("large")
    store = fleet.moto()
    filler, port = fleet.entrepot(None, bucket=store.settings("a", fleet.fresh_folder("spool")))
    content.push(port)
    filler.stop()
    spools = {name: fleet.fresh_folder("spool") for name in ("streamed", "hot", "sent")}
    further = {
        "streamed": "", "sent": 'blob_redirect = "always"\n',
        "hot": f'[storage.cache]\ndirectory = "{spools["hot"]}/hot"\nmax_size = "10GiB"\n'}
    servers = {"folder": (bench.entrepot, bench.entrepot_port)}
    for name, text in further.items():
        servers[name] = fleet.entrepot(None, bucket=store.settings("a", spools[name], text))
    servers["docker"] = fleet.docker_registry(None, bucket=store.driver("a"))
    repeats = 2
    gib = repeats * size / (1 << 30)

    def turn():
        for name in ("folder", "hot", "streamed", "docker"):
            process, port = servers[name]
            before = process.cpu()
            for _ in range(repeats):
                load.download(port, path, size)
            yield name, (process.cpu() - before) / gib
        process, port = servers["sent"]
        before = process.cpu()
        for _ in range(50):
            load.redirect(port, path)
        yield "sent", (process.cpu() - before) / 50 * 1e6

    for name in ("folder", "hot", "streamed", "docker"):
        load.download(servers[name][1], path, size)
    time.sleep(1)
    with bench.apart([process for process, _ in servers.values()]):
        cpu = bench.measured(turn, rounds=1 if bench.quick else 9)
    bench.add("warm 256 MiB blob from the folder in front of a bucket, CPU s per GiB", f"{cpu['hot']:.2f}",
              f"from a folder {cpu['folder']:.2f}", cpu["hot"] / cpu["folder"], " x", at_most=1.05)
    bench.add("the same, streamed from the bucket", f"{cpu['streamed']:.2f}", f"from a folder {cpu['folder']:.2f}",
              cpu["streamed"] / cpu["folder"], " x", at_most=1.3)
    bench.add("the same", f"{cpu['streamed']:.2f}", f"docker-registry {cpu['docker']:.2f}",
              cpu["streamed"] / cpu["docker"], " x")
    bench.add("a client is sent to the bucket, CPU microseconds", f"{cpu['sent']:.0f} us", "", cpu["sent"], " us")

    small = {
        "2 KiB blob": (content.blob_path("small"), None), "manifest by tag": (content.manifest_path(), MANIFEST)}
    for what, (path, accept) in small.items():
        def rates():
            for name in ("streamed", "hot", "docker"):
                yield name, load.requests_per_second(servers[name][1], path, bench.seconds, accept)

        rate = bench.measured(rates, rounds=1)
        bench.add(f"{what} of a bucket", f"{rate['streamed']:.0f}/s", f"docker-registry {rate['docker']:.0f}/s",
                  rate["streamed"] / rate["docker"], " x")
    for process, _ in list(servers.values())[1:]:
        process.stop()
    store.process.stop()


def bucket_redis(bench):
    """A manifest by tag from a warm replica that shares what it knows, and from one that is alone; both with an upstream."""
    fleet, content = bench.fleet, bench.content
    store, (redis, redis_port) = fleet.moto(), fleet.redis()
    servers = {
        "alone": fleet.entrepot(
            None, upstream=bench.nginx_port, bucket=store.settings("alone", fleet.fresh_folder("spool"))),
        "redis": fleet.entrepot(
            None, upstream=bench.nginx_port,
            bucket=store.settings("redis", fleet.fresh_folder("spool"), fleet.cluster(redis_port)))}
    for _, port in servers.values():
        load.requests_per_second(port, content.manifest_path("up/"), 1, MANIFEST)

    def turn():
        for name, (_, port) in servers.items():
            yield name, load.requests_per_second(port, content.manifest_path("up/"), bench.seconds, MANIFEST)

    rate = bench.measured(turn)
    bench.add("manifest by tag of a bucket, warm replica with Redis", f"{rate['redis']:.0f}/s",
              f"without {rate['alone']:.0f}/s", rate["redis"] / rate["alone"], " x", at_least=0.8)
    for process in [process for process, _ in servers.values()] + [redis, store.process]:
        process.stop()


def bucket_memory(bench):
    """What a push holds in memory, which must not depend on its size."""
    fleet, count = bench.fleet, 2
    path = fleet.fresh_folder("large") / "blob"
    data = bytearray(os.urandom(MIB))
    hasher = hashlib.sha256()
    with open(path, "wb") as file:
        for number in range(256 if bench.quick else 1024):
            data[0:4] = number.to_bytes(4, "big")
            file.write(data)
            hasher.update(data)
    digest = "sha256:" + hasher.hexdigest()
    store = fleet.moto()
    with bench.other(fleet.entrepot(None, bucket=store.settings("a", fleet.fresh_folder("spool")))) as (process, port):
        push.blob(port, "bench/first", bench.content.blobs["medium"][2], bench.content.blobs["medium"][0])
        before = process.memory("VmRSS")
        load.together(count, lambda: push.blob(port, "bench/pushed", path, digest))
        each = (process.memory("VmHWM") - before) / count / MIB
    store.process.stop()
    path.unlink()
    bench.add(f"memory of each of {count} pushes of {'256 MiB' if bench.quick else '1 GiB'} into a bucket",
              f"{each:.0f} MiB", "", each, " MiB", at_most=32)
