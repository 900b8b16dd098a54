"""HTTP requests that end: within a number of seconds in all, of bytes, and of redirects."""

from __future__ import annotations

import io
import socket
import ssl
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, cast
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request, UnknownHandler

from compiler.diagnostics import HeatsinkError

LARGEST = 4 << 20  # bytes of an answer; registries accept no larger manifests
FAILURES = (OSError, HTTPException, ValueError)
"""What a request raises if there is no answer."""

_REDIRECTS = 5
_MOVED = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server has answered."""

    status: int
    headers: Message
    content: bytes


class HttpClient:
    """Asks servers, through the proxies of the environment if it names any."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._opener = OpenerDirector()
        for handler in (ProxyHandler(), _PlainHandler(), _TlsHandler(context), UnknownHandler()):
            self._opener.add_handler(handler)

    def ask(
        self, url: str, headers: Mapping[str, str], *, deadline: float, form: Mapping[str, str] | None = None
    ) -> Answer:
        """The answer to GET, or to POST of a form, until a time of `time.monotonic`.

        Redirects are followed within the server; those to another one would take what we ask, and a login,
        to somebody whom the operator has not named. Raises one of FAILURES, or HeatsinkError.
        """
        origin = origin_of(url)
        for _ in range(_REDIRECTS):
            answer = self._once(url, headers, deadline, form)
            location = answer.headers.get("Location")
            if answer.status not in _MOVED or not location:
                return answer
            url = urllib.parse.urljoin(url, location)
            if origin_of(url) != origin:
                raise HeatsinkError(f"redirected to `{origin_of(url)}`, which is another server")
        raise HeatsinkError("redirected without end")

    def _once(
        self, url: str, headers: Mapping[str, str], deadline: float, form: Mapping[str, str] | None
    ) -> Answer:
        body = urllib.parse.urlencode(form).encode() if form else None
        request = Request(url, data=body, headers=dict(headers))  # noqa: S310 - built by us
        with self.open(request, deadline=deadline) as response:
            content = response.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise HeatsinkError(f"more than {LARGEST >> 20} MiB answered")
            return Answer(status=response.status, headers=response.headers, content=content)

    @contextmanager
    def open(self, request: Request, *, deadline: float) -> Iterator[HTTPResponse]:
        """The answer to any request, to be read until a time; no redirect is followed."""
        # A cast, as the type of `open` leaves it open.
        with cast("HTTPResponse", self._opener.open(request, timeout=_remaining(deadline))) as response:
            yield response


def origin_of(url: str) -> str:
    """The server of a URL, with its scheme and port."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _remaining(deadline: float) -> float:
    """The seconds until a deadline. Raises TimeoutError if it is over."""
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("timed out")
    return seconds


class _TimedReader(io.RawIOBase):
    """Reads from a socket until a deadline: the timeout of a socket is for each read anew."""

    def __init__(self, connection: socket.socket, file: io.RawIOBase, deadline: float) -> None:
        self._socket, self._file, self._deadline = connection, file, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._socket.settimeout(_remaining(self._deadline))
        return cast("int | None", self._file.readinto(buffer))

    def close(self) -> None:
        self._file.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """A response that ends by a deadline, its status line and headers included."""

    def __init__(self, sock: socket.socket, *args: Any, deadline: float, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        file = self.fp.detach()
        self.fp = io.BufferedReader(_TimedReader(sock, file, deadline))


class _PlainConnection(HTTPConnection):
    """A connection whose timeout is for everything together: to connect, to ask and to be answered."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline = time.monotonic() + (self.timeout or 0)
        self.response_class = partial(_TimedResponse, deadline=self._deadline)  # type: ignore[assignment]

    def connect(self) -> None:
        super().connect()
        self.sock.settimeout(_remaining(self._deadline))


class _TlsConnection(HTTPSConnection, _PlainConnection):
    """The same with TLS: HTTPSConnection connects by its parent, so the handshake is in time as well."""


class _PlainHandler(HTTPHandler):
    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_PlainConnection, req)


class _TlsHandler(HTTPSHandler):
    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__()
        self._tls = context

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_TlsConnection, req, context=self._tls)
