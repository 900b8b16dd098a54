"""Templates by their paths, each read once, and the files beside them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from pathlib import Path, PurePath, PurePosixPath
from urllib.parse import quote, unquote, urljoin, urlsplit

from compiler.diagnostics import CompileError, closest
from compiler.hot.template import Template, template
from compiler.model.inputs import Opener, Tree, is_folder
from compiler.node import Node
from compiler.node.hidden import conceal
from compiler.source import Source, Span


class TemplateLoader:
    """Reads templates and files of trees. Evaluations share one, so that each template is read once."""

    def __init__(self, opener: Opener) -> None:
        self._opener = opener
        self._templates: dict[Path, Template] = {}
        self._found: dict[tuple[Tree, str], Template] = {}  # looking for a file takes longer than this

    def template(self, tree: Tree, path: str, place: Node) -> Template:
        """The template at a path of a tree. Raises CompileError if it does not exist or is not HOT."""
        if (tree, path) not in self._found:
            file = inside(tree, path, place)
            if file not in self._templates:
                self._templates[file] = template(self._opener.document(file), tree, path)
            self._found[tree, path] = self._templates[file]
        return self._found[tree, path]

    def file(self, tree: Tree, path: str, place: Node) -> Source:
        """The text of the file at a path of a tree."""
        return self._opener.read(inside(tree, path, place))

    def conceal(self, values: Iterable[tuple[str, Node]]) -> None:
        """Keep lines with values of hidden parameters, by name, out of all messages."""
        declarations = [
            each for template in self._templates.values() for each in template.parameters.values()
        ]
        names = {declaration.name for declaration in declarations if declaration.hidden}
        for name, node in values:
            if name in names:
                conceal(node)

    @property
    def declared(self) -> frozenset[str]:
        """Every parameter that a template read so far declares."""
        return frozenset(name for each in self._templates.values() for name in each.parameters)


def beside(template: Template, written: str, place: Node) -> str:
    """The path in its tree of a file that a template names."""
    folder = PurePosixPath("/") / PurePosixPath(template.path).parent
    if template.tree.is_whole_disk:
        return str(file_of_url(folder, written, place).relative_to("/"))
    if "://" in written:
        raise CompileError(
            f"`{written}` is a URL: only files in the template directory are read",
            place.span,
            "move the file into the template directory, and use its path",
        )
    return posixpath.normpath(PurePosixPath(template.path).parent / written)


def file_of_url(folder: PurePath, written: str, place: Node) -> Path:
    """The file that Heat's client reads for a path or a `file:` URL that is written in a file of a folder.

    The client joins both as URLs: `%20` is a blank, `..` ends at `/`, and what follows `#` is dropped.
    """
    try:
        url = urlsplit(urljoin(f"file://{quote(str(folder)).rstrip('/')}/", written))
    except ValueError:
        raise CompileError(f"`{written}` is not a valid URL", place.span, "use the path of a file") from None
    if url.scheme != "file" or url.netloc not in ("", "localhost"):
        raise CompileError(
            f"`{written}` is not a file of this machine",
            place.span,
            "download it, and use the path of the file",
        )
    return Path(unquote(url.path))


def inside(tree: Tree, path: str, place: Node) -> Path:
    """The file of that path in the tree; a path outside the tree is refused."""
    if path.startswith(("/", "..")):
        raise CompileError(
            f"`{path}` is outside the template directory",
            place.span,
            "move the file into the template directory",
        )
    file = tree.find(path)
    if file is None:
        folders = [(root / path).parent for root in tree.roots]
        near = [tree.name(other) for folder in folders for other in folder.glob("*") if other.is_file()]
        name = tree.name(tree.roots[0] / path)
        if any(is_folder(root / path) for root in tree.roots):
            raise CompileError(f"`{name}` is a folder, not a file", place.span)
        where = "" if tree.is_whole_disk else " in the template directory"
        raise CompileError(f"file `{name}` does not exist{where}", place.span, closest(name, near))
    check_link(tree, file, place.span)
    return file


def check_link(tree: Tree, file: Path, place: Span | None) -> None:
    """Raise CompileError for a link that leads out of the tree."""
    if target := tree.target_outside(file):
        raise CompileError(
            f"`{tree.name(file)}` is a link to `{target}`, outside the template directory",
            place,
            "copy the file into the template directory",
        )
