"""Passes connections on to a server, and misbehaves on command.

usage: fault-proxy.py PORT SERVER-PORT

POST /_fault/none, /_fault/refuse (every request is answered with 503) or /_fault/cut (of two connections one ends in the
middle of what it carries). Each of them ends the connections that are open.
"""

import random
import socket
import sys
import threading

PORT, SERVER = int(sys.argv[1]), int(sys.argv[2])
fault = "none"
opened = set()
choose = random.Random(7)


def pass_on(source, target, limit):
    left = limit
    try:
        while True:
            data = source.recv(1 << 16)
            if not data:
                break
            if left is not None:
                data = data[:left]
                left -= len(data)
            if data:
                target.sendall(data)
            if left == 0:
                # Both sides see an end in the middle.
                for end in (source, target):
                    end.shutdown(socket.SHUT_RDWR)
                return
    except OSError:
        pass
    for end, how in ((target, socket.SHUT_WR), (source, socket.SHUT_RD)):
        try:
            end.shutdown(how)
        except OSError:
            pass


def answer(client, status):
    client.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    try:
        client.shutdown(socket.SHUT_WR)
        client.settimeout(1)
        while client.recv(1 << 16):
            pass
    except OSError:
        pass


def serve(client):
    global fault
    opened.add(client)
    try:
        client.settimeout(120)
        first = client.recv(1 << 16)
        if first.startswith(b"POST /_fault/"):
            for other in list(opened - {client}):
                try:
                    other.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            fault = first.split(b" ")[1].rsplit(b"/", 1)[1].decode()
            return answer(client, "200 OK")
        if not first:
            return
        if fault == "refuse":
            return answer(client, "503 Slow Down")
        with socket.create_connection(("127.0.0.1", SERVER)) as server:
            server.sendall(first)
            limit = choose.randrange(1, 200_000) if fault == "cut" and choose.random() < 0.5 else None
            back = threading.Thread(target=pass_on, args=(server, client, limit), daemon=True)
            back.start()
            pass_on(client, server, None)
            back.join()
    except OSError:
        pass
    finally:
        opened.discard(client)
        client.close()


listener = socket.create_server(("127.0.0.1", PORT), backlog=512)
while True:
    accepted, _ = listener.accept()
    threading.Thread(target=serve, args=(accepted,), daemon=True).start()
