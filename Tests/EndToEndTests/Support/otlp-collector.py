#!/usr/bin/env python3
"""Takes OTLP over HTTP with JSON and writes each span to a file, a JSON object a line.

usage: otlp-collector.py PORT FILE
"""

import http.server
import json
import sys


class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert self.headers["Content-Type"] == "application/json"
        with open(sys.argv[2], "a") as file:
            for resource in body["resourceSpans"]:
                names = {a["key"]: a["value"]["stringValue"] for a in resource["resource"]["attributes"]}
                for scope in resource["scopeSpans"]:
                    for span in scope["spans"]:
                        span["service"] = names["service.name"]
                        span["path"] = self.path
                        span["shown"] = self.headers.get("X-Shown", "")
                        file.write(json.dumps(span) + "\n")
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Collector).serve_forever()
