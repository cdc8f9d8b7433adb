"""What the edge costs beside nginx: small answers, connections, and how long others wait while big blobs are pulled."""

import contextlib
import shutil
import socket
import ssl
import subprocess
import time

import load
from servers import MANIFEST

MIB = 1 << 20


def beside_downloads(bench):
    """The slowest hundredth of manifests while four connections pull a large blob over and over."""
    manifest, large = bench.content.manifest_path(), bench.content.blob_path("large")
    servers = {"nginx": bench.nginx_port, "entrepot": bench.entrepot_port, "docker": bench.docker_port}

    def turn():
        for name, port in servers.items():
            with pulling(f"http://127.0.0.1:{port}{large}", 4):
                time.sleep(0.3)
                yield name, load.latency(port, manifest, bench.seconds, MANIFEST)

    p99 = bench.measured(turn)
    bench.add("p99 of manifests while 4 connections pull blobs", f"{p99['entrepot']:.1f} ms",
              f"nginx {p99['nginx']:.1f} ms", p99["entrepot"] / p99["nginx"], " x", at_most=1)
    bench.add("the same", f"{p99['entrepot']:.1f} ms", f"docker-registry {p99['docker']:.1f} ms",
              p99["entrepot"] / p99["docker"], " x")


@contextlib.contextmanager
def pulling(url, count):
    """So many clients that do nothing but pull, for as long as the block runs."""
    arguments = ["curl", "-sS"] + ["-o", "/dev/null", url] * 1000
    clients = [subprocess.Popen(arguments, stderr=subprocess.DEVNULL) for _ in range(count)]
    try:
        yield
    finally:
        for client in clients:
            client.kill()
            client.wait()


def small_answers(bench):
    """CPU of the whole server for one small answer, which other work on the machine disturbs less than a rate does."""
    cases = {
        "manifest by tag": (bench.content.manifest_path(), {"Accept": MANIFEST}, 1.4),
        "2 KiB blob": (bench.content.blob_path("small"), {}, 1.4),
        "64 KiB range": (bench.content.blob_path("medium"), {"Range": "bytes=1048576-1114111"}, 1.3)}
    servers = {"nginx": (bench.nginx, bench.nginx_port), "entrepot": (bench.entrepot, bench.entrepot_port)}

    def turn():
        for case, (path, fields, _) in cases.items():
            for name, (process, port) in servers.items():
                before = process.cpu()
                answers = load.answers(port, path, bench.seconds, fields)
                yield (name, case), (process.cpu() - before) / answers * 1e6

    cost = bench.measured(turn)
    for case, (_, _, most) in cases.items():
        ours, theirs = cost["entrepot", case], cost["nginx", case]
        bench.add(f"{case}, CPU microseconds", f"{ours:.1f} us", f"nginx {theirs:.1f} us", ours / theirs, " x",
                  at_most=most)


def connections(bench):
    """A connection that is made, asks once, and is closed."""
    count = 2000 if bench.quick else 10_000
    servers = {"nginx": (bench.nginx, bench.nginx_port), "entrepot": (bench.entrepot, bench.entrepot_port)}
    message = load.request("/v2/", close=True)

    def turn():
        for name, (process, port) in servers.items():
            before = process.cpu()
            for _ in range(count):
                with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                    connection.sendall(message)
                    while connection.recv(65536):
                        pass
            yield name, (process.cpu() - before) / count * 1e6

    cost = bench.measured(turn)
    bench.add("a connection made and closed, CPU microseconds", f"{cost['entrepot']:.0f} us",
              f"nginx {cost['nginx']:.0f} us", cost["entrepot"], " us", at_most=100)


def cold_fill(bench):
    """One client pulls a large blob that has to be fetched, and is kept."""
    size = bench.content.size("large")
    starts = {"nginx": bench.fleet.nginx_cache, "entrepot": bench.fleet.entrepot}

    def turn():
        for name, start in starts.items():
            folder = bench.fleet.fresh_folder("fill")
            with bench.other(start(folder, upstream=bench.nginx_port)) as (process, port):
                prefix = "up/" if name == "entrepot" else ""
                # What is done once in a process' life.
                load.download(port, bench.content.blob_path("medium", prefix), bench.content.size("medium"))
                before = process.cpu()
                first = first_byte(port, bench.content.blob_path("large", prefix), size)
                yield (name, "cpu"), process.cpu() - before
                yield (name, "first"), first * 1000
            shutil.rmtree(folder)

    cost = bench.measured(turn)
    bench.add("a cold 256 MiB fill, CPU", f"{cost['entrepot', 'cpu']:.2f} s", f"nginx {cost['nginx', 'cpu']:.2f} s",
              cost["entrepot", "cpu"] / cost["nginx", "cpu"], " x", at_most=1)
    bench.add("the same, first byte", f"{cost['entrepot', 'first']:.1f} ms", f"nginx {cost['nginx', 'first']:.1f} ms",
              cost["entrepot", "first"], " ms", at_most=4)


def first_byte(port, path, size):
    """Downloads it all; seconds to the first byte of the body."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        begin = time.monotonic()
        connection.sendall(load.request(path))
        status, _, body = load.read_head(connection)
        assert status == 200, status
        first = None
        count = len(body)
        while count < size:
            if count and first is None:
                first = time.monotonic() - begin
            piece = connection.recv(1 << 20)
            assert piece, f"{path} ended after {count} bytes"
            count += len(piece)
        return first if first is not None else time.monotonic() - begin


def tls_connections(bench):
    """Memory for TLS connections that have asked once and now keep silent."""
    count = 1024
    with bench.other(bench.fleet.entrepot(bench.content.store, tls=True)) as (entrepot, port):
        grown = {}
        for name, (process, port) in {"nginx": (bench.nginx, bench.nginx_tls), "entrepot": (entrepot, port)}.items():
            before = process.memory()
            context = ssl.create_default_context(cafile=str(bench.fleet.certificate))
            context.check_hostname = False
            open_ones = []
            for _ in range(count):
                raw = socket.create_connection(("127.0.0.1", port), timeout=30)
                connection = context.wrap_socket(raw)
                connection.sendall(load.request("/v2/"))
                load.read_head(connection)
                open_ones.append(connection)
            time.sleep(1)
            grown[name] = process.memory() / MIB
            grown[name, "each"] = (process.memory() - before) / count / 1024
            for connection in open_ones:
                connection.close()
    bench.add(f"RSS with {count} TLS connections", f"{grown['entrepot']:.0f} MiB", f"nginx {grown['nginx']:.0f} MiB",
              grown["entrepot"], " MiB", at_most=64)
    bench.add("the same, for each", f"{grown['entrepot', 'each']:.0f} KiB", f"nginx {grown['nginx', 'each']:.0f} KiB",
              grown["entrepot", "each"], " KiB")


def rest(bench):
    """What a server does that nobody asks for anything."""
    seconds = 3 if bench.quick else 10
    with bench.other(bench.fleet.entrepot(bench.content.store)) as (process, port):
        load.latency(port, bench.content.manifest_path(), 1, MANIFEST)
        # Threads and connections that were needed have time to go.
        time.sleep(12)
        before = process.cpu()
        time.sleep(seconds)
        cpu = (process.cpu() - before) / seconds * 1000
        threads = process.threads()
    bench.add("idle, CPU milliseconds a second", f"{cpu:.2f} ms", "", cpu, " ms", at_most=0.1)
    bench.add("idle, threads", f"{threads}", "", threads, "", at_most=8)
