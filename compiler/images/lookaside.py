"""Signatures beside a registry, in a folder or on a server: `site/web@sha256=0123…/signature-1`, `-2` …

https://github.com/containers/image/blob/main/docs/containers-registries.d.5.md
"""

from __future__ import annotations

import os
import time
from abc import abstractmethod
from collections.abc import Iterator
from http import HTTPStatus
from itertools import count, islice
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from compiler.diagnostics import HeatsinkError, reason
from compiler.files.writing import replace_file
from compiler.images.http import FAILURES, Answer, HttpClient
from compiler.images.reference import image_reference
from compiler.images.trust import certificate_folders, tls_context

MOST = 100  # signatures of an image that a server is asked for


class Signatures(Protocol):
    """Where signatures of images are read from. References have digests."""

    place: str
    """The folder or the URL."""

    @abstractmethod
    def signatures(self, reference: str) -> Iterator[tuple[str, bytes]]:
        """The signatures of an image with their places, in order."""


class Lookaside(Signatures):
    """The signatures of images in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = str(folder)

    def signatures(self, reference: str) -> Iterator[tuple[str, bytes]]:
        """The files of an image, in order: whoever reads a folder ends at the first number that it lacks."""
        for path in self._paths(reference):
            try:
                yield str(path), path.read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                return
            except OSError as error:
                raise HeatsinkError(f"`{path}` cannot be read: {reason(error)}") from None

    def add(self, reference: str, signature: bytes) -> Path:
        """Write a signature of an image, after those that it has."""
        path = next(path for path in self._paths(reference) if not path.exists())
        try:
            replace_file(path, signature, 0o644)
        except OSError as error:
            raise HeatsinkError(f"`{path}` cannot be written: {reason(error)}") from None
        return path

    def _paths(self, reference: str) -> Iterator[Path]:
        return (self.folder / path for path in _paths(reference))


class ServedLookaside(Signatures):
    """The signatures of images on a server, which `signatures/` was copied to."""

    def __init__(self, url: str, ca: Path | None = None, *, limit: float = 30.0) -> None:
        """`limit`: seconds in which a server has answered."""
        self.place = url.rstrip("/")
        self._limit = limit
        parts = urlsplit(url)
        self._http = HttpClient(tls_context(parts.netloc, certificate_folders(os.environ), ca))

    def signatures(self, reference: str) -> Iterator[tuple[str, bytes]]:
        """The answers for an image, in order, until there is none: status 404."""
        for path in islice(_paths(reference), MOST):
            url = f"{self.place}/{path}"
            answer = self._answer(url)
            if answer.status == HTTPStatus.NOT_FOUND:
                return
            if answer.status != HTTPStatus.OK:
                raise HeatsinkError(f"`{url}` is answered with {answer.status}")
            yield url, answer.content

    def _answer(self, url: str) -> Answer:
        try:
            return self._http.ask(url, {}, deadline=time.monotonic() + self._limit)
        except FAILURES as error:
            raise HeatsinkError(f"`{url}` cannot be read: {error}") from error


def _paths(reference: str) -> Iterator[str]:
    image = image_reference(reference)
    folder = f"{image.name}@{image.version.replace(':', '=')}"
    return (f"{folder}/signature-{number}" for number in count(1))
