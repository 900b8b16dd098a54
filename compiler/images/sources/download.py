"""Downloads over HTTP, limited in size and time, and verified."""

from __future__ import annotations

import hashlib
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import IO

from compiler.diagnostics import HeatsinkError
from compiler.images.sources.archive import MOST_BYTES

_SILENCE = 30.0  # seconds without a byte
_PIECE = 1 << 20


def download(url: str, target: IO[bytes], sha256: str, *, timeout: float) -> None:
    """Write what a URL serves. Raises HeatsinkError if it is not what has the hash.

    `timeout` is in seconds, for the whole; a silent server gets half a minute. Proxies are those of the
    environment.
    """
    deadline = time.monotonic() + timeout
    content = hashlib.sha256()
    size = 0
    try:
        with urllib.request.urlopen(url, timeout=_SILENCE) as answer:  # noqa: S310 - checked
            while piece := answer.read1(_PIECE):
                content.update(piece)
                target.write(piece)
                size += len(piece)
                _check(size, deadline, timeout)
    except urllib.error.HTTPError as error:
        error.close()
        raise HeatsinkError(f"the server answers {error.code} {error.reason}") from None
    except (HTTPException, OSError, ValueError) as error:
        raise HeatsinkError(_why(error)) from None
    if content.hexdigest() != sha256:
        raise HeatsinkError(
            f"its SHA-256 is {content.hexdigest()}, not {sha256}",
            hint="if the file was replaced on purpose, change `sha256`",
        )


def _check(size: int, deadline: float, timeout: float) -> None:
    if size > MOST_BYTES:
        raise HeatsinkError(f"it has more than {MOST_BYTES >> 30} GiB")
    if time.monotonic() > deadline:
        raise HeatsinkError(f"the download takes more than {timeout:g} s")


def _why(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    cause = reason if isinstance(reason, OSError) else error
    text = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return str(text)[:1].lower() + str(text)[1:]
