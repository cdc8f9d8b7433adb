"""A token server that speaks the Docker token protocol, for Debian's docker-registry to trust.

usage: token-server.py PORT KEY.pem CERTIFICATE.pem ISSUER SERVICE USER PASSWORD

GET or POST /token?service=...&scope=repository:NAME:pull -> {"token", "access_token", "expires_in", "issued_at"}.
Wrong or missing credentials: 401. Every request is one line on standard output. Signs RS256 with `x5c`, by the openssl
program, so that nothing beyond the standard library is needed.
"""

import base64
import json
import subprocess
import sys
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT, KEY, CERTIFICATE, ISSUER, SERVICE, USER, PASSWORD = sys.argv[1:]
LIFETIME = 300
ACTIONS = {"pull", "push", "delete"}


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def der(path):
    lines = open(path).read().split("-----BEGIN CERTIFICATE-----")[1].split("-----END CERTIFICATE-----")[0]
    return "".join(lines.split())


def sign(claims):
    header = {"typ": "JWT", "alg": "RS256", "x5c": [der(CERTIFICATE)]}
    signed = ".".join(encode(json.dumps(part).encode()) for part in (header, claims))
    signature = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", KEY], input=signed.encode(), capture_output=True, check=True).stdout
    return f"{signed}.{encode(signature)}"


def access(scopes):
    entries = []
    for scope in " ".join(scopes).split():
        kind, name, actions = scope.split(":", 2)
        entries.append({"type": kind, "name": name, "actions": [a for a in actions.split(",") if a in ACTIONS]})
    return entries


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, value, headers=()):
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, content in headers:
            self.send_header(name, content)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def grant(self, query, user, password):
        if (user, password) != (USER, PASSWORD) or query.get("service") != [SERVICE]:
            return self.answer(401, {"error": "no"}, [("WWW-Authenticate", 'Basic realm="tokens"')])
        now = int(time.time())
        token = sign({
            "iss": ISSUER, "sub": user, "aud": SERVICE, "exp": now + LIFETIME, "nbf": now - 10, "iat": now,
            "jti": str(uuid.uuid4()), "access": access(query.get("scope", [])),
        })
        self.answer(200, {
            "token": token, "access_token": token, "expires_in": LIFETIME,
            "issued_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        })

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        kind, _, encoded = self.headers.get("Authorization", "").partition(" ")
        user, password = "", ""
        if kind.lower() == "basic":
            user, _, password = base64.b64decode(encoded).decode().partition(":")
        self.grant(query, user, password)

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        query = urllib.parse.parse_qs(self.rfile.read(length).decode())
        self.grant(query, query.get("username", [""])[0], query.get("password", [""])[0])

    def log_message(self, form, *arguments):
        print(form % arguments, flush=True)


ThreadingHTTPServer(("127.0.0.1", int(PORT)), Handler).serve_forever()
