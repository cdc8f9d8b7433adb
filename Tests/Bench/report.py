"""Results against the targets, as a table for people and for docs/benchmarks.md."""

import platform
import re
import statistics
import subprocess


class Row:
    """One comparison. `at_most` or `at_least` is what must be reached; neither is information only."""

    def __init__(self, what, entrepot, other, value, unit, at_most=None, at_least=None):
        self.what, self.entrepot, self.other = what, entrepot, other
        self.value, self.unit, self.at_most, self.at_least = value, unit, at_most, at_least

    @property
    def target(self):
        if self.at_most is not None:
            return f"≤ {self.at_most:g}{self.unit}"
        return f"≥ {self.at_least:g}{self.unit}" if self.at_least is not None else ""

    @property
    def verdict(self):
        if self.at_most is not None:
            return "yes" if self.value <= self.at_most else "**no**"
        if self.at_least is not None:
            return "yes" if self.value >= self.at_least else "**no**"
        return ""


def median(values):
    return statistics.median(values)


def table(rows):
    lines = ["| measured | Entrepot | compared with | result | target | reached |", "|---|---|---|---|---|---|"]
    for row in rows:
        value = f"{row.value:.0f}" if row.value >= 100 else f"{row.value:.3g}"
        lines.append(
            f"| {row.what} | {row.entrepot} | {row.other} | {value}{row.unit} | {row.target} | {row.verdict} |")
    return "\n".join(lines)


def version(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    match = re.search(r"\d+\.\d+[\w.+]*", result.stdout + result.stderr)
    return match[0] if match else "?"


def machine():
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), "unknown")
    with open("/proc/cpuinfo") as info:
        cores = sum(1 for line in info if line.startswith("processor"))
    return (
        f"{cores} cores of {model}, Linux {re.match(r'[0-9.]+', platform.release())[0]}, "
        f"docker-registry {version('docker-registry', '--version')}, nginx {version('/usr/sbin/nginx', '-v')}")


class Section:
    """A part of the page that is measured, and written, by itself."""

    def __init__(self, title, parts, text):
        self.title, self.parts, self.text = f"## {title}", parts, text

    def written(self, rows):
        return f"{self.title}\n\n{self.text}\n\n{table(rows)}\n"

    def kept(self, page):
        """What was written before, as it stands."""
        if self.title not in page:
            return ""
        begin = page.index(self.title)
        end = page.find("\n## ", begin)
        return page[begin:] if end < 0 else page[begin:end + 1]


SECTIONS = [
    Section("Within its bounds", ["collect", "jobs"], """\
The store is made for the purpose: sparse blobs, and images that share them. `find` walks the same folders beforehand, and
docker-registry's `garbage-collect` goes through them after. Latencies are of one manifest, asked for by eight connections while
a job goes through a store that it has not seen; without and beside follow each other. `make bench ARGS="--only 'collect|jobs'"`
measures this alone."""),
    Section("Carried images", ["seed", "bundles"], """\
Fifty images are fetched by `entrepot seed` into an empty store, and by `skopeo sync` into an empty docker-registry, from the
same upstream. A bundle is written and taken in beside `tar` and `sha256sum` on the same files. Time, CPU and memory are those of
the command; of three rounds the median. `make bench ARGS="--only 'seed|bundles'"` measures this alone."""),
    Section("A bucket", ["bucket_requests", "bucket_fill", "bucket_serve", "bucket_redis", "bucket_memory"], """\
The bucket is moto's, which keeps it in memory: one for both servers, on the same machine. It costs far more processor than
either, so walls say nothing; CPU is that of the server alone. A push is one as Docker makes it: a look at each of three layers
(20 MiB, 3 MiB, 64 KiB) and the configuration, content, digest, another look, manifest. The memory of who pushed is gone before
the pulls. `make bench ARGS="--only bucket"` measures this alone.

Over plain HTTP what goes into a bucket is hashed twice: as a blob, and part by part for the signature; and it is read again and sent,
where in a folder it stays. What is streamed from a bucket passes through memory, where a folder's content goes from file to socket: the
folder in front of the bucket, or a client that is sent there, is the way to serve much."""),
]


def page(rows_of, rounds, before):
    """The page, of which what was not measured now stays as it was."""
    main = rows_of.get(None)
    head = document(main, rounds) if main else before[:before.find("\n## ") + 1] if "\n## " in before else before
    parts = [section.written(rows_of[section]) if section in rows_of else section.kept(before) for section in SECTIONS]
    return "\n".join(part.rstrip() + "\n" for part in [head, *parts] if part)


def document(rows, rounds):
    return f"""# Benchmarks

`make bench` measures this table in one run, everything on loopback and on the machine that also runs the clients;
`make bench ARGS=--write` writes this page. Numbers are medians of {rounds} interleaved rounds. CPU is user and system time of
the whole server process and its workers, by the scheduler's clock. Downloads in plain text discard the bytes in the kernel,
so that the server is what is measured, and in the first of them servers and client have a processor each, with three times
the rounds; over TLS the client is curl; small requests are wrk with 32 connections. The upstream of the cold pulls is nginx.

Machine: {machine()}.

{table(rows)}
"""
