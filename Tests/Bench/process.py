"""Processes under measurement: started, asked for CPU time and memory, ended."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Process:
    """A server with all its workers."""

    def __init__(self, name, command, folder):
        if shutil.which(command[0], path=os.environ["PATH"] + ":/usr/sbin:/sbin") is None:
            raise SystemExit(f"{command[0]} is missing: run `make deps`")
        self.name = name
        self.log = pathlib.Path(folder) / f"{name}-{time.monotonic_ns()}.log"
        self.started = time.monotonic()
        # Nothing of an account that this machine may have.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment["PATH"] += ":/usr/sbin:/sbin"
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True)

    def pids(self):
        found, queue = [], [self.child.pid]
        while queue:
            pid = queue.pop()
            found.append(pid)
            for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                queue += [int(child) for child in path.read_text().split()]
        return found

    def cpu(self):
        """Seconds of CPU, user and system, of all threads of the process and its workers.

        By the scheduler's own clock: the ticks in `stat` are samples of 10 ms, and one server's rhythm of waking and
        sleeping can fall between them.
        """
        total = 0
        for pid in self.pids():
            for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
                total += int(path.read_text().split()[0])
        return total / 1e9

    def threads(self):
        """How many, of all workers together."""
        return sum(len(list(pathlib.Path(f"/proc/{pid}/task").iterdir())) for pid in self.pids())

    def run_on(self, processors):
        """Binds all threads to these processors, those of workers too."""
        for pid in self.pids():
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), processors)

    def memory(self, key="VmRSS"):
        """Bytes, of all workers together: VmRSS now, VmHWM at most."""
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith(key + ":"):
                    total += int(line.split()[1]) * 1024
        return total

    def wait_ready(self, port, path="/v2/", tls=None, limit=30):
        """Milliseconds from the start to the first 200."""
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
        while time.monotonic() - self.started < limit:
            if self.child.poll() is not None:
                break
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as plain:
                    connection = tls.wrap_socket(plain) if tls else plain
                    connection.sendall(request)
                    if connection.recv(64).split(b" ")[1:2] == [b"200"]:
                        return (time.monotonic() - self.started) * 1000
            except OSError:
                pass
            time.sleep(0.001)
        raise SystemExit(f"{self.name} did not become ready:\n{self.log.read_text()[-2000:]}")

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
                self.child.wait()
