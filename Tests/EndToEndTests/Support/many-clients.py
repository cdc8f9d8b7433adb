"""Many clients at once on one blob; checks every byte that arrives and prints one line of JSON.

usage: many-clients.py URL BLOB-FILE CLIENTS

Of every eight clients four read the whole blob, two a range (one from the middle on, one near the end), two leave after
a part of it. Prints {"whole", "ranges", "left", "errors"}; a client that got wrong bytes is an error.
"""

import hashlib
import http.client
import json
import os
import sys
import threading
import urllib.parse

URL, FILE, COUNT = urllib.parse.urlsplit(sys.argv[1]), sys.argv[2], int(sys.argv[3])
SIZE = os.path.getsize(FILE)
descriptor = os.open(FILE, os.O_RDONLY)
with open(FILE, "rb") as file:
    WHOLE = hashlib.file_digest(file, "sha256").hexdigest()

result = {"whole": 0, "ranges": 0, "left": 0, "errors": []}
lock = threading.Lock()
start = threading.Barrier(COUNT)


def piece(begin, end):
    digest = hashlib.sha256()
    while begin < end:
        data = os.pread(descriptor, min(1 << 20, end - begin), begin)
        digest.update(data)
        begin += len(data)
    return digest.hexdigest()


def ask(headers):
    connection = http.client.HTTPConnection(URL.hostname, URL.port, timeout=120)
    connection.connect()
    start.wait()
    connection.request("GET", URL.path, headers=headers)
    return connection, connection.getresponse()


def read(response, limit):
    digest, buffer, received = hashlib.sha256(), bytearray(1 << 18), 0
    while received < limit:
        count = response.readinto(buffer)
        if count == 0:
            break
        digest.update(memoryview(buffer)[:count])
        received += count
    return digest.hexdigest(), received


def whole(number):
    connection, response = ask({})
    digest, received = read(response, SIZE)
    connection.close()
    if (response.status, received, digest) != (200, SIZE, WHOLE):
        raise AssertionError(f"whole: status {response.status}, {received} bytes, {digest}")
    return "whole"


def ranged(number):
    begin = SIZE // 2 + number * 4096 + number if number % 8 == 1 else SIZE - (number + 1) * 65537
    end = min(SIZE, begin + (8 << 20))
    connection, response = ask({"Range": f"bytes={begin}-{end - 1}"})
    digest, received = read(response, end - begin)
    connection.close()
    if (response.status, received, digest) != (206, end - begin, piece(begin, end)):
        raise AssertionError(f"range {begin}-{end - 1}: status {response.status}, {received} bytes")
    if response.headers["Content-Range"] != f"bytes {begin}-{end - 1}/{SIZE}":
        raise AssertionError(f"Content-Range: {response.headers['Content-Range']}")
    return "ranges"


def leaving(number):
    connection, response = ask({})
    read(response, (number + 1) << 18)
    connection.sock and connection.sock.close()
    response.close()
    connection.close()
    return "left"


KINDS = [whole, ranged, leaving, whole, whole, ranged, leaving, whole]


def client(number):
    try:
        outcome = KINDS[number % len(KINDS)](number)
        with lock:
            result[outcome] += 1
    except Exception as error:
        with lock:
            result["errors"].append(f"client {number}: {type(error).__name__}: {error}")


threads = [threading.Thread(target=client, args=(number,)) for number in range(COUNT)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(result))
