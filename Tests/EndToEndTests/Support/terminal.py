"""Runs a program on a terminal of its own, changes the terminal's size, and types Ctrl-C.

usage: terminal.py WORD PROGRAM [ARGUMENT...]

Waits until WORD is on the screen (of 120 columns and 30 rows), makes the terminal 60 columns and 10 rows, waits for frames of
that size, types Ctrl-C and waits for the end. Prints JSON: the exit code, whether the terminal shows what is typed as before,
and what the program wrote before and after the change.
"""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

word, command = sys.argv[1], sys.argv[2:]


def resize(descriptor, rows, columns):
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


waiting, ready = os.pipe()
child, terminal = pty.fork()
if child == 0:
    os.environ["TERM"] = "xterm"
    # Until the terminal has its size, and it is known how it was.
    os.read(waiting, 1)
    os.execv(command[0], command)
resize(terminal, 30, 120)
before = termios.tcgetattr(terminal)
os.write(ready, b"x")
end = time.monotonic() + 30
output = b""


def read_until(is_enough):
    global output
    while not is_enough(output):
        left = end - time.monotonic()
        if left <= 0:
            os.kill(child, signal.SIGKILL)
            sys.exit(f"nothing of that sort within 30 s: {output[-4000:]!r}")
        if select.select([terminal], [], [], left)[0]:
            try:
                output += os.read(terminal, 65536)
            except OSError:
                return


read_until(lambda text: word.encode() in text)
first, output = output, b""
resize(terminal, 10, 60)
# The first may still be one of the old size.
read_until(lambda text: text.count(b"\x1b[J") > 2)
os.write(terminal, b"\x03")
read_until(lambda text: text.endswith(b"\x1b[?1049l"))
_, status = os.waitpid(child, 0)
after = termios.tcgetattr(terminal)
print(json.dumps({
    "exit": os.waitstatus_to_exitcode(status), "isRestored": before[3] == after[3], "first": first.decode(),
    "rest": output.decode(),
}))
