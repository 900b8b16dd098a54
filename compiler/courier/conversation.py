"""The conversation with the host program of this machine."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .carried import Carried, CourierError

PULSE = 10.0  # seconds after which the host program is sent an empty line: it gives up whom it does not hear
_AGAIN = "run the file again to resume"

Show = Callable[[str], object]


class Conversation:
    """A push of one host's bundle to this machine."""

    def __init__(self, carried: Carried, host: str, show: Show) -> None:
        self._carried = carried
        self._bundle = carried.index["hosts"][host]
        self._show = show
        command: Sequence[str] = carried.index["greeting"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._unread = b""

    def plan(self, *, dry: bool) -> Mapping[str, Any]:
        """Send the bundle and return the plan. With `dry`, nothing can follow."""
        manifest = zlib.compress(self._carried.content(self._bundle["manifest"]), 1)
        request = {
            **self._carried.index["request"],
            "do": "push",
            "dry": dry,
            "secrets": self._bundle["secrets"],
            "size": len(manifest),
        }
        self._greet("look" if dry else "run")
        self._send(request, (manifest,))
        blobs = [self._bundle["files"][name] for name in self._event("missing")["blobs"]]
        if blobs:
            content = zlib.compress(b"".join(map(self._carried.content, blobs)), 1)
            self._send({"size": len(content)}, (content,))
        return self._event("plan" if dry else "ready")

    def carry_out(self, plan: Mapping[str, Any]) -> int:
        """Have the plan carried out; the number of the generation that is current then."""
        if plan["pulls"]:
            self._send_images(plan["pulls"])
            self._event("pulled")
        self._release("install")
        self._event("installed")
        for step in self._carried.index["request"]["steps"]:
            self._release(step)
            self._event("step")
        self._release("finish")
        self._event("unconfirmed")
        self._release("commit")
        return int(self._event("done")["generation"])

    def end(self) -> None:
        """End the conversation. What is not confirmed yet is undone by the host itself."""
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()

    def _greet(self, verb: str) -> None:
        """Start the host program of the file, which stays on the host unless this is a dry run."""
        self._line()
        content = self._carried.content(self._carried.index["program"])
        self._write(f"{verb} {len(content)} {self._carried.index['program_sha256']}\n".encode() + content)

    def _send_images(self, wanted: Sequence[str]) -> None:
        """Send the images that are carried, each part once; the host pulls the others."""
        index = self._carried.index
        images = {name: index["images"][name] for name in wanted if name in index["images"]}
        needed = sorted({number for numbers in images.values() for number in numbers})
        parts = [index["parts"][number] for number in needed]
        rows = [
            {"image": name, "parts": [needed.index(number) for number in numbers]}
            for name, numbers in images.items()
        ]
        fields = {"go": "pull", "archives": rows, "parts": list(map(self._carried.size, parts))}
        self._send(fields, (piece for part in parts for piece in self._carried.pieces(part)))

    def _release(self, word: object) -> None:
        self._send({"go": word})

    def _send(self, fields: Mapping[str, object], pieces: Iterable[bytes] = ()) -> None:
        self._write(json.dumps(fields).encode() + b"\n")
        for piece in pieces:
            self._write(piece)

    def _write(self, content: bytes) -> None:
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # its last event says why
            self._process.stdin.write(content)
            self._process.stdin.flush()

    def _event(self, wanted: str) -> Mapping[str, Any]:
        """The next event of that kind. Raises CourierError if the host refuses, or a unit fails."""
        while True:
            event: Mapping[str, Any] = json.loads(self._line())
            kind = event["event"]
            if kind in ("progress", "warning"):
                self._show(event["text"] if kind == "progress" else f"warning: {event['text']}")
            elif kind == "refused":
                raise CourierError(event["message"], event["hint"])
            elif kind == "step" and event["failed"]:
                raise CourierError("\n".join(_failures(event)))
            elif kind == wanted:
                return event
            else:
                raise CourierError(f"the host program answers `{kind}` instead of `{wanted}`")

    def _line(self) -> bytes:
        """The next line of the host program, which hears from us meanwhile."""
        assert self._process.stdout
        descriptor = self._process.stdout.fileno()
        while b"\n" not in self._unread:
            if not select.select([descriptor], [], [], PULSE)[0]:
                self._write(b"\n")
                continue
            piece = os.read(descriptor, 1 << 16)
            if not piece:
                raise CourierError("the host program has ended", _AGAIN)
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        return line


def _failures(event: Mapping[str, Any]) -> Iterable[str]:
    """The units that did not come up, and what has become of the host."""
    for failure in event["failed"]:
        yield f"`{failure['unit']}` did not come up: {failure['why']}"
        yield from (f"  | {line}" for line in failure["journal"])
    yield event["aftermath"]
