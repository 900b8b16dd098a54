"""Starts the host program from bytecode that an earlier start has left: compiling takes longer than a change.

It is the `__main__.py` of the zip file. The bytecode lies beside that, behind a digest of it, of the program
and of Python's version: if it is cut short, corrupt, or that of another program, it is replaced, never run.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import marshal
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from zipimport import zipimporter

PACKAGE = "host"


class Compiled:
    """Imports modules that are compiled already."""

    def __init__(self, codes: dict[str, CodeType]) -> None:
        self._codes = codes

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """How a module is imported; None if it is not one of these."""
        if name not in self._codes:
            return None
        return ModuleSpec(name, self, is_package=name == PACKAGE)  # type: ignore[arg-type]

    def create_module(self, _spec: ModuleSpec) -> None:
        """Python makes the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Run its code."""
        exec(self._codes[module.__name__], module.__dict__)  # noqa: S102 - as every import does


def compiled(program: Path) -> dict[str, CodeType]:
    """Module → its code: from the bytecode beside a program, or compiled and left there."""
    bytecode = program.with_name(f"{program.name}.bytecode")
    basis = program.read_bytes() + sys.version.encode()
    content = bytecode.read_bytes() if bytecode.is_file() else b""
    seal, content = content[:64], content[64:]
    if seal != _seal(basis, content):
        content = marshal.dumps(_compile(program))
        with contextlib.suppress(OSError):  # the disk is full, or read-only: the next start compiles again
            _write(bytecode, _seal(basis, content) + content)
    codes: dict[str, CodeType] = marshal.loads(content)  # noqa: S302 - it is root's, and sealed
    return codes


def _seal(basis: bytes, content: bytes) -> bytes:
    return hashlib.sha256(basis + content).hexdigest().encode()


def _write(path: Path, content: bytes) -> None:
    new = path.with_name(f"{path.name}.new")
    new.write_bytes(content)
    new.replace(path)


def _compile(program: Path) -> dict[str, CodeType]:
    """The code of each module that the program lists."""
    package = zipimporter(f"{program}/{PACKAGE}")
    stems = zipimporter(str(program)).get_data("modules").decode().split()
    return {_name(stem): package.get_code(stem) for stem in stems}


def _name(stem: str) -> str:
    return PACKAGE if stem == "__init__" else f"{PACKAGE}.{stem}"


if __name__ == "__main__":
    gc.disable()  # the program ends soon, and makes hardly any garbage that refers to itself
    sys.meta_path.insert(0, Compiled(compiled(Path(sys.argv[0]))))
    sys.exit(import_module(f"{PACKAGE}.__main__").main())
