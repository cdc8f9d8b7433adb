#!/usr/bin/env python3
"""Takes events and writes each body to a file, a line each, with the signature that it came with.

usage: event-receiver.py PORT FILE
"""

import http.server
import json
import sys


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with open(sys.argv[2], "a") as file:
            shown = self.headers.get("X-Entrepot-Signature", "")
            file.write(json.dumps({"body": body, "signature": shown, "type": self.headers["Content-Type"]}) + "\n")
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
