"""A registry that counts manifests as Docker Hub does, in front of one that does not.

usage: limited-registry.py PORT TARGET-PORT MANIFESTS SECONDS

In each span of so many seconds so many manifests are sent; HEAD is free, and neither blobs nor what is not there are counted. What is left stands in the
headers of each manifest; then the answer is 429, with the seconds that the span still has. Prints `sent` and `refused`.
"""

import http.client
import http.server
import sys
import threading
import time

PORT, TARGET, LIMIT, SPAN = (int(text) for text in sys.argv[1:5])
lock = threading.Lock()
begin, used = 0.0, 0


def left():
    """How many are left, and the seconds after which they are given back."""
    global begin, used
    with lock:
        now = time.monotonic()
        if now - begin >= SPAN:
            begin, used = now, 0
        return LIMIT - used, max(1, round(begin + SPAN - now + 0.5))


def count():
    global used
    with lock:
        used += 1


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def pass_on(self):
        is_counted = self.command == "GET" and "/manifests/" in self.path
        if is_counted:
            rest, seconds = left()
            if rest <= 0:
                print("refused", flush=True)
                limits = {"ratelimit-limit": f"{LIMIT};w={SPAN}", "ratelimit-remaining": f"0;w={SPAN}"}
                text = b'{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}'
                return self.reply(429, {**limits, "Retry-After": str(seconds), "Content-Type": "application/json"}, text)
        target = http.client.HTTPConnection("127.0.0.1", TARGET, timeout=30)
        target.request(self.command, self.path, headers={
            name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")})
        answer = target.getresponse()
        body = answer.read()
        limits = {}
        if is_counted and answer.status == 200:
            print("sent", self.path, flush=True)
            count()
            limits = {"ratelimit-limit": f"{LIMIT};w={SPAN}", "ratelimit-remaining": f"{rest - 1};w={SPAN}"}
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in ("connection", "content-length")}
        self.reply(answer.status, {**kept, **limits}, body, answer.headers.get("Content-Length"))
        target.close()

    do_GET = do_HEAD = pass_on

    def reply(self, status, headers, body, length=None):
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
