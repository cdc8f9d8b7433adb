"""A TCP proxy that holds an answer back in its middle, so that a test can kill the server behind it right there.

usage: gate-proxy.py PORT TARGET-PORT BYTES

Of each connection so many bytes of what the target sends are passed on. Then it prints `held`, and passes nothing until the
target accepts no connections any more; then the client's connection is cut.
"""

import socket
import sys
import threading
import time

PORT, TARGET, LIMIT = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])


def connect():
    return socket.create_connection(("127.0.0.1", TARGET), timeout=10)


def wait_until_gone():
    while True:
        try:
            connect().close()
        except OSError:
            return
        time.sleep(0.02)


def upstream(client, target):
    try:
        while data := client.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def downstream(target, client):
    left = LIMIT
    try:
        while data := target.recv(min(left, 1 << 18)):
            client.sendall(data)
            left -= len(data)
            if left == 0:
                print("held", flush=True)
                wait_until_gone()
                break
    except OSError:
        pass
    for end in (client, target):
        try:
            # Closing alone sends nothing as long as the other thread reads.
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        end.close()


def serve(client):
    try:
        target = connect()
    except OSError:
        client.close()
        return
    target.settimeout(None)
    threading.Thread(target=upstream, args=(client, target), daemon=True).start()
    downstream(target, client)


listener = socket.create_server(("127.0.0.1", PORT), backlog=64)
while True:
    accepted, _ = listener.accept()
    threading.Thread(target=serve, args=(accepted,), daemon=True).start()
