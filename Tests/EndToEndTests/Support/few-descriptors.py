"""few-descriptors.py PORT PID: leaves the server few descriptors, takes them all, and tells what became of it."""
import hashlib
import json
import os
import resource
import select
import socket
import sys
import time

PORT, PID = int(sys.argv[1]), int(sys.argv[2])
LIMIT = 96


def connect():
    connection = socket.create_connection(("127.0.0.1", PORT), timeout=10)
    return connection


def ask(connection, text, body=b""):
    connection.sendall(text.replace("\n", "\r\n").encode() + body)
    return answer(connection)


def answer(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    head = data.decode(errors="replace")
    status = int(head.split(" ")[1]) if " " in head else 0
    location = [line[10:] for line in head.split("\r\n") if line.lower().startswith("location: ")]
    return status, location[0] if location else ""


def processor_seconds():
    with open(f"/proc/{PID}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


upload = connect()
blob = os.urandom(1 << 20)
digest = hashlib.sha256(blob).hexdigest()
_, location = ask(upload, "POST /v2/local/x/blobs/uploads/ HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n")
# From here on a request is under way.
upload.sendall(
    f"PUT {location}?digest=sha256:{digest} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(blob)}\r\n\r\n".encode()
    + blob[:1000])
time.sleep(0.5)
resource.prlimit(PID, resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
others = [connect() for _ in range(200)]
time.sleep(1)
begun = processor_seconds()
time.sleep(3)
spent = processor_seconds() - begun
# Those in the queue are connected for the kernel; nobody answers them.
last = others[-1]
last.sendall(b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n")
waited = not select.select([last], [], [], 0.5)[0]
upload.sendall(blob[1000:])
uploaded, _ = answer(upload)
for other in others[:-1]:
    other.close()
last.settimeout(10)
served, _ = answer(last)
print(json.dumps({"processorSeconds": spent, "uploaded": uploaded, "waited": waited, "served": served}))
