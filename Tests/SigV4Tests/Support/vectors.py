"""Prints ../HostileKeys.swift: signatures by botocore for keys that no client would choose. Needs `pip install botocore`."""

import datetime
from unittest import mock
from urllib.parse import quote

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEYS = [
    "plain", "a b", "a+b", "a%20b", "a%2Fb", "a//b", "./a/../b", "..", "a/./", "ü/日本/😀", "e\u0301", "a?b=c&d", "a#b",
    "a;b,c", "a'b\"c`d", "a\\b", "a*b", "a(b)!$&@:=", "~._-", "[{}]|^<>", "\u00a0", "%", "%%41", "a=b&X-Amz-Date=1",
    "docker/registry/v2/repositories/a/_manifests/tags/V1.0_x-y/current/link",
]
QUERIES = [[], [("prefix", "a/b c+ü&="), ("list-type", "2"), ("start-after", "~")], [("uploads", "")]]
now = datetime.datetime(2026, 1, 2, 3, 4, 5)


class Clock(datetime.datetime):
    @classmethod
    def utcnow(cls):
        return now

    @classmethod
    def now(cls, tz=None):
        return now


def sign(key, query, token, presigned):
    credentials = Credentials("AKID", "secret/+key", token)
    path = "/bucket/" + quote(key, safe="/-_.~")
    text = "&".join(f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in query)
    request = AWSRequest(
        method="GET", url="http://store.test:9000" + path + ("?" + text if text else ""), headers={}, data=b"")
    kind = botocore.auth.S3SigV4QueryAuth if presigned else botocore.auth.S3SigV4Auth
    auth = kind(credentials, "s3", "eu-central-1", **({"expires": 600} if presigned else {}))
    request.context["payload_signing_enabled"] = True
    auth.add_auth(request)
    if presigned:
        return request.url.rsplit("X-Amz-Signature=", 1)[1]
    return request.headers["Authorization"].rsplit("Signature=", 1)[1]


print("/// Made by Support/vectors.py: signatures by another implementation.")
print("enum HostileKeys {")
print("    static let all: [(key: String, query: Int, token: String?, headers: String, presigned: String)] = [")
with mock.patch("botocore.auth.get_current_datetime", lambda: now, create=True), \
     mock.patch("botocore.auth.datetime", mock.Mock(datetime=Clock, wraps=datetime), create=True):
    for number, key in enumerate(KEYS):
        token = "to/ken+=" if number % 3 == 0 else None
        index = number % len(QUERIES)
        literal = "".join(
            c if 0x20 <= ord(c) < 0x7F and c not in "\"\\" else f"\\u{{{ord(c):x}}}" for c in key)
        print("        (")
        print(f"            \"{literal}\", {index}, {chr(34) + token + chr(34) if token else 'nil'},")
        print(f"            \"{sign(key, QUERIES[index], token, False)}\",")
        print(f"            \"{sign(key, QUERIES[index], token, True)}\"")
        print("        ),")
print("    ]")
print("}")
