"""Load on a server: downloads that cost the client next to nothing, slow readers, idle connections, wrk."""

import http.client
import json
import pathlib
import re
import socket
import subprocess
import threading
import time


def request(path, close=False):
    ending = "close" if close else "keep-alive"
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: {ending}\r\n\r\n".encode()


def read_head(connection):
    """Status, length of the body, and what came of the body with the head."""
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(65536)
        if not received:
            raise RuntimeError(f"no answer: {data[:200]!r}")
        data += received
    head, _, body = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length: *(\d+)", head)
    return int(head.split(b" ")[1]), int(length[1]) if length else None, body


def download(port, path, size):
    """Reads one blob to its end. The kernel drops the bytes (MSG_TRUNC), so that the server is what is measured."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        connection.sendall(request(path, close=True))
        status, length, body = read_head(connection)
        if (status, length) != (200, size):
            raise RuntimeError(f"{path}: status {status}, length {length}")
        left, buffer = size - len(body), bytearray(1 << 20)
        while left > 0:
            count = connection.recv_into(buffer, min(left, len(buffer)), socket.MSG_TRUNC)
            if count == 0:
                raise RuntimeError(f"{path}: cut short with {left} bytes missing")
            left -= count


def redirect(port, path):
    """Asks for a blob and is sent elsewhere, where it does not go."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        connection.sendall(request(path, close=True))
        status, _, _ = read_head(connection)
        if status != 307:
            raise RuntimeError(f"{path}: status {status}")


def download_tls(port, path, count, authority):
    """The same over TLS, by curl, on one connection."""
    url = f"https://127.0.0.1:{port}{path}"
    arguments = ["curl", "-sS", "--fail", "--http1.1", "--cacert", authority]
    for _ in range(count):
        arguments += ["-o", "/dev/null", url]
    subprocess.run(arguments, check=True, timeout=300)


def together(count, work):
    """Runs `work` in so many threads at once; returns the seconds until the last is done."""
    failures = []

    def guarded():
        try:
            work()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(count)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return time.monotonic() - begin


def tokens(port, scope, count):
    """So many tokens for anybody, all different."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(count):
        connection.request("GET", f"/auth/token?service=entrepot&scope={scope}")
        yield json.load(connection.getresponse())["token"]
    connection.close()


def wrk(port, path, seconds, fields, *more, connections=32, script=()):
    """What wrk prints of `seconds` of one request over and over."""
    arguments = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", *more]
    for name, value in fields.items():
        arguments += ["-H", f"{name}: {value}"]
    arguments += [f"http://127.0.0.1:{port}{path}", *script]
    output = subprocess.run(arguments, check=True, capture_output=True, text=True, timeout=120).stdout
    if "Non-2xx" in output:
        raise RuntimeError(f"{path} on {port}:\n{output}")
    return output


def requests_per_second(port, path, seconds, accept=None, tokens=None):
    """`tokens`: a file with one on each line; they take turns."""
    more, script = [], []
    if tokens:
        more = ["-s", str(pathlib.Path(__file__).with_name("tokens.lua"))]
        script = ["--", str(tokens)]
    output = wrk(port, path, seconds, {"Accept": accept} if accept else {}, *more, script=script)
    return float(re.search(r"Requests/sec: *([\d.]+)", output)[1])


def answers(port, path, seconds, fields):
    """How many answers came."""
    return int(re.search(r"(\d+) requests in", wrk(port, path, seconds, fields))[1])


def latency(port, path, seconds, accept):
    """Milliseconds within which 99 of 100 answers came."""
    output = wrk(port, path, seconds, {"Accept": accept}, "--latency", connections=8)
    value, unit = re.search(r"99% *([\d.]+)(us|ms|s)\b", output).groups()
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def slow_readers(port, path, count, hold):
    """Opens `count` downloads, reads a little of each, then nothing for `hold` seconds while `sample` may look."""
    connections = []
    for _ in range(count):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.settimeout(60)
        connection.connect(("127.0.0.1", port))
        connection.sendall(request(path))
        connections.append(connection)
    for connection in connections:
        status, _, _ = read_head(connection)
        if status != 200:
            raise RuntimeError(f"{path}: status {status}")
    end = time.monotonic() + hold
    while time.monotonic() < end:
        for connection in connections:
            connection.recv(2048)
        time.sleep(0.2)
    return connections


def idle_connections(port, path, count):
    """Connections that have asked once and now keep silent."""
    connections = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        connection.sendall(request(path))
        connections.append(connection)
    for connection in connections:
        status, length, body = read_head(connection)
        if status != 200:
            raise RuntimeError(f"{path}: status {status}")
        while length and len(body) < length:
            body += connection.recv(65536)
    return connections
