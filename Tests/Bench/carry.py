"""Images carried between sites: fetched ahead of time beside skopeo, and written to files beside tar and sha256sum."""

import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from report import median
from servers import MANIFEST

MIB = 1 << 20


class Layout:
    """A store in distribution's layout."""

    def __init__(self, folder):
        self.base = pathlib.Path(folder) / "docker/registry/v2"
        self.size = 0

    def _write(self, path, data):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def blob(self, data):
        digest = hashlib.sha256(data).hexdigest()
        self._write(self.base / "blobs/sha256" / digest[:2] / digest / "data", data)
        self.size += len(data)
        return digest, len(data)

    def image(self, name, layers):
        config = self.blob(json.dumps({
            "architecture": "amd64", "os": "linux", "config": {}, "created_by": name,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest, _ in layers]}}).encode())
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": f"sha256:{config[0]}", "size": config[1]},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": f"sha256:{digest}", "size": size}
                       for digest, size in layers]}).encode()
        digest, _ = self.blob(manifest)
        repository = self.base / "repositories" / name
        for blob, _ in [config, *layers]:
            self._write(repository / "_layers/sha256" / blob / "link", f"sha256:{blob}".encode())
        link = f"sha256:{digest}".encode()
        self._write(repository / "_manifests/revisions/sha256" / digest / "link", link)
        self._write(repository / "_manifests/tags/latest/current/link", link)
        self._write(repository / "_manifests/tags/latest/index/sha256" / digest / "link", link)

    def contents(self):
        return sorted(str(path) for path in (self.base / "blobs").glob("*/*/*/data"))


# The most memory of a program is at least that of the process that starts it: this one is small, and the bench is not.
RUNNER = """import os, sys, time
begin = time.monotonic()
nothing = os.open(os.devnull, os.O_WRONLY)
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, nothing, 1)])
_, status, usage = os.wait4(pid, 0)
print(time.monotonic() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
sys.exit(os.waitstatus_to_exitcode(status))"""


def cost(command):
    """Seconds, seconds of CPU, and the most memory in MiB that a program takes."""
    result = subprocess.run([sys.executable, "-c", RUNNER, *map(str, command)], capture_output=True, text=True)
    assert result.returncode == 0, f"{command}: {result.stderr[-2000:]}"
    return tuple(float(number) for number in result.stdout.split())


def configuration(fleet, root, upstream=None):
    text = f'[storage.fs]\nroot_dir = "{root}"\n[repository."local"]\n'
    if upstream:
        text += f'[repository."up"]\n[[repository."up".upstream]]\nurl = "http://127.0.0.1:{upstream}"\n'
    return fleet._file("carry.toml", text)


def seed(bench):
    """Fifty images of which each has eight layers that all have, and two of its own."""
    count = 10 if bench.quick else 50
    store = bench.fleet.fresh_folder("images")
    layout = Layout(store)
    shared = [layout.blob(os.urandom(4 * MIB)) for _ in range(8)]
    names = [f"bench/image{number:02}" for number in range(count)]
    for name in names:
        layout.image(name, shared + [layout.blob(os.urandom(MIB)) for _ in range(2)])
    listed = bench.fleet._file("list.txt", "".join(f"up/{name}:latest\n" for name in names))
    samples = {"ours": [], "theirs": [], "memory": []}
    with bench.other(bench.fleet.docker_registry(store, logs=True)) as (source_process, upstream):
        images = json.dumps({f"127.0.0.1:{upstream}": {"tls-verify": False, "images": {name: ["latest"] for name in names}}})
        source = bench.fleet._file("sync.yml", images)
        for _ in range(bench.rounds):
            asked = source_process.log.stat().st_size
            root = bench.fleet.fresh_folder("seeded")
            seconds, _, memory = cost(
                [bench.fleet.entrepot_binary, "-c", configuration(bench.fleet, root, upstream), "seed", listed])
            held = sum(os.path.getsize(path) for path in Layout(root).contents())
            assert held == layout.size, f"{held} bytes are held of {layout.size}"
            fetched = re.findall(rb"GET /v2/\S+/blobs/(\S+)", source_process.log.read_bytes()[asked:])
            assert len(fetched) == len(set(fetched)) > 0, f"{len(fetched)} blobs were fetched, {len(set(fetched))} of them different"
            samples["ours"].append(seconds)
            samples["memory"].append(memory)
            shutil.rmtree(root)
            root = bench.fleet.fresh_folder("synced")
            with bench.other(bench.fleet.docker_registry(root, writable=True)) as (_, target):
                seconds, _, _ = cost(
                    ["skopeo", "sync", "--src", "yaml", "--dest", "docker", "--dest-tls-verify=false", source,
                     f"127.0.0.1:{target}"])
            samples["theirs"].append(seconds)
            shutil.rmtree(root)
    ours, theirs, memory = (median(samples[name]) for name in ("ours", "theirs", "memory"))
    bench.add(f"{count} images that share layers seeded, wall", f"{ours:.1f} s", f"skopeo sync {theirs:.1f} s", ours / theirs,
              " x", at_most=0.5)
    bench.add("the same, peak RSS", f"{memory:.0f} MiB", "", memory, " MiB", at_most=96)
    shutil.rmtree(store)


def bundles(bench):
    """A gibibyte written to a bundle, and taken in from it; tar and sha256sum do the same to the files alone."""
    blobs = 4 if bench.quick else 16
    store = bench.fleet.fresh_folder("carried")
    layout = Layout(store)
    layout.image("local/large", [layout.blob(os.urandom(64 * MIB)) for _ in range(blobs)])
    contents = layout.contents()
    folder = bench.fleet.fresh_folder("medium")
    bundle, archive = folder / "images.bundle", folder / "files.tar"
    samples = {name: [] for name in ("export", "import", "write", "read", "memory")}
    for _ in range(bench.rounds):
        for path in (bundle, archive, folder / "images.bundle.sha256"):
            path.unlink(missing_ok=True)
        tar = cost(["tar", "-cPf", archive, *contents])[1]
        sums = cost(["sha256sum", *contents])[1]
        samples["write"].append(tar + sums)
        _, cpu, memory = cost([bench.fleet.entrepot_binary, "-c", configuration(bench.fleet, store), "export", "-o", bundle, "--all"])
        samples["export"].append(cpu)
        samples["memory"].append(memory)
        unpacked = bench.fleet.fresh_folder("unpacked")
        tar = cost(["tar", "-xf", archive, "-C", unpacked])[1]
        samples["read"].append(tar + sums)
        root = bench.fleet.fresh_folder("imported")
        _, cpu, memory = cost([bench.fleet.entrepot_binary, "-c", configuration(bench.fleet, root), "import", bundle])
        samples["import"].append(cpu)
        samples["memory"].append(memory)
        shutil.rmtree(unpacked)
        shutil.rmtree(root)
    value = {name: median(numbers) for name, numbers in samples.items()}
    what = f"{blobs * 64} MiB"
    bench.add(f"{what} exported into a bundle, CPU", f"{value['export']:.2f} s", f"tar and sha256sum {value['write']:.2f} s",
              value["export"] / value["write"], " x", at_most=1.5)
    bench.add(f"{what} imported from it, CPU", f"{value['import']:.2f} s", f"tar and sha256sum {value['read']:.2f} s",
              value["import"] / value["read"], " x", at_most=1.5)
    memory = max(samples["memory"])
    bench.add("peak RSS of both", f"{memory:.0f} MiB", "", memory, " MiB", at_most=96)
    shutil.rmtree(store)
    shutil.rmtree(folder)
