"""idle-readers.py PORT PID CLIENTS: that many clients ask for a manifest of 3.9 MiB and read no more than its head.

Prints whether it comes whole, how many answers began, and by how much the server's resident memory grew meanwhile.
"""
import json
import socket
import sys

PORT, PID, CLIENTS = (int(argument) for argument in sys.argv[1:4])
TYPE = "application/vnd.oci.image.index.v1+json"


def memory():
    with open(f"/proc/{PID}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) * 1024


def ask(head, body=b""):
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(30)
    connection.connect(("127.0.0.1", PORT))
    connection.sendall(head.encode() + body)
    return connection


def rest(connection):
    data = b""
    while piece := connection.recv(1 << 20):
        data += piece
    return data


manifest = {"schemaVersion": 2, "mediaType": TYPE, "manifests": [], "annotations": {"large": "x" * int(3.9 * (1 << 20))}}
body = json.dumps(manifest).encode()
path = "/v2/local/large/manifests/v1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
pushed = rest(ask(f"PUT {path}Content-Type: {TYPE}\r\nContent-Length: {len(body)}\r\n\r\n", body))
whole = rest(ask(f"GET {path}\r\n"))
before = memory()
readers = [ask(f"GET {path}\r\n") for _ in range(CLIENTS)]
begun = sum(reader.recv(12) == b"HTTP/1.1 200" for reader in readers)
print(json.dumps({"isWhole": whole.endswith(b"\r\n\r\n" + body), "begun": begun, "grown": memory() - before}))
