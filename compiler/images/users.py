"""`users.yaml` in a tree of images: users and groups, whose numbers are the same in every image.

users:
  nova: {uid: 42436, groups: [kvm]}
groups:
  kvm: 42490
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from compiler import files, schemas
from compiler.diagnostics import CompileError, Problem, closest
from compiler.node import Mapping as MappingNode
from compiler.node import Node, Scalar, children, expect_mapping, is_null
from compiler.node.yaml import parse
from compiler.source import Span

NAME = "users.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageGroup:
    """A group of an image."""

    name: str
    gid: int
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUser:
    """A user of an image, with the group of its own and the names of others."""

    name: str
    uid: int
    group: ImageGroup
    groups: tuple[str, ...]
    home: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageUsers:
    """The users of all trees, and the groups beside theirs."""

    users: tuple[ImageUser, ...] = ()
    groups: tuple[ImageGroup, ...] = ()

    @property
    def all_groups(self) -> tuple[ImageGroup, ...]:
        """The groups, with those of users."""
        return (*self.groups, *(user.group for user in self.users))

    def variables(self) -> dict[str, object]:
        """What a Dockerfile.j2 sees of them, by number."""
        by_number = sorted(self.users, key=lambda user: user.uid)
        groups = sorted({(group.gid, group.name) for group in self.all_groups})
        return {
            "users": {user.name: _variables(user) for user in by_number},
            "groups": {name: gid for gid, name in groups},
        }


def image_users(folders: Iterable[Path]) -> ImageUsers:
    """The users of the trees. Raises CompileError with all names and numbers that clash."""
    trees = [_file(folder / NAME) for folder in folders if (folder / NAME).exists()]
    every = ImageUsers(
        users=tuple(user for tree in trees for user in tree.users),
        groups=tuple(group for tree in trees for group in tree.groups),
    )
    problems = [*_clashes(every), *_unknown_groups(every)]
    if problems:
        raise CompileError.of(problems)
    return every


def _variables(user: ImageUser) -> dict[str, object]:
    return {
        "uid": user.uid,
        "gid": user.group.gid,
        "group": user.group.name,
        "groups": list(user.groups),
        "home": user.home,
    }


def _file(path: Path) -> ImageUsers:
    root = parse(files.read(path))
    if root is None or is_null(root):
        return ImageUsers()
    schemas.check(root, "image_users")
    sections = expect_mapping(root, "a users file").entries
    return ImageUsers(
        users=tuple(_users(sections.get("users"))), groups=tuple(_groups(sections.get("groups")))
    )


def _users(section: Node | None) -> Iterator[ImageUser]:
    if isinstance(section, MappingNode):
        for name, item in section.entries.items():
            yield _user(name, expect_mapping(item, "a user").entries, section.key_span(name))


def _user(name: str, values: Mapping[str, Node], span: Span) -> ImageUser:
    uid = values["uid"]
    gid = values.get("gid", uid)
    groups = children(values["groups"]) if "groups" in values else ()
    return ImageUser(
        name=name,
        uid=_number(uid),
        group=ImageGroup(name=_text(values.get("group"), name), gid=_number(gid), span=gid.span),
        groups=tuple(_text(group, "") for group in groups),
        home=_text(values.get("home"), f"/var/lib/{name}"),
        span=span,
    )


def _groups(section: Node | None) -> Iterator[ImageGroup]:
    for name, gid in section.entries.items() if isinstance(section, MappingNode) else ():
        yield ImageGroup(name=name, gid=_number(gid), span=gid.span)


def _number(node: Node) -> int:
    assert isinstance(node, Scalar)
    assert isinstance(node.value, int)
    return node.value


def _text(node: Node | None, default: str) -> str:
    return str(node.value) if isinstance(node, Scalar) else default


@dataclass(frozen=True, slots=True)
class _Claim:
    """What has a name or a number: those of one `key` must have one `value`, or else `message` says so."""

    key: tuple[str, object]
    value: object
    span: Span
    message: str = field(compare=False)


def _clashes(every: ImageUsers) -> Iterator[Problem]:
    """One problem for each user and group that has a name or a number of another one."""
    first: dict[tuple[str, object], _Claim] = {}
    for claims in (*map(_of_user, every.users), *map(_of_group, every.groups)):
        others = [(claim, first.setdefault(claim.key, claim)) for claim in claims]
        yield from [_clash(*pair) for pair in others if pair[0].value != pair[1].value][:1]


def _clash(claim: _Claim, other: _Claim) -> Problem:
    line = other.span.source.line(other.span.line).strip()
    message = claim.message.format(this=claim.value, other=other.value)
    return Problem(message, claim.span, f"the other one is `{line}` at {other.span}")


def _of_user(user: ImageUser) -> tuple[_Claim, ...]:
    message = f"users `{{this}}` and `{{other}}` have the same number {user.uid}"
    return (
        _Claim(("user", user.name), str(user.span), user.span, f"duplicate user `{user.name}`"),
        _Claim(("uid", user.uid), user.name, user.span, message),
        *_of_group(user.group),
    )


def _of_group(group: ImageGroup) -> tuple[_Claim, ...]:
    of_name = f"group `{group.name}` has the numbers {{this}} and {{other}}"
    of_number = f"groups `{{this}}` and `{{other}}` have the same number {group.gid}"
    return (
        _Claim(("group", group.name), group.gid, group.span, of_name),
        _Claim(("gid", group.gid), group.name, group.span, of_number),
    )


def _unknown_groups(every: ImageUsers) -> Iterator[Problem]:
    known = {group.name for group in every.all_groups}
    for user in every.users:
        for group in user.groups:
            if group not in known:
                hint = closest(group, known) or "add it to `groups`, with its number"
                yield Problem(f"user `{user.name}` is in an unknown group `{group}`", user.span, hint)
