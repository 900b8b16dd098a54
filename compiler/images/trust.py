"""Whom to trust as a registry: the authorities of the machine, and those that engines are told of for one.

https://man.archlinux.org/man/containers-certs.d.5
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from compiler.diagnostics import HeatsinkError, reason


def certificate_folders(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Where podman and docker look for `HOST:PORT/*.crt`; the first folder of a registry counts."""
    folders = ("/etc/containers/certs.d", "/etc/docker/certs.d")
    home = environment.get("HOME")
    own = (Path(home) / ".config/containers/certs.d",) if home else ()
    return (*own, *map(Path, folders))


def tls_context(host: str, folders: Sequence[Path], ca: Path | None) -> ssl.SSLContext:
    """TLS with a registry: authorities of `ca` and `*.crt`, and a client's certificate, `*.cert` and `*.key`.

    Raises HeatsinkError for a file that is not a certificate.
    """
    context = ssl.create_default_context()
    folder = next(filter(Path.is_dir, (folder / host for folder in folders)), None)
    for path in (*([ca] if ca else []), *(sorted(folder.glob("*.crt")) if folder else [])):
        with _naming(path):
            context.load_verify_locations(path)
    for path in sorted(folder.glob("*.cert")) if folder else []:
        with _naming(path):
            context.load_cert_chain(path, path.with_suffix(".key"))
    return context


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except ssl.SSLError:
        raise HeatsinkError(f"`{path}` is not a certificate in PEM format") from None
    except OSError as error:
        raise HeatsinkError(f"`{path}` cannot be read: {reason(error)}") from None
