"""CDS Hooks over HTTP, by the standard library, for this machine only.

    GET  /cds-services               discovery
    POST /cds-services/ID            cards for a patient
    POST /cds-services/ID/feedback   what became of them

It binds to the loopback address and answers no other `Host`, so that neither the network nor a page in a browser reaches it; a record
system elsewhere comes through a proxy of yours that speaks TLS and checks the caller's JWT (CDS Hooks 2.0, security and safety). One call
at a time, each on the site as it is then. No FHIR server is called, `fhirAuthorization` is neither used nor kept.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import orjson

from heedful.core.errors import HeedfulError, NotFoundError
from heedful.loops.cds import called, fed_back, services
from heedful.loops.site import Site

LOOPBACK = "127.0.0.1"
MOST_BYTES = 1 << 20
"""Bytes of a request that are read; a longer one is refused."""
SECONDS = 30
_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?", re.IGNORECASE)
_ORIGIN = re.compile(rf"https?://(?:{_HOST.pattern})", re.IGNORECASE)
"""A browser names the page that calls: one of another site may neither read cards nor leave feedback."""
_CALL = re.compile(r"/cds-services/([A-Za-z0-9._-]{1,80})(/feedback)?")
Opened = Callable[[], AbstractContextManager[Site]]


class CdsServer(HTTPServer):
    """Waits for calls in `serve_forever`.

    Parameters
    ----------
    opened: opens the site for one call. port: 0 takes a free one (`server_port`).
    """

    def __init__(self, opened: Opened, port: int) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.opened = opened


class _Handler(BaseHTTPRequestHandler):
    timeout = SECONDS
    server_version = "heedful"
    sys_version = ""

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/cds-services":
            self._told(404, {"error": "There is GET /cds-services, and POST /cds-services/ID."})
            return
        self._answered(services)

    def do_POST(self) -> None:
        place = _CALL.fullmatch(self.path.partition("?")[0])
        body = self._body()
        if body is None:
            return
        if place is None:
            self._told(404, {"error": "There is POST /cds-services/ID and POST /cds-services/ID/feedback."})
            return
        service, feedback = place.groups()
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            self._told(400, {"error": f"The body is not JSON: {error}."})
            return
        self._answered(lambda site: fed_back(site, service, document) if feedback else called(site, service, document))

    def _body(self) -> bytes | None:
        """The request's body; None after a refusal."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self.close_connection = True
            self._told(411, {"error": "A call says its Content-Length."})
            return None
        if int(length) > MOST_BYTES:
            self.close_connection = True
            self._told(413, {"error": f"A call has at most {MOST_BYTES:,} bytes."})
            return None
        return self.rfile.read(int(length))

    def _answered(self, work: Callable[[Site], Any]) -> None:
        if not _HOST.fullmatch(self.headers.get("Host", "")):
            self._told(403, {"error": "This service answers calls to localhost only."})
            return
        origin = self.headers.get("Origin")
        if origin is not None and not _ORIGIN.fullmatch(origin):
            self._told(403, {"error": "This service answers no page of another site; call it from a program."})
            return
        try:
            assert isinstance(self.server, CdsServer)
            with self.server.opened() as site:
                found = work(site)
        except NotFoundError as error:
            self._told(404, {"error": str(error)})
        except HeedfulError as error:
            self._told(400, {"error": str(error)})
        else:
            self._told(200, {} if found is None else found)

    def _told(self, status: int, document: Any) -> None:
        content = orjson.dumps(document)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """One line a call to standard error: no address, no body, so nothing of a patient."""
        sys.stderr.write(f"cds: {format % args}\n")
