#!/usr/bin/env python3
"""Measures Entrepot beside docker-registry (as a registry and as a pull-through proxy) and nginx, in one run, as ratios.

usage: bench.py --entrepot BINARY [--quick] [--only REGEX] [--write]
       bench.py --make-store FOLDER [--repositories N]
"""

import argparse
import contextlib
import hashlib
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import bucket
import carry
import edge
import listings
import load
import push
import upkeep
from report import SECTIONS, Row, median, page, table
from servers import ADMIN_TOKEN, MANIFEST, Content, Fleet

MIB = 1 << 20


class Bench:
    def __init__(self, fleet, content, quick):
        self.fleet, self.content, self.quick = fleet, content, quick
        self.rounds = 1 if quick else 3
        self.seconds = 2 if quick else 4
        self.rows, self.rows_of = [], {}
        self.section = None

        self.nginx, self.nginx_port, self.nginx_tls = fleet.nginx(content)
        pushing, port = fleet.docker_registry(content.store, writable=True)
        content.push(port)
        pushing.stop()
        self.docker, self.docker_port = fleet.docker_registry(content.store)
        self.entrepot, self.entrepot_port = fleet.entrepot(content.store, upstream=self.nginx_port)

    def add(self, *arguments, **targets):
        row = Row(*arguments, **targets)
        self.rows.append(row)
        self.rows_of.setdefault(self.section, []).append(row)
        print(f"  {row.what}: {row.entrepot} against {row.other} -> {row.value:.3g}{row.unit} {row.target} {row.verdict}",
              flush=True)

    @contextlib.contextmanager
    def other(self, started):
        process = started[0]
        try:
            yield started
        finally:
            process.stop()

    def measured(self, work, rounds=None):
        """Medians over the rounds, the servers taking turns: {name: median}."""
        samples = {}
        for _ in range(rounds or self.rounds):
            for name, value in work():
                samples.setdefault(name, []).append(value)
        return {name: median(values) for name, values in samples.items()}

    @contextlib.contextmanager
    def apart(self, processes):
        """The servers on one processor and this client on the other: where the kernel moves them about, what a byte
        costs depends on where it left them more than on the server."""
        every = os.sched_getaffinity(0)
        mine, theirs = min(every), max(every)
        for process in processes:
            process.run_on({theirs})
        os.sched_setaffinity(0, {mine})
        try:
            yield
        finally:
            os.sched_setaffinity(0, every)
            for process in processes:
                process.run_on(every)

    def warm_blob(self):
        path, size = self.content.blob_path("large"), self.content.size("large")
        repeats = 4
        gib = repeats * size / (1 << 30)
        servers = {
            "nginx": (self.nginx, self.nginx_port), "entrepot": (self.entrepot, self.entrepot_port),
            "docker": (self.docker, self.docker_port)}
        for _, port in servers.values():
            load.download(port, path, size)

        def turn():
            for name, (process, port) in servers.items():
                before = process.cpu()
                for _ in range(repeats):
                    load.download(port, path, size)
                yield name, (process.cpu() - before) / gib

        # Two servers that both leave the work to sendfile(2) are told apart by many short turns only.
        with self.apart([process for process, _ in servers.values()]):
            cpu = self.measured(turn, rounds=3 * self.rounds)
        self.add("warm 256 MiB blob, CPU s per GiB", f"{cpu['entrepot']:.2f}", f"nginx {cpu['nginx']:.2f}",
                 cpu["entrepot"] / cpu["nginx"], " x", at_most=1.1)
        self.add("the same", f"{cpu['entrepot']:.2f}", f"docker-registry {cpu['docker']:.2f}",
                 cpu["entrepot"] / cpu["docker"], " x")

    def warm_blob_tls(self):
        path, size = self.content.blob_path("large"), self.content.size("large")
        repeats = 4 if self.quick else 8
        gib = repeats * size / (1 << 30)
        authority = str(self.fleet.certificate)
        with self.other(self.fleet.entrepot(self.content.store, tls=True)) as (entrepot, port):
            servers = {"nginx": (self.nginx, self.nginx_tls), "entrepot": (entrepot, port)}

            def turn():
                for name, (process, port) in servers.items():
                    before = process.cpu()
                    load.download_tls(port, path, repeats, authority)
                    yield name, (process.cpu() - before) / gib

            cpu = self.measured(turn)
        self.add("warm 256 MiB blob over TLS, CPU s per GiB", f"{cpu['entrepot']:.2f}", f"nginx {cpu['nginx']:.2f}",
                 cpu["entrepot"] / cpu["nginx"], " x", at_most=0.8)

    def small_requests(self):
        blob, manifest = self.content.blob_path("small"), self.content.manifest_path()
        up_blob, up_manifest = self.content.blob_path("small", "up/"), self.content.manifest_path("up/")
        store = self.fleet.fresh_folder("docker-proxy")
        with self.other(self.fleet.docker_registry(store, remote=self.nginx_port)) as (_, proxy):
            cases = {
                "nginx blob": (self.nginx_port, blob, None),
                "entrepot blob": (self.entrepot_port, blob, None),
                "docker blob": (self.docker_port, blob, None),
                "entrepot manifest": (self.entrepot_port, manifest, MANIFEST),
                "docker manifest": (self.docker_port, manifest, MANIFEST),
                "entrepot proxy blob": (self.entrepot_port, up_blob, None),
                "docker proxy blob": (proxy, blob, None),
                "entrepot proxy manifest": (self.entrepot_port, up_manifest, MANIFEST),
                "docker proxy manifest": (proxy, manifest, MANIFEST),
            }
            for port, path, accept in cases.values():
                load.requests_per_second(port, path, 1, accept)

            def turn():
                for name, (port, path, accept) in cases.items():
                    yield name, load.requests_per_second(port, path, self.seconds, accept)

            rate = self.measured(turn)

        def compare(what, ours, theirs, label, **target):
            self.add(what, f"{rate[ours]:.0f}/s", f"{label} {rate[theirs]:.0f}/s", rate[ours] / rate[theirs], " x", **target)

        compare("2 KiB blob", "entrepot blob", "docker blob", "docker-registry", at_least=30)
        compare("2 KiB blob", "entrepot blob", "nginx blob", "nginx")
        compare("manifest by tag", "entrepot manifest", "docker manifest", "docker-registry", at_least=15)
        compare("2 KiB blob, warm proxy", "entrepot proxy blob", "docker proxy blob", "docker-registry", at_least=40)
        compare("manifest by tag, warm proxy", "entrepot proxy manifest", "docker proxy manifest", "docker-registry",
                at_least=40)

    def policy(self):
        """What ten rules cost, by the CPU that the server takes for a manifest with and without them."""
        path = self.content.manifest_path()
        with self.other(self.fleet.entrepot(self.content.store, rules=10)) as (process, port):
            servers = {"without": (self.entrepot, self.entrepot_port), "with": (process, port)}
            for _, port in servers.values():
                load.requests_per_second(port, path, 1, MANIFEST)

            def turn():
                for name, (process, port) in servers.items():
                    before = process.cpu()
                    rate = load.requests_per_second(port, path, self.seconds, MANIFEST)
                    yield name, (process.cpu() - before) / (rate * self.seconds) * 1e6

            cost = self.measured(turn)
        self.add("an access policy of ten rules, CPU microseconds a request", f"{cost['with']:.1f} us",
                 f"without any {cost['without']:.1f} us", cost["with"] - cost["without"], " us", at_most=10)

    def token(self):
        """What it costs to believe a token, by the CPU that the server takes for a manifest with and without one."""
        path, name = self.content.manifest_path(), "bench/blob"
        with self.other(self.fleet.entrepot(self.content.store, tokens=True)) as (process, port):
            one, many = (self.fleet.fresh_folder("tokens") / file for file in ("one", "many"))
            # More than are remembered.
            new = list(load.tokens(port, f"repository:{name}:pull", 2000))
            one.write_text(new[0] + "\n")
            many.write_text("\n".join(new) + "\n")
            cases = {"without": None, "seen": one, "new": many}

            def turn():
                for case, tokens in cases.items():
                    before = process.cpu()
                    rate = load.requests_per_second(port, path, self.seconds, MANIFEST, tokens)
                    yield case, (process.cpu() - before) / (rate * self.seconds) * 1e6

            cost = self.measured(turn)
        self.add("a token shown again, CPU microseconds a request", f"{cost['seen']:.1f} us",
                 f"without one {cost['without']:.1f} us", cost["seen"] - cost["without"], " us", at_most=100)
        self.add("a token shown for the first time", f"{cost['new']:.1f} us",
                 f"without one {cost['without']:.1f} us", cost["new"] - cost["without"], " us", at_most=100)

    def cold_blob(self):
        size = self.content.size("large")

        def turn():
            for name in ("entrepot", "docker"):
                store = self.fleet.fresh_folder("cold")
                if name == "docker":
                    started, path = self.fleet.docker_registry(store, remote=self.nginx_port), ""
                else:
                    started, path = self.fleet.entrepot(store, upstream=self.nginx_port), "up/"
                with self.other(started) as (process, port):
                    path, before = self.content.blob_path("large", path), process.cpu()
                    yield name + " wall", load.together(16, lambda: load.download(port, path, size))
                    yield name + " cpu", process.cpu() - before
                    yield name + " peak", process.memory("VmHWM") / MIB
                shutil.rmtree(store)

        value = self.measured(turn)
        self.add("16 clients on a cold 256 MiB blob, wall", f"{value['entrepot wall']:.2f} s",
                 f"docker-registry {value['docker wall']:.2f} s", value["entrepot wall"] / value["docker wall"], " x",
                 at_most=0.5)
        self.add("the same, CPU", f"{value['entrepot cpu']:.2f} s", f"docker-registry {value['docker cpu']:.2f} s",
                 value["entrepot cpu"] / value["docker cpu"], " x", at_most=0.33)
        self.add("the same, peak RSS", f"{value['entrepot peak']:.0f} MiB",
                 f"docker-registry {value['docker peak']:.0f} MiB", value["entrepot peak"] / value["docker peak"], " x")

    def push_blob(self):
        digest, _, path = self.content.blobs["large"]

        def turn():
            for name, start in (("entrepot", self.fleet.entrepot), ("docker", self._writable_docker)):
                store = self.fleet.fresh_folder("push")
                with self.other(start(store)) as (process, port):
                    before, begin = process.cpu(), time.monotonic()
                    push.blob(port, "bench/pushed", path, digest)
                    yield name + " wall", time.monotonic() - begin
                    yield name + " cpu", process.cpu() - before
                shutil.rmtree(store)

        value = self.measured(turn)
        self.add("push of a 256 MiB blob, CPU", f"{value['entrepot cpu']:.2f} s",
                 f"docker-registry {value['docker cpu']:.2f} s", value["entrepot cpu"] / value["docker cpu"], " x",
                 at_most=0.6)
        self.add("the same, wall (Entrepot syncs, docker-registry does not)", f"{value['entrepot wall']:.2f} s",
                 f"docker-registry {value['docker wall']:.2f} s", value["entrepot wall"] / value["docker wall"], " x")

    def parallel_pushes(self):
        path = self.fleet.fresh_folder("part") / "blob"
        with open(self.content.blobs["large"][2], "rb") as large:
            data = large.read(32 * MIB)
        path.write_bytes(data)
        digest = "sha256:" + hashlib.sha256(data).hexdigest()

        def peak(start):
            store = self.fleet.fresh_folder("pushes")
            with self.other(start(store)) as (process, port):
                load.together(32, lambda: push.blob(port, "bench/pushed", path, digest))
                value = process.memory("VmHWM") / MIB
            shutil.rmtree(store)
            return value

        ours, theirs = peak(self.fleet.entrepot), peak(self._writable_docker)
        self.add("32 parallel pushes of 32 MiB, peak RSS", f"{ours:.0f} MiB", f"docker-registry {theirs:.0f} MiB", ours,
                 " MiB", at_most=96)

    def small_images(self):
        count = 100 if self.quick else 1000

        def seconds(start):
            with self.other(start(self.fleet.fresh_folder("images"))) as (_, port):
                images, begin = push.Images(port, "bench/many"), time.monotonic()
                for number in range(count):
                    images.push(f"t{number:04}")
                pushed = time.monotonic()
                assert len(images.tags()) == count
                return pushed - begin, time.monotonic() - pushed

        (ours, our_list), (theirs, their_list) = seconds(self.fleet.entrepot), seconds(self._writable_docker)
        self.add(f"{count} small images pushed one after the other", f"{ours:.1f} s", f"docker-registry {theirs:.1f} s",
                 ours / theirs, " x")
        self.add("their tags listed", f"{our_list * 1000:.0f} ms", f"docker-registry {their_list * 1000:.0f} ms",
                 our_list / their_list, " x")

    def lists(self):
        count = 1000 if self.quick else 10_000
        store = self.fleet.fresh_folder("lists")
        listings.make(store, count)
        cases = {
            # What a server remembers of a folder is asked for once; afterwards it only looks whether the folder has changed.
            "tags whole, the first time": ("/v2/bench/many/tags/list", 15),
            "tags whole": ("/v2/bench/many/tags/list", 15), "tags by pages of 100": ("/v2/bench/many/tags/list?n=100", 60),
            "catalogue by pages of 1000": ("/v2/_catalog?n=1000", 200),
            "catalogue by pages of 100": ("/v2/_catalog?n=100", 400)}

        def turn():
            for name, start in (("entrepot", self.fleet.entrepot), ("docker", self.fleet.docker_registry)):
                with self.other(start(store)) as (_, port):
                    for case, (path, _) in cases.items():
                        # docker-registry walks its whole tree for each page.
                        if name == "docker" and path.endswith("_catalog?n=100") and not self.quick:
                            continue
                        begin = time.monotonic()
                        names = listings.walk(port, path)
                        assert names >= count, f"{name} lists {names} names of {count} at {path}"
                        yield f"{name} {case}", (time.monotonic() - begin) * 1000

        value = self.measured(turn, rounds=1 if self.quick else None)
        for case, (_, most) in cases.items():
            ours, theirs = value[f"entrepot {case}"], value.get(f"docker {case}")
            self.add(f"{count} names, {case}", f"{ours:.0f} ms",
                     f"docker-registry {theirs:.0f} ms" if theirs else "", ours, " ms", at_most=most)

    def _writable_docker(self, store):
        return self.fleet.docker_registry(store, writable=True)

    def slow_readers(self):
        def peak(started, path):
            with self.other(started) as (process, port):
                connections = load.slow_readers(port, path, 256, 2 if self.quick else 5)
                value = process.memory("VmHWM") / MIB
                for connection in connections:
                    connection.close()
                return value

        warm = peak(self.fleet.entrepot(self.content.store), self.content.blob_path("medium"))
        cold = peak(self.fleet.entrepot(self.fleet.fresh_folder("slow"), upstream=self.nginx_port),
                    self.content.blob_path("medium", "up/"))
        docker = peak(self.fleet.docker_registry(self.content.store), self.content.blob_path("medium"))
        self.add("256 slow readers of a 64 MiB blob, RSS", f"{warm:.0f} MiB", f"docker-registry {docker:.0f} MiB", warm,
                 " MiB", at_most=64)
        self.add("the same while the blob is being fetched", f"{cold:.0f} MiB", "", cold, " MiB", at_most=64)

    def idle(self):
        count = 1000 if self.quick else 5000
        with self.other(self.fleet.entrepot(self.content.store)) as (process, port):
            time.sleep(0.5)
            before = process.memory()
            connections = load.idle_connections(port, "/v2/", count)
            each = (process.memory() - before) / count / 1024
            for connection in connections:
                connection.close()
        with self.other(self.fleet.docker_registry(self.content.store)) as (other, port):
            docker = other.memory() / MIB
            connections = load.idle_connections(port, "/v2/", count)
            docker_each = (other.memory() / MIB - docker) * 1024 / count
            for connection in connections:
                connection.close()
        idle = before / MIB
        self.add("idle RSS", f"{idle:.1f} MiB", f"docker-registry {docker:.1f} MiB", idle, " MiB", at_most=30)
        self.add(f"RSS for each of {count} idle connections", f"{each:.1f} KiB", f"docker-registry {docker_each:.1f} KiB",
                 each, " KiB", at_most=10)

    def start(self):
        samples = []
        for _ in range(3 if self.quick else 7):
            with self.other(self.fleet.entrepot(self.fleet.fresh_folder("start"))) as (process, _):
                samples.append(process.ready_after)
        value = median(samples)
        self.add("start to ready", f"{value:.0f} ms", "", value, " ms", at_most=100)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entrepot", help="the release binary")
    parser.add_argument("--quick", action="store_true", help="one round of everything, about a minute")
    parser.add_argument("--only", default="", help="parts whose name matches this regular expression")
    parser.add_argument("--repositories", type=int, default=1000, help="of the store that is collected (10000: a million blobs)")
    parser.add_argument("--make-store", metavar="FOLDER", help="make the store that is collected, and nothing else")
    parser.add_argument("--store", metavar="FOLDER", help="collect that store, and leave it where it is")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    if options.make_store:
        return print("%d blobs and %d manifests" % upkeep.make(options.make_store, options.repositories))
    if not options.entrepot:
        parser.error("--entrepot is missing")

    # For thousands of connections; the servers inherit it.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    begin = time.monotonic()
    parts = ["start", "idle", "warm_blob", "warm_blob_tls", "small_requests", "policy", "token", "cold_blob", "slow_readers", "push_blob",
             "parallel_pushes", "small_images", "lists"]
    edge_parts = ["beside_downloads", "small_answers", "connections", "cold_fill", "tls_connections", "rest"]
    section_of = {part: section for section in SECTIONS for part in section.parts}
    chosen = [part for part in [*parts, *edge_parts, *section_of] if re.search(options.only, part)]
    with tempfile.TemporaryDirectory(prefix="entrepot-bench-") as folder:
        fleet = Fleet(folder, options.entrepot)
        try:
            bench = Bench(fleet, Content(folder, 256 * MIB, 64 * MIB), options.quick)
            bench.repositories, bench.made = options.repositories, options.store
            for part in chosen:
                print(part, flush=True)
                bench.section = section_of.get(part)
                module = next((module for module in (edge, bucket, carry, upkeep) if hasattr(module, part)), None)
                getattr(module, part)(bench) if module else getattr(bench, part)()
        finally:
            fleet.stop()
    print(f"\n{table(bench.rows)}\n\n{time.monotonic() - begin:.0f} s")
    if options.write:
        target = pathlib.Path(__file__).resolve().parents[2] / "docs/benchmarks.md"
        target.write_text(page(bench.rows_of, bench.rounds, target.read_text()))
    sys.exit(0 if all(row.verdict != "**no**" for row in bench.rows) else 1)


if __name__ == "__main__":
    main()
