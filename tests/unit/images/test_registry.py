"""What is asked of a registry, and how one that lies, stalls or never ends is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from compiler.diagnostics import HeatsinkError
from compiler.images.registry import ImageManifest, RegistryClient
from tests.support.loopback_registry import (
    CONFIG,
    Handler,
    Loopback,
    digest,
    image,
    loopback,
    manifests,
    serves,
    write_certificate,
)

WEB = image(1)
MANIFEST = "/v2/web/manifests/1"


def client(server: Loopback, folder: Path | None = None, **options: object) -> RegistryClient:
    """A client of a server without TLS, whose logins are in a folder."""
    environment = (
        {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)} if folder else {"HOME": "/nonexistent"}
    )
    settings = {"insecure": frozenset([server.address]), "environment": environment, **options}
    return RegistryClient(**settings)  # type: ignore[arg-type]


def refusal(client: RegistryClient, reference: str) -> str:
    with pytest.raises(HeatsinkError) as raised:
        client.manifest(reference)
    return raised.value.render()


def test_the_digest_of_an_image_is_that_of_the_manifest_its_registry_serves() -> None:
    with loopback(manifests(**{"1": WEB})) as server:
        manifest = client(server).manifest(f"{server.address}/web:1")
    assert (manifest.digest, manifest.config, manifest.layers) == (digest(WEB), CONFIG, 1)


def test_an_image_that_the_registry_does_not_have_is_an_error() -> None:
    with loopback({}) as server:
        message = refusal(client(server), f"{server.address}/web:1")
    assert message == (
        f"error: cannot query the registry for `{server.address}/web:1`: it has no such image\n"
        "hint: check the name and the tag"
    )


def trickles(request: Handler) -> None:
    """A byte now and then, and no end."""
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(b" ")
        time.sleep(0.05)


def trickles_headers(request: Handler) -> None:
    request.wfile.write(b"HTTP/1.0 200 OK\r\n")
    while True:
        request.wfile.write(b"X")
        time.sleep(0.05)


def floods(request: Handler) -> None:
    request.send_response(200)
    request.end_headers()
    while True:
        request.wfile.write(bytes(1 << 20))


def sleeps(request: Handler) -> None:
    time.sleep(3)


FAULTS: dict[str, tuple[Callable[[Handler], None], str]] = {
    "silent": (sleeps, "not answered within 0.5 s"),
    "trickle": (trickles, "not answered within 0.5 s"),
    "endless header": (trickles_headers, "not answered within 0.5 s"),
    "flood": (floods, "more than 4 MiB answered"),
    "circle": (serves(b"", 307, Location=MANIFEST), "redirected without end"),
    "elsewhere": (
        serves(b"", 302, Location="http://registry.invalid/web"),
        "redirected to `http://registry.invalid`, which is another server",
    ),
    "to a file": (serves(b"", 302, Location="file:///etc/passwd"), "redirected to `file://`"),
    "no JSON": (serves(b"<html>"), "what it answers is not JSON"),
    "too deep": (serves(b"[" * 100_000), "what it answers is not JSON"),
    "no manifest": (serves(b"{}"), "what it serves is not an image manifest"),
    "odd digest": (serves(b'{"config": {"digest": "x"}}'), "what it serves is not an image manifest"),
    "odd index": (serves(b'{"manifests": {}}'), "what it serves is not an image manifest"),
    "other digest": (serves(WEB, Docker_Content_Digest=digest(b"other")), "does not have the digest"),
    "error": (serves(b"", 500), "it answers with HTTP status 500"),
    "escapes": (serves(b"", 302, Location="http://\x1bred/"), "redirected to `http://?red`"),
    "denied": (serves(b"", 403), "it requires a login"),
    "unknown challenge": (serves(b"", 401, WWW_Authenticate="Negotiate"), "it requires a login"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_registry_that_lies_or_stalls_is_refused_in_time(fault: str) -> None:
    answer, reason = FAULTS[fault]
    with loopback({MANIFEST: answer}) as server:
        began = time.monotonic()
        limit = 0.5 if "0.5 s" in reason else 20
        message = refusal(client(server, limit=limit), f"{server.address}/web:1")
        assert time.monotonic() - began < 15
    assert message.startswith(f"error: cannot query the registry for `{server.address}/web:1`: ")
    assert reason in message


def test_another_manifest_than_the_one_of_the_digest_is_refused() -> None:
    asked = digest(b"what was asked for")
    with loopback({f"/v2/web/manifests/{asked}": serves(WEB)}) as server:
        message = refusal(client(server), f"{server.address}/web@{asked}")
    assert "what it serves does not have the digest that it should have" in message


def test_a_redirect_within_the_registry_is_followed() -> None:
    answers = {MANIFEST: serves(b"", 307, Location="/mirror"), "/mirror": serves(WEB)}
    with loopback(answers) as server:
        assert client(server).manifest(f"{server.address}/web:1").digest == digest(WEB)


def test_nobody_at_the_address_is_an_error() -> None:
    message = refusal(RegistryClient(environment={}), "127.0.0.1:1/web:1")
    assert message == "error: cannot query the registry for `127.0.0.1:1/web:1`: connection refused"


def asks_for(challenge: str, authorization: str) -> Callable[[Handler], None]:
    """Serves the image to those who are authorized."""

    def answer(request: Handler) -> None:
        if request.headers.get("Authorization") == authorization:
            request.reply(WEB)
        else:
            request.reply(status=401, WWW_Authenticate=challenge.replace("HERE", request.headers["Host"]))

    return answer


def logs_in(folder: Path, address: str, **entry: str) -> None:
    """What `podman login` leaves; `ann:secret` unless an entry is given."""
    path = folder / "containers/auth.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"auths": {address: entry or {"auth": "YW5uOnNlY3JldA=="}}}))


def test_a_login_of_the_engines_is_used_where_the_registry_asks_for_it(tmp_path: Path) -> None:
    answers = {MANIFEST: asks_for('Basic realm="registry"', "Basic YW5uOnNlY3JldA==")}
    with loopback(answers) as server:
        logs_in(tmp_path, server.address)
        manifest = client(server, tmp_path).manifest(f"{server.address}/web:1")
    assert manifest.digest == digest(WEB)
    assert server.seen == [(MANIFEST, ""), (MANIFEST, "Basic YW5uOnNlY3JldA==")]


def test_a_wrong_login_is_refused_and_the_password_shown_nowhere(tmp_path: Path) -> None:
    with loopback({MANIFEST: asks_for('Basic realm="registry"', "Basic other")}) as server:
        logs_in(tmp_path, server.address)
        one = client(server, tmp_path)
        message = refusal(one, f"{server.address}/web:1")
    assert message == (
        f"error: cannot query the registry for `{server.address}/web:1`: access denied for user `ann`\n"
        f"hint: run `podman login {server.address}`"
    )
    assert "secret" not in repr(one)


BEARER = 'Bearer realm="http://HERE/token",service="registry",scope="repository:web:pull"'


@pytest.mark.parametrize(
    ("entry", "asked"),
    [
        (None, ("/token?service=registry&scope=repository%3Aweb%3Apull", "")),
        ({}, ("/token?service=registry&scope=repository%3Aweb%3Apull", "Basic YW5uOnNlY3JldA==")),
        (
            {"identitytoken": "idt"},
            (
                "/token?grant_type=refresh_token&client_id=heatsink&refresh_token=idt"
                "&service=registry&scope=repository%3Aweb%3Apull",
                "",
            ),
        ),
    ],
    ids=["anonymous", "password", "identity token"],
)
def test_a_token_is_obtained_where_the_registry_asks_for_one(
    tmp_path: Path, entry: dict[str, str] | None, asked: tuple[str, str]
) -> None:
    answers = {MANIFEST: asks_for(BEARER, "Bearer t0k"), "/token": serves(b'{"token": "t0k"}')}
    with loopback(answers) as server:
        if entry is not None:
            logs_in(tmp_path, server.address, **entry)
        client(server, tmp_path).manifest(f"{server.address}/web:1")
    assert server.seen[1:] == [asked, (MANIFEST, "Bearer t0k")]


def test_a_login_does_not_follow_a_redirect_to_another_server(tmp_path: Path) -> None:
    with loopback({"/": serves(b'{"token": "t0k"}')}) as other:
        answers = {
            MANIFEST: asks_for(BEARER, "Bearer t0k"),
            "/token": serves(b"", 307, Location=f"http://{other.address}/"),
        }
        with loopback(answers) as server:
            logs_in(tmp_path, server.address)
            message = refusal(client(server, tmp_path), f"{server.address}/web:1")
    assert f"redirected to `http://{other.address}`, which is another server" in message
    assert other.seen == []


def test_a_login_is_not_sent_to_another_server_without_tls(tmp_path: Path) -> None:
    challenge = 'Bearer realm="http://tokens.invalid/",service="registry"'
    with loopback({MANIFEST: asks_for(challenge, "Bearer t0k")}) as server:
        logs_in(tmp_path, server.address)
        message = refusal(client(server, tmp_path), f"{server.address}/web:1")
    assert "it wants a login without TLS at `http://tokens.invalid/`" in message


def over_tls(tmp_path: Path, trusted: Callable[[Loopback], RegistryClient]) -> ImageManifest:
    with loopback(manifests(**{"1": WEB}), tls=tmp_path) as server:
        return trusted(server).manifest(f"{server.address}/web:1")


def test_an_own_authority_is_trusted_by_its_file(tmp_path: Path) -> None:
    manifest = over_tls(tmp_path, lambda _: RegistryClient(ca=tmp_path / "ca.crt", environment={}))
    assert manifest.digest == digest(WEB)


def test_an_own_authority_is_trusted_where_the_engines_look_for_it(tmp_path: Path) -> None:
    def trusted(server: Loopback) -> RegistryClient:
        folder = tmp_path / ".config/containers/certs.d" / server.address
        folder.mkdir(parents=True)
        (folder / "ca.crt").write_text((tmp_path / "ca.crt").read_text())
        return RegistryClient(environment={"HOME": str(tmp_path)})

    assert over_tls(tmp_path, trusted).digest == digest(WEB)


def test_an_unknown_authority_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(HeatsinkError) as raised:
        over_tls(tmp_path, lambda _: RegistryClient(environment={}))
    message = raised.value.render()
    assert "unable to get local issuer certificate" in message
    assert "hint: put the certificate of its authority into `/etc/containers/certs.d/127.0.0.1:" in message


def test_a_registry_without_tls_has_to_be_named_as_such() -> None:
    with loopback(manifests(**{"1": WEB})) as server:
        message = refusal(RegistryClient(environment={}), f"{server.address}/web:1")
    assert f"hint: for a registry without TLS use `--insecure-registry {server.address}`" in message


def test_a_file_that_is_not_a_certificate_is_named(tmp_path: Path) -> None:
    ca, *_ = write_certificate(tmp_path)
    ca.write_text("none")
    message = refusal(RegistryClient(ca=ca, environment={}), "127.0.0.1:1/web:1")
    assert message == f"error: `{ca}` is not a certificate in PEM format"
