#!/usr/bin/env python3
"""Keeps servers at work for long, while all that they depend on fails, and looks at every byte.

Four servers: two with a folder each, and two replicas on one bucket (moto) that agree by a Redis. One of each pair is never
ended, so that its memory, descriptors and threads can be watched; the other is killed again and again (kill -9) and started
anew. Clients pull a mirror whose tags move, push images, read back what was acknowledged, and delete. In turns the upstream
answers slowly, with errors, cut short, with wrong bytes or not at all; Redis is gone; S3 refuses, breaks off or stalls; and
configurations are put in place, good and broken ones.

What must never happen: a wrong byte; an answer that is whole and is not what was asked for; an image that was acknowledged and is
gone, or was deleted and is back; an error at a time when nothing fails. Prints a table in Markdown, and ends with 1 if something
of it did, or if a server that was never ended grew.

usage: soak.py --entrepot BINARY [--seconds 1800] [--rate 6] [--write docs/soak.md]
"""

import argparse
import asyncio
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "Bench")]
from process import free_port  # noqa: E402
from world import MANIFEST, Gate, Image, Upstream, digest  # noqa: E402

MOTO = HERE.parent.parent / ".build/moto/bin/moto_server"
TOKEN = "soak-admin-token"
# After a fault, before all is expected to be well again: breakers, budgets and retries have their pauses.
GRACE = 15


