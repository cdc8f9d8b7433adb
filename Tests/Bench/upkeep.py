"""What keeps the store within its bounds: how long it takes, what it needs, and what clients notice of it."""

import contextlib
import pathlib
import subprocess
import time

import collection
import listings
import load
from report import median
from servers import ADMIN_TOKEN, MANIFEST

MIB = 1 << 20


def make(folder, repositories):
    """Makes the store once, for many measurements, and writes down what is in it."""
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    counts = collection.make(folder, repositories)
    pathlib.Path(folder, "counts").write_text("%d %d %d" % (repositories, *counts))
    return counts


@contextlib.contextmanager
def store(bench):
    """The store, and how many repositories, blobs and manifests it has."""
    if bench.made:
        folder = pathlib.Path(bench.made)
        yield folder, *(int(count) for count in (folder / "counts").read_text().split())
        return
    folder, repositories = bench.fleet.fresh_folder("collection"), 100 if bench.quick else bench.repositories
    yield folder, repositories, *collection.make(folder, repositories)
    subprocess.run(["rm", "-rf", folder], check=True)


def collection_rounds(bench, folder, repositories, blobs, manifests):
    with bench.other(bench.fleet.entrepot(folder, admin=True)) as (process, port):
        first, second = (collection.round_of(port, ADMIN_TOKEN) for _ in range(2))
        peak = process.memory("VmHWM") / MIB
        counts = first["counts"]
        assert counts["manifests"] == manifests and counts["contents"] == blobs + manifests, counts
        assert counts["unreadable"] == 0, counts
        begin = time.monotonic()
        names = listings.walk(port, "/v2/_catalog?n=1000")
        catalogue = time.monotonic() - begin
        assert names >= repositories, f"{names} repositories are listed"
        tags = collection.tags(port, repositories)
    return first["seconds"], second["seconds"], peak, catalogue, tags


def collect(bench):
    with store(bench) as (folder, repositories, blobs, manifests):
        # Twice, as all that comes later finds it in memory too.
        looked = min(collection.find(folder) for _ in range(2))
        print(f"  find: {looked:.1f} s", flush=True)
        seconds, again, peak, catalogue, tags = collection_rounds(bench, folder, repositories, blobs, manifests)
        # A new one reads everything, and has nothing to write any more.
        with bench.other(bench.fleet.entrepot(folder, admin=True)) as (_, port):
            walked = collection.round_of(port, ADMIN_TOKEN)["seconds"]
        print(f"  {seconds:.1f} s, again {again:.2f} s, after a restart {walked:.1f} s, {peak:.0f} MiB", flush=True)
        docker, docker_memory = collection.docker(bench.fleet.registry_file(folder))
    what = f"{blobs} blobs and {manifests} manifests in {repositories} repositories"
    bench.add(f"collection of {what}, first round", f"{seconds:.1f} s",
              f"docker-registry, only marking {docker:.1f} s", seconds / docker, " x")
    bench.add("a round after a restart, which writes nothing, beside `find` over that store", f"{walked:.1f} s",
              f"find {looked:.1f} s", looked / walked, " x its speed", at_least=0.5)
    bench.add("the second round", f"{again:.2f} s", f"the first {seconds:.1f} s", seconds / again, " x as fast", at_least=5)
    bench.add("peak RSS of both", f"{peak:.0f} MiB", f"docker-registry {docker_memory:.0f} MiB", peak, " MiB", at_most=256)
    bench.add("its catalogue by pages of 1000", f"{catalogue * 1000:.0f} ms", "", catalogue * 1000, " ms")
    bench.add("the tags of each of its repositories", f"{tags:.1f} s", "", tags, " s")


def jobs(bench):
    """The slowest hundredth of manifests, with nothing beside them, and while a job goes through the store."""
    path, names = "/v2/team00/image00000/manifests/latest", ("collection", "eviction", "scrub")
    pairs = {name: ([], []) for name in names}
    with store(bench) as (folder, *_):
        for _ in range(1 if bench.quick else 7):
            for job in names:
                # A new one has nothing in memory, so that the job is a long one. Without and beside follow each other, as
                # the machine's own noise changes from minute to minute.
                with bench.other(bench.fleet.entrepot(folder, admin=True)) as (_, port):
                    load.latency(port, path, 1, MANIFEST)
                    without, beside = pairs[job]
                    without.append(load.latency(port, path, 3, MANIFEST))
                    collection.begin(port, ADMIN_TOKEN, job)
                    beside.append(load.latency(port, path, 3, MANIFEST))
                    if not bench.quick:
                        assert collection.is_running(port, ADMIN_TOKEN, job), f"{job} was over too soon"
    for job, (without, beside) in pairs.items():
        print(f"  {job}: without {without}, beside {beside}", flush=True)
        ours, theirs = median(beside), median(without)
        bench.add(f"p99 of manifests while {job} runs", f"{ours:.2f} ms", f"without {theirs:.2f} ms", ours / theirs, " x",
                  at_most=1.2)
