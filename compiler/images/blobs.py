"""Blobs and manifests, from a repository of a registry and into one, with their digests verified.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import hashlib
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPResponse
from urllib.request import Request

from compiler.diagnostics import HeatsinkError
from compiler.images.http import origin_of
from compiler.images.layout import Blob, LayoutImage
from compiler.images.registry import Question, denied

_PIECE = 1 << 20
_ANSWERS_WITHIN = 60.0  # seconds
_SLOWEST = 1 << 16  # bytes a second; a registry that is slower is given up


class Repository:
    """A repository of a registry; it is logged in to when the registry wants that."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._base = f"{question.base}/v2/{question.image.name}"
        self._authorization = ""

    def fetch(self, blob: Blob) -> Iterator[bytes]:
        """What is in a blob, in pieces. Raises HeatsinkError at the end if it is something else."""
        digest, left = hashlib.sha256(), blob.size
        with self._answer("GET", f"{self._base}/blobs/{blob.digest}", size=blob.size) as answer:
            _require(answer, 200, f"to the question for {blob.digest}")
            while piece := answer.read(_PIECE):
                digest.update(piece)
                left -= len(piece)
                if left < 0:
                    break
                yield piece
        if left or f"sha256:{digest.hexdigest()}" != blob.digest:
            raise HeatsinkError(f"what it serves as {blob.digest} does not have that digest")

    def has(self, blob: Blob) -> bool:
        """Whether the repository has a blob."""
        with self._answer("HEAD", f"{self._base}/blobs/{blob.digest}") as answer:
            return answer.status == 200

    def store(self, blob: Blob, content: Callable[[Blob], Iterable[bytes]]) -> None:
        """Upload a blob as a whole."""
        with self._answer("POST", f"{self._base}/blobs/uploads/") as answer:
            _require(answer, 202, "to the begin of an upload")
            place = urllib.parse.urljoin(self._base, answer.headers.get("Location", ""))
        if origin_of(place) != origin_of(self._base):
            raise HeatsinkError(f"it wants uploads at `{origin_of(place)}`, which is another server")
        url = f"{place}{'&' if '?' in place else '?'}{urllib.parse.urlencode({'digest': blob.digest})}"
        with self._answer("PUT", url, size=blob.size, content=lambda: content(blob)) as answer:
            _require(answer, 201, f"to the upload of {blob.digest}")

    def store_manifest(self, version: str, image: LayoutImage) -> None:
        """Upload the manifest of an image whose blobs are there, under a tag or its digest."""
        with self._answer(
            "PUT",
            f"{self._base}/manifests/{version}",
            size=len(image.manifest),
            content=lambda: (image.manifest,),
            kind=image.media_type,
        ) as answer:
            _require(answer, 201, "to the upload of the manifest")

    @contextmanager
    def _answer(
        self,
        method: str,
        url: str,
        *,
        size: int = 0,
        content: Callable[[], Iterable[bytes]] = tuple,
        kind: str = "application/octet-stream",
    ) -> Iterator[HTTPResponse]:
        """The answer to a request, after a login if the registry wants one."""
        question, headers = self._question, {"Content-Type": kind}
        if method in ("POST", "PUT"):
            headers["Content-Length"] = str(size)
        deadline = time.monotonic() + _ANSWERS_WITHIN + size / _SLOWEST
        with question.http.open(self._request(method, url, content, headers), deadline=deadline) as answer:
            if answer.status != 401:
                yield answer
                return
            self._authorization = question.authorization(answer.headers)
        with question.http.open(self._request(method, url, content, headers), deadline=deadline) as answer:
            if answer.status in (401, 403):
                raise denied(question.image, question.login)
            yield answer

    def _request(
        self, method: str, url: str, content: Callable[[], Iterable[bytes]], headers: Mapping[str, str]
    ) -> Request:
        login = {"Authorization": self._authorization} if self._authorization else {}
        body = iter(content()) if method in ("POST", "PUT") else None
        return Request(url, data=body, headers={**headers, **login}, method=method)  # noqa: S310


def _require(answer: HTTPResponse, status: int, what: str) -> None:
    if answer.status != status:
        raise HeatsinkError(f"it answers {what} with HTTP status {answer.status}")