class Server:
    def __init__(self, soak, name, storage, more=""):
        self.soak, self.name, self.port = soak, name, free_port()
        self.storage, self.more = storage, more
        self.configuration = soak.folder / f"{name}.toml"
        self.child, self.starts, self.samples = None, 0, []
        self.write(2)

    def write(self, ttl, broken=False):
        text = f"""[server]
bind_address = "127.0.0.1"
port = {self.port}
shutdown_grace_period = "5s"
[global]
default_access = "open"
[admin]
token_file = "{self.soak.folder}/admin-token"
[log]
level = "warning"
slow_request = "0s"
[janitor]
interval = "2m"
grace = "4m"
[cache]
max_size = "24MiB"
[resilience]
header_timeout = "3s"
breaker_pause = "2s"
[repository.local]
[repository.mirror]
tag_ttl = "{ttl}s"
negative_ttl = "1s"
[[repository.mirror.upstream]]
url = "http://127.0.0.1:{self.soak.upstream_port}"
stall_timeout = "5s"
{self.storage}
{self.more}
"""
        temporary = self.configuration.with_suffix(".new")
        temporary.write_text(text.replace("port =", "prot =") if broken else text)
        temporary.replace(self.configuration)

    async def start(self):
        """As a service manager does it: one that finds its store away ends, and is started again."""
        self.starts += 1
        end = time.monotonic() + 90
        while time.monotonic() < end:
            log = open(self.soak.folder / f"{self.name}.log", "ab")
            self.child = subprocess.Popen(
                [self.soak.options.entrepot, "-c", self.configuration, "server"], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
            log.close()
            while self.child.poll() is None and time.monotonic() < end:
                with contextlib.suppress(OSError, ValueError, KeyError, TimeoutError, asyncio.IncompleteReadError):
                    if (await request(self.port, "GET", "/startupz"))[0] == 200:
                        return
                await asyncio.sleep(0.1)
            self.soak.count("starts that found the store away")
            await asyncio.sleep(1)
        raise Fault(f"{self.name} does not start:\n{(self.soak.folder / f'{self.name}.log').read_text()[-3000:]}")

    async def kill(self):
        self.child.kill()
        await asyncio.to_thread(self.child.wait)

    def sample(self):
        folder = pathlib.Path(f"/proc/{self.child.pid}")
        try:
            fields = dict(line.split(":\t", 1) for line in (folder / "status").read_text().splitlines() if ":\t" in line)
            self.samples.append((
                time.monotonic() - self.soak.begin, int(fields["VmRSS"].split()[0]) / 1024,
                len(list((folder / "fd").iterdir())), int(fields["Threads"])))
        except (OSError, KeyError):
            pass


async def request(port, method, path, body=b"", headers={}, limit=40):
    """Status, headers and body of an answer. A body that is shorter than it says is an error."""
    async with asyncio.timeout(limit):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        try:
            fields = {"Host": f"127.0.0.1:{port}", "Connection": "close", "Content-Length": str(len(body)), **headers}
            if method in ("GET", "HEAD"):
                del fields["Content-Length"]
            head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
            writer.write(head.encode() + b"\r\n" + body)
            await writer.drain()
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            answer = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            status = int(lines[0].split()[1])
            if method == "HEAD" or status in (204, 304):
                return status, answer, b""
            return status, answer, await reader.readexactly(int(answer["content-length"]))
        finally:
            writer.close()


class Fault(Exception):
    """What must never happen."""


class Refused(Exception):
    """What must not happen while nothing fails."""


class Soak:
    def __init__(self, options):
        self.options = options
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="entrepot-soak-"))
        self.counts, self.problems, self.faults, self.excused = {}, [], {}, 0
        self.windows = []
        self.checked_bytes = 0
        self.numbers = iter(range(1_000_000, 1 << 40))
        # Of each store: what was acknowledged, by name.
        self.held = {"folder": {}, "bucket": {}, "crashing": {}}
        self.gone = {"folder": {}, "bucket": {}, "crashing": {}}

    def count(self, what, number=1):
        self.counts[what] = self.counts.get(what, 0) + number

    # MARK: What clients do

    async def get(self, server, path, wanted=None, headers={}):
        status, fields, body = await request(server.port, "GET", path, headers=headers)
        if status in (200, 206):
            self.checked_bytes += len(body)
            if wanted and digest(body) != wanted:
                raise Fault(f"GET {path} gave other bytes than {wanted}")
        return status, fields, body

    async def pull(self, server):
        name = random.choice(list(self.upstream.images))
        status, fields, body = await self.get(server, f"/v2/mirror/{name}/manifests/latest", headers={"Accept": MANIFEST})
        if status != 200:
            raise Refused(f"pull of mirror/{name} {status}: {body[:200]!r}")
        if digest(body) not in self.upstream.ever[name] or fields["docker-content-digest"] != digest(body):
            raise Fault(f"mirror/{name}:latest is a manifest that never was")
        for layer in json.loads(body)["layers"][:random.randint(1, 3)]:
            path = f"/v2/mirror/{name}/blobs/{layer['digest']}"
            if random.random() < 0.3:
                first = random.randrange(layer["size"])
                last = random.randrange(first, layer["size"])
                status, fields, part = await self.get(server, path, headers={"Range": f"bytes={first}-{last}"})
                expected = self.upstream.blobs[layer["digest"]]
                if status == 206 and part != expected[first:last + 1]:
                    raise Fault(f"{path}: other bytes than {first}-{last}")
            else:
                status, _, _ = await self.get(server, path, layer["digest"])
            if status not in (200, 206):
                raise Refused(f"blob of mirror/{name} {status}")
        self.count("images pulled through the mirror")

    async def push(self, server, store):
        name = f"team/app{random.randrange(40)}"
        tag = f"v{next(self.numbers)}"
        image = Image(next(self.numbers))
        for blob, data in image.blobs.items():
            status, fields, _ = await request(server.port, "POST", f"/v2/local/{name}/blobs/uploads/")
            if status != 202:
                raise Refused(f"upload {status}")
            place = fields["location"].split(f":{server.port}", 1)[-1]
            half = len(data) // 2 if random.random() < 0.3 else 0
            if half:
                status, fields, _ = await request(server.port, "PATCH", place, data[:half])
                if status != 202:
                    raise Refused(f"piece {status}")
                place = fields["location"].split(f":{server.port}", 1)[-1]
            join = "&" if "?" in place else "?"
            status, _, body = await request(server.port, "PUT", f"{place}{join}digest={blob}", data[half:])
            if status != 201:
                raise Refused(f"blob {status}: {body[:200]!r}")
        status, _, body = await request(
            server.port, "PUT", f"/v2/local/{name}/manifests/{tag}", image.manifest, {"Content-Type": MANIFEST})
        if status != 201:
            raise Refused(f"manifest {status}: {body[:200]!r}")
        self.held[store][(name, tag)] = image
        self.count("images pushed")

    async def read(self, server, store):
        if not self.held[store]:
            return
        (name, tag), image = random.choice(list(self.held[store].items()))
        status, _, body = await self.get(server, f"/v2/local/{name}/manifests/{tag}", image.digest, {"Accept": MANIFEST})
        if (name, tag) not in self.held[store]:
            # It was deleted in between.
            return
        if status == 404:
            raise Fault(f"local/{name}:{tag} was acknowledged, and is gone: {body[:200]!r}")
        if status != 200:
            raise Refused(f"local/{name}:{tag} {status}")
        blob = random.choice(list(image.blobs))
        status, _, body = await self.get(server, f"/v2/local/{name}/blobs/{blob}", blob)
        if (name, tag) in self.held[store]:
            if status == 404:
                raise Fault(f"a blob of local/{name}:{tag} is gone: {body[:200]!r}")
            if status != 200:
                raise Refused(f"blob of local/{name}:{tag} {status}")
        self.count("acknowledged images read back")

    async def delete(self, server, store):
        if len(self.held[store]) < 60:
            return
        name, tag = random.choice(list(self.held[store]))
        image = self.held[store].pop((name, tag))
        status, _, body = await request(server.port, "DELETE", f"/v2/local/{name}/manifests/{image.digest}")
        if status == 202:
            self.gone[store][(name, tag)] = time.monotonic()
            self.count("images deleted")
        elif status >= 500:
            raise Refused(f"deletion {status}: {body[:200]!r}")

    async def look_for_deleted(self, server, store):
        # Another replica has until then to hear of it.
        old = [key for key, when in self.gone[store].items() if time.monotonic() - when > 10]
        if not old:
            return
        name, tag = random.choice(old)
        status, _, _ = await self.get(server, f"/v2/local/{name}/manifests/{tag}")
        if status == 200:
            raise Fault(f"local/{name}:{tag} was deleted, and is back")
        self.count("deleted images looked for")

    async def work(self):
        deeds = [(self.pull, 50), (self.push, 12), (self.read, 24), (self.delete, 10), (self.look_for_deleted, 4)]
        while time.monotonic() < self.end:
            await asyncio.sleep(random.expovariate(self.options.rate / 8))
            server, store = random.choice(self.places)
            deed = random.choices([deed for deed, _ in deeds], [weight for _, weight in deeds])[0]
            begin = time.monotonic()
            try:
                await (deed(server) if deed == self.pull else deed(server, store))
                self.count("deeds")
            except Fault as error:
                self.problems.append(f"{begin - self.begin:.0f} s, {server.name}: {error}")
            except (Refused, OSError, TimeoutError, asyncio.IncompleteReadError, KeyError) as error:
                if self.is_excused(server, begin, time.monotonic()):
                    self.excused += 1
                else:
                    self.problems.append(f"{begin - self.begin:.0f} s, {server.name}: {type(error).__name__} {error}")

    # MARK: What fails

    def is_excused(self, server, begin, end):
        return any(first <= end and begin <= last and server.name in names for first, last, names in self.windows)

    @contextlib.contextmanager
    def fault(self, what, servers):
        """While something fails, and a little longer, errors of these servers are excused."""
        self.faults[what] = self.faults.get(what, 0) + 1
        window = [time.monotonic(), float("inf"), {server.name for server in servers}]
        self.windows = [old for old in self.windows if old[1] > time.monotonic() - 120] + [window]
        try:
            yield
        finally:
            window[1] = time.monotonic() + GRACE

    async def fail(self):
        replicas = [self.bucket, self.bucket_crashing]
        while time.monotonic() < self.end - 2 * GRACE:
            what = random.choice(["upstream", "upstream", "redis", "s3", "crash", "crash", "none"])
            if what == "upstream":
                mode = random.choice(["slow", "503", "429", "cut", "wrong", "silent"])
                with self.fault(f"upstream: {mode}", self.servers):
                    self.upstream.mode = mode
                    await asyncio.sleep(random.uniform(3, 10))
                    self.upstream.mode = "good"
            elif what == "redis":
                mode = random.choice(["refuse", "stall"])
                with self.fault(f"Redis: {mode}", replicas):
                    self.redis_gate.set(mode)
                    await asyncio.sleep(random.uniform(2, 8))
                    self.redis_gate.set("through")
            elif what == "s3":
                mode = random.choice(["refuse", "cut", "stall"])
                with self.fault(f"S3: {mode}", replicas):
                    self.s3_gate.set(mode)
                    await asyncio.sleep(random.uniform(2, 8))
                    self.s3_gate.set("through")
            elif what == "crash":
                server = random.choice([self.crashing, self.bucket_crashing])
                # The other replica may have followed one of its downloads.
                others = replicas if server in replicas else [server]
                with self.fault("kill -9", others):
                    await server.kill()
                    await asyncio.sleep(random.uniform(0, 2))
                    await server.start()
            await asyncio.sleep(random.uniform(5, 10))
        self.upstream.mode = "good"

    async def move_tags(self):
        number = len(self.upstream.images)
        while time.monotonic() < self.end:
            await asyncio.sleep(3)
            self.upstream.publish(random.choice(list(self.upstream.images)), number)
            number += 1

    async def reload(self):
        while time.monotonic() < self.end:
            await asyncio.sleep(random.uniform(2, 6))
            server = random.choice(self.servers)
            if server.child.poll() is not None:
                continue
            broken = random.random() < 0.2
            server.write(random.randint(1, 5), broken)
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError, KeyError):
                status, _, _ = await request(
                    server.port, "POST", "/_entrepot/reload", headers={"Authorization": f"Bearer {TOKEN}"})
                if status in (200, 422):
                    self.count("configurations refused" if status == 422 else "configurations taken on")
                    if (status == 422) != broken:
                        self.problems.append(f"{server.name}: a configuration that is {'' if broken else 'not '}broken: {status}")
            if broken:
                server.write(2)

    async def watch(self):
        while time.monotonic() < self.end:
            for server in self.servers:
                server.sample()
            await asyncio.sleep(5)

    # MARK: The whole

    async def run(self):
        options = self.options
        (self.folder / "admin-token").write_text(TOKEN)
        (self.folder / "cluster-secret").write_text("5a" * 32)
        (self.folder / "s3-secret").write_text("secret-key-of-the-soak")
        self.upstream = Upstream([f"app{number}" for number in range(60)])
        redis, moto = free_port(), free_port()
        self.redis_gate, self.s3_gate = Gate(redis), Gate(moto)
        listeners = [
            await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
            for serve in (self.upstream.serve, self.redis_gate.serve, self.s3_gate.serve)]
        self.upstream_port, redis_port, s3_port = (listener.sockets[0].getsockname()[1] for listener in listeners)
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        helpers = [
            subprocess.Popen(["redis-server", "--port", str(redis), "--save", "", "--appendonly", "no"], **quiet),
            subprocess.Popen([MOTO, "-H", "127.0.0.1", "-p", str(moto)],
                             env=os.environ | {"INITIAL_NO_AUTH_ACTION_COUNT": "1000000000"}, **quiet)]
        self.servers = []
        try:
            for _ in range(300):
                with contextlib.suppress(OSError, asyncio.IncompleteReadError, KeyError):
                    if (await request(moto, "PUT", "/registry"))[0] == 200:
                        break
                await asyncio.sleep(0.1)
            shared = "".join(f'[{table}]\nurl = "redis://127.0.0.1:{redis_port}/0"\n' for table in
                             ("lock_store.redis", "cache_store.redis"))
            shared += f'[cluster]\nsecret_file = "{self.folder}/cluster-secret"\n'

            def bucket(name):
                return (f'[storage.s3]\nendpoint = "http://127.0.0.1:{s3_port}"\nbucket = "registry"\nregion = "us-east-1"\n'
                        f'access_key_id = "soak"\nsecret_key_file = "{self.folder}/s3-secret"\n'
                        f'spool_dir = "{self.folder}/{name}"\nmax_attempts = 3\nstall_timeout = "5s"\n'
                        f'[storage.cache]\nmax_size = "16MiB"\n')

            def folder(name):
                return f'[storage.fs]\nroot_dir = "{self.folder}/{name}"\n'

            self.stable = Server(self, "folder", folder("folder"))
            self.crashing = Server(self, "folder-crashing", folder("folder-crashing"))
            self.bucket = Server(self, "bucket", bucket("bucket"), shared)
            self.bucket_crashing = Server(self, "bucket-crashing", bucket("bucket-crashing"), shared)
            self.servers = [self.stable, self.crashing, self.bucket, self.bucket_crashing]
            self.places = [(self.stable, "folder"), (self.crashing, "crashing"), (self.bucket, "bucket"),
                           (self.bucket_crashing, "bucket")]
            self.begin = time.monotonic()
            for server in self.servers:
                await server.start()
            self.end = time.monotonic() + options.seconds
            async with asyncio.TaskGroup() as group:
                for task in [*(self.work() for _ in range(8)), self.fail(), self.move_tags(), self.reload(), self.watch()]:
                    group.create_task(task)
            # All that was acknowledged, once more, from every server that should have it.
            await asyncio.sleep(GRACE)
            for server, store in self.places:
                for (name, tag), image in self.held[store].items():
                    status, _, _ = await self.get(server, f"/v2/local/{name}/manifests/{tag}", image.digest)
                    blobs = [(await self.get(server, f"/v2/local/{name}/blobs/{blob}", blob))[0] for blob in image.blobs]
                    if {status, *blobs} != {200}:
                        self.problems.append(f"at the end {server.name} has local/{name}:{tag} with {status} {blobs}")
                    self.count("images read at the end")
            for server in self.servers:
                server.child.send_signal(signal.SIGTERM)
            for server in self.servers:
                if await asyncio.to_thread(server.child.wait, 30) != 0:
                    self.problems.append(f"{server.name} ended with {server.child.returncode}")
        finally:
            for process in [server.child for server in self.servers if server.child] + helpers:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            for listener in listeners:
                listener.close()

    # MARK: What came of it

    def growth(self, server):
        """Medians of the second and of the last quarter: what is filled at first is no growth."""
        rows, problems = [], []
        size = len(server.samples)
        quarters = server.samples[size // 4:size // 2], server.samples[-(size // 4):]
        for column, (what, unit, allowed) in enumerate(
                [("memory", " MiB", lambda old: old * 1.2 + 8), ("descriptors", "", lambda old: old + 16),
                 ("threads", "", lambda old: old + 4)], 1):
            early, late = (statistics.median(sample[column] for sample in quarter) for quarter in quarters)
            most = max(sample[column] for sample in server.samples)
            rows.append(f"{early:.0f} → {late:.0f}{unit} (at most {most:.0f})")
            if server in (self.stable, self.bucket) and late > allowed(early):
                problems.append(f"{server.name}: {what} grew from {early:.0f} to {late:.0f}{unit}")
        return rows, problems

    def report(self):
        lines = [
            f"{self.options.seconds / 60:.0f} minutes, {self.checked_bytes / (1 << 30):.2f} GiB of content looked at byte by byte.", "",
            "| what | how often |", "|---|---|"]
        lines += [f"| {what} | {number} |" for what, number in sorted(self.counts.items()) if what != "deeds"]
        lines += [f"| fault: {what} | {number} |" for what, number in sorted(self.faults.items())]
        lines += [f"| requests that failed while something else did | {self.excused} |",
                  f"| **what must not happen** | **{len(self.problems)}** |", "",
                  "| server | started | memory | descriptors | threads |", "|---|---|---|---|---|"]
        for server in self.servers:
            rows, grown = self.growth(server)
            self.problems += grown
            lines.append(f"| {server.name} | {server.starts} x | {' | '.join(rows)} |")
        return "\n".join(lines)


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--entrepot", required=True)
parser.add_argument("--seconds", type=int, default=1800)
parser.add_argument("--rate", type=float, default=6, help="deeds a second, each of several requests")
parser.add_argument("--write", help="a page whose part after the line '<!-- soak -->' is replaced")
parser.add_argument("--keep", action="store_true", help="leave folders and logs")
soak = Soak(parser.parse_args())
try:
    asyncio.run(soak.run())
except* (Fault, OSError, TimeoutError, asyncio.IncompleteReadError, KeyError) as errors:
    soak.problems += [f"it broke off: {type(error).__name__} {error}" for error in errors.exceptions]
finally:
    for problem in soak.problems[:50]:
        print("PROBLEM", problem)
    if not soak.options.keep and not soak.problems:
        shutil.rmtree(soak.folder, ignore_errors=True)
    else:
        print("logs are in", soak.folder)
text = soak.report()
print(text)
if soak.options.write:
    page = pathlib.Path(soak.options.write)
    page.write_text(page.read_text().split("<!-- soak -->")[0] + "<!-- soak -->\n\n" + text + "\n")
sys.exit(1 if soak.problems else 0)
