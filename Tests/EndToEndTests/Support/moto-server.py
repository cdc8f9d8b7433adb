"""moto_server, which carries out conditional writes one after the other, as S3 does: by itself it looks and writes in two steps,
and two threads may both find nothing.

usage: moto-server.py PORT
"""

import os
import sys
import threading

os.environ["MOTO_PORT"] = sys.argv[1]

from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import run_simple  # noqa: E402

CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH")


class OneAtATime:
    def __init__(self, app):
        self.app, self.lock = app, threading.Lock()

    def __call__(self, environ, start_response):
        if environ["REQUEST_METHOD"] in ("PUT", "POST") and any(name in environ for name in CONDITIONS):
            with self.lock:
                return self.app(environ, start_response)
        return self.app(environ, start_response)


run_simple(
    "127.0.0.1", int(sys.argv[1]), OneAtATime(DomainDispatcherApplication(create_backend_app)), threaded=True,
    request_handler=MotoRequestHandler)
