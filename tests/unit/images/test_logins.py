"""Logins where podman and docker keep them, and their credential helpers."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from compiler.diagnostics import HeatsinkError
from compiler.images.logins import Login, find_login
from compiler.images.reference import image_reference

REGISTRY = "registry.example:4000"
IMAGE = image_reference(f"{REGISTRY}/site/web:1")
HUB = image_reference("nginx")


def auth(user: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:p:w".encode()).decode()}


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(folder / "home"), "XDG_RUNTIME_DIR": str(folder / "run"), **more}


def write(path: Path, **entries: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entries))
    return path


def helper(folder: Path, name: str, script: str) -> str:
    """A PATH with a credential helper in front."""
    path = folder / "bin" / f"docker-credential-{name}"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"{path.parent}:/usr/bin:/bin"


@pytest.mark.parametrize(
    "place",
    ["run/containers/auth.json", "home/.config/containers/auth.json", "home/.docker/config.json"],
)
def test_every_place_of_the_engines_is_read(tmp_path: Path, place: str) -> None:
    write(tmp_path / place, auths={REGISTRY: auth("ann")})
    assert find_login(IMAGE, environment(tmp_path)) == Login(user="ann", secret="p:w")


def test_the_first_place_with_a_login_counts(tmp_path: Path) -> None:
    write(tmp_path / "run/containers/auth.json", auths={"other": auth("eve")})
    write(tmp_path / "home/.config/containers/auth.json", auths={REGISTRY: auth("ann")})
    write(tmp_path / "home/.docker/config.json", auths={REGISTRY: auth("bob")})
    assert find_login(IMAGE, environment(tmp_path)) == Login(user="ann", secret="p:w")


def test_registry_auth_file_stands_for_all_places(tmp_path: Path) -> None:
    write(tmp_path / "run/containers/auth.json", auths={REGISTRY: auth("ann")})
    chosen = write(tmp_path / "chosen.json", auths={})
    assert find_login(IMAGE, environment(tmp_path, REGISTRY_AUTH_FILE=str(chosen))) is None


def test_no_file_and_empty_entries_are_no_login(tmp_path: Path) -> None:
    write(tmp_path / "home/.docker/config.json", auths={REGISTRY: {}})
    assert find_login(IMAGE, environment(tmp_path)) is None


@pytest.mark.parametrize(
    ("key", "image"),
    [
        (f"{REGISTRY}/site/web", IMAGE),
        (f"{REGISTRY}/site", IMAGE),
        (f"https://{REGISTRY}/v1/", IMAGE),
        ("https://index.docker.io/v1/", HUB),
        ("docker.io", HUB),
    ],
)
def test_keys_are_registries_repositories_and_urls(tmp_path: Path, key: str, image: object) -> None:
    write(tmp_path / "home/.docker/config.json", auths={REGISTRY[:8]: auth("eve"), key: auth("ann")})
    assert find_login(image, environment(tmp_path)) == Login(user="ann", secret="p:w")  # type: ignore[arg-type]


def test_the_longest_key_counts(tmp_path: Path) -> None:
    auths = {REGISTRY: auth("all"), f"{REGISTRY}/site": auth("site"), f"{REGISTRY}/other": auth("other")}
    write(tmp_path / "run/containers/auth.json", auths=auths)
    assert find_login(IMAGE, environment(tmp_path)) == Login(user="site", secret="p:w")


@pytest.mark.parametrize(
    "entries", [{"credHelpers": {REGISTRY: "test"}}, {"credsStore": "test", "auths": {REGISTRY: {}}}]
)
def test_a_credential_helper_is_asked(tmp_path: Path, entries: dict[str, object]) -> None:
    write(tmp_path / "home/.docker/config.json", **entries)
    script = """test "$1 $(cat)" = "get registry.example:4000" && echo '{"Username": "ann", "Secret": "s"}'"""
    login = find_login(IMAGE, environment(tmp_path, PATH=helper(tmp_path, "test", script)))
    assert login == Login(user="ann", secret="s")


def test_a_helper_without_a_login_leaves_the_question_to_the_next_file(tmp_path: Path) -> None:
    write(tmp_path / "home/.config/containers/auth.json", credsStore="test")
    write(tmp_path / "home/.docker/config.json", auths={REGISTRY: auth("ann")})
    path = helper(tmp_path, "test", "echo credentials not found in native keychain; exit 1")
    assert find_login(IMAGE, environment(tmp_path, PATH=path)) == Login(user="ann", secret="p:w")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo s3cret; exit 1", "`docker-credential-test get` failed for `registry.example:4000`"),
        ("echo s3cret", "`docker-credential-test get` does not answer with a login"),
    ],
)
def test_a_helper_that_fails_is_named_and_its_output_is_not_shown(
    tmp_path: Path, script: str, message: str
) -> None:
    write(tmp_path / "home/.docker/config.json", credsStore="test")
    with pytest.raises(HeatsinkError) as raised:
        find_login(IMAGE, environment(tmp_path, PATH=helper(tmp_path, "test", script)))
    assert message in raised.value.render()
    assert "s3cret" not in raised.value.render()


@pytest.mark.parametrize(
    ("store", "message"),
    [
        ("missing", "the credential helper `docker-credential-missing` cannot be run: no such file"),
        ("../sh", "`../sh` is not the name of a credential helper"),
    ],
)
def test_a_helper_that_cannot_be_run_is_named(tmp_path: Path, store: str, message: str) -> None:
    write(tmp_path / "home/.docker/config.json", credsStore=store)
    with pytest.raises(HeatsinkError, match=message):
        find_login(IMAGE, environment(tmp_path, PATH="/nonexistent"))


@pytest.mark.parametrize("text", ["", "[]", '{"auths": []}', "s3cret"])
def test_a_file_that_is_not_an_auth_file_is_named(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "home/.docker/config.json")
    path.write_text(text)
    if not text:
        assert find_login(IMAGE, environment(tmp_path)) is None
        return
    with pytest.raises(HeatsinkError) as raised:
        find_login(IMAGE, environment(tmp_path))
    assert raised.value.problems[0].message == f"`{path}` is not an auth file of podman or docker"


def test_a_password_is_not_in_the_text_of_a_login() -> None:
    assert "s3cret" not in repr(Login(user="ann", secret="s3cret"))
