"""Images are signed by a key of gpg, and refused unless a trusted one has signed their name and digest."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from compiler.diagnostics import HeatsinkError
from compiler.images.gpg import Keyring, trusting
from compiler.images.lookaside import Lookaside, ServedLookaside
from compiler.images.registry import RegistryClient
from compiler.images.signing import sign, verify, with_platforms
from tests.support.gnupg import KEY, Signer, signer
from tests.support.in_process import printed
from tests.support.layouts import SmallImage
from tests.support.loopback_registry import digest, index, loopback, serves

pytestmark = pytest.mark.skipif(not shutil.which("gpg"), reason="needs apt-get install gnupg")

DIGEST = f"sha256:{'1' * 64}"
WEB = "registry.example:4000/site/web"
IMAGES = {f"{WEB}:1": f"{WEB}@{DIGEST}", "nginx:1.27": f"nginx@{DIGEST}"}


@pytest.fixture(scope="module")
def release() -> Iterator[Signer]:
    with signer() as made:
        yield made


@pytest.fixture(scope="module")
def somebody() -> Iterator[Signer]:
    with signer() as made:
        yield made


@pytest.fixture
def lookaside(tmp_path: Path) -> Lookaside:
    return Lookaside(tmp_path / "signatures")


def signed(by: Signer, lookaside: Lookaside, **images: str) -> list[str]:
    """Sign images; those that were not signed yet."""
    outcomes = sign(Keyring(by.environment), KEY, (images or IMAGES).items(), lookaside)
    return [outcome.reference for outcome in outcomes if outcome.is_new]


def refusals(keyring: Path, lookaside: Lookaside, **images: str) -> list[str]:
    """The errors of images, without the folder of this test."""
    with trusting(keyring.read_bytes()) as keys:
        errors = [outcome.error for outcome in verify(keys, images or IMAGES, lookaside)]
    rendered = [error.render() for error in errors if error]
    return [text.replace(str(lookaside.folder), "signatures") for text in rendered]


def message(by: Signer, name: str = f"{WEB}:1", digest: str = DIGEST, **more: str) -> bytes:
    """A signature as another program writes it."""
    critical = {
        "type": "atomic container signature",
        "identity": {"docker-reference": name},
        "image": {"docker-manifest-digest": digest},
        **more,
    }
    content = json.dumps({"critical": critical, "optional": {"timestamp": 1}})
    return by.gpg("--sign", content=content.encode())


def test_signatures_lie_where_engines_look_for_them(release: Signer, lookaside: Lookaside) -> None:
    signed(release, lookaside)
    files = sorted(path for path in lookaside.folder.rglob("*") if path.is_file())
    assert [str(path.relative_to(lookaside.folder)) for path in files] == [
        f"library/nginx@sha256={'1' * 64}/signature-1",
        f"site/web@sha256={'1' * 64}/signature-1",
    ]


def test_a_signature_names_the_image_as_engines_do(release: Signer, lookaside: Lookaside) -> None:
    signed(release, lookaside)
    path, _ = next(lookaside.signatures(f"nginx@{DIGEST}"))
    critical = json.loads(release.gpg("--decrypt", str(path)))["critical"]
    assert critical == {
        "type": "atomic container signature",
        "identity": {"docker-reference": "docker.io/library/nginx:1.27"},
        "image": {"docker-manifest-digest": DIGEST},
    }


def test_an_image_without_a_tag_is_named_by_its_digest(release: Signer, lookaside: Lookaside) -> None:
    signed(release, lookaside, **{f"{WEB}@{DIGEST}": f"{WEB}@{DIGEST}"})
    _, signature = next(lookaside.signatures(f"{WEB}@{DIGEST}"))
    critical = json.loads(release.gpg("--decrypt", content=signature))["critical"]
    assert critical["identity"] == {"docker-reference": f"{WEB}@{DIGEST}"}


def test_of_an_index_the_images_of_platforms_can_be_signed_too() -> None:
    images = {name: SmallImage("x/web:1", name.encode()).image.manifest for name in ("amd64", "arm64")}
    content = index(**images)
    with loopback({f"/v2/web/manifests/{digest(content)}": serves(content)}) as server:
        client = RegistryClient(insecure=frozenset((server.address,)))
        name = f"{server.address}/web"
        wanted = with_platforms(client, {f"{name}:1": f"{name}@{digest(content)}"})
        digests = [digest(content), *map(digest, images.values())]
        assert list(wanted) == [(f"{name}:1", f"{name}@{value}") for value in digests]


def test_an_image_is_signed_once_by_each_key(release: Signer, somebody: Signer, lookaside: Lookaside) -> None:
    signed(release, lookaside)
    assert (signed(release, lookaside), signed(somebody, lookaside)) == ([], list(IMAGES))


def test_signatures_are_verified_where_they_are_served(
    release: Signer, lookaside: Lookaside, tmp_path: Path
) -> None:
    signed(release, lookaside, **{f"{WEB}:1": f"{WEB}@{DIGEST}"})
    key = release.write_public_key(tmp_path / "release")
    path = f"site/web@sha256={'1' * 64}/signature-1"
    content = (lookaside.folder / path).read_bytes()
    with loopback({f"/signatures/{path}": serves(content)}) as server, trusting(key.read_bytes()) as keys:
        served = ServedLookaside(f"http://{server.address}/signatures/")
        outcomes = list(verify(keys, {**IMAGES, f"{WEB}:1": f"{WEB}@{DIGEST}"}, served))
    errors = {outcome.reference: outcome.error and str(outcome.error) for outcome in outcomes}
    assert errors.pop(f"{WEB}:1") is None
    assert list(errors.values()) == [
        f"image `{name}` has no signature in `http://{server.address}/signatures`" for name in errors
    ]


def test_a_server_of_signatures_that_fails_is_named() -> None:
    with loopback({}) as server:
        address = server.address
    with pytest.raises(HeatsinkError, match=rf"`http://{address}/x/.*signature-1` cannot be read"):
        next(ServedLookaside(f"http://{address}/x").signatures(f"{WEB}@{DIGEST}"))


@pytest.mark.parametrize("options", [(), ("--armor",)])
def test_what_a_trusted_key_has_signed_is_accepted(
    release: Signer, lookaside: Lookaside, tmp_path: Path, options: tuple[str, ...]
) -> None:
    signed(release, lookaside)
    assert refusals(release.write_public_key(tmp_path / "release", *options), lookaside) == []


def test_one_signature_of_several_is_enough(
    release: Signer, somebody: Signer, lookaside: Lookaside, tmp_path: Path
) -> None:
    signed(somebody, lookaside)
    signed(release, lookaside)
    assert refusals(release.write_public_key(tmp_path / "release"), lookaside) == []


def test_images_without_a_signature_are_all_named(
    release: Signer, lookaside: Lookaside, tmp_path: Path
) -> None:
    assert refusals(release.write_public_key(tmp_path / "release"), lookaside) == [
        f"error: image `{reference}` has no signature in `signatures`\n"
        "hint: sign it with `heatsink images sign`"
        for reference in IMAGES
    ]


def test_a_signature_by_another_key_is_refused(
    release: Signer, somebody: Signer, lookaside: Lookaside, tmp_path: Path
) -> None:
    signed(somebody, lookaside, **{f"{WEB}:1": f"{WEB}@{DIGEST}"})
    [text] = refusals(release.write_public_key(tmp_path / "release"), lookaside, **{WEB: f"{WEB}@{DIGEST}"})
    assert text.startswith(
        f"error: image `{WEB}` has no valid signature: "
        f"`signatures/site/web@sha256={'1' * 64}/signature-1`: its key `"
    )
    assert text.endswith("` is not in the keyring\nhint: sign it with `heatsink images sign`")


def test_a_signature_of_an_expired_key_is_refused(lookaside: Lookaside, tmp_path: Path) -> None:
    long_ago = ("--faked-system-time", "20200101T000000")
    with signer(*long_ago, expires="1d") as expired:
        lookaside.add(f"{WEB}@{DIGEST}", expired.gpg(*long_ago, "--sign", content=b"{}"))
        keyring = expired.write_public_key(tmp_path / "release")
    [text] = refusals(keyring, lookaside, **{WEB: f"{WEB}@{DIGEST}"})
    assert "` has expired" in text


def test_a_signature_of_a_revoked_key_is_refused(lookaside: Lookaside, tmp_path: Path) -> None:
    with signer() as revoked:
        signed(revoked, lookaside, **{WEB: f"{WEB}@{DIGEST}"})
        [certificate] = (revoked.home / "openpgp-revocs.d").glob("*.rev")
        revoked.gpg("--import", content=certificate.read_bytes().replace(b":-----BEGIN", b"-----BEGIN"))
        keyring = revoked.write_public_key(tmp_path / "release")
    [text] = refusals(keyring, lookaside, **{WEB: f"{WEB}@{DIGEST}"})
    assert "` is revoked" in text


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "registry.example:4000/site/db:1"}, "it is for `registry.example:4000/site/db@sha256:1111"),
        ({"name": "other.example/site/web:1"}, "it is for `other.example/site/web@sha256:1111"),
        ({"digest": f"sha256:{'2' * 64}"}, f"it is for `{WEB}@sha256:2222"),
        ({"type": "other"}, "it says more of an image than is understood"),
        ({"further": "x"}, "it says more of an image than is understood"),
        ({"name": "not//a reference"}, "what it says is not about an image"),
        ({"name": WEB}, "it names an image without a tag"),
    ],
)
def test_a_signature_of_something_else_is_refused(
    release: Signer, lookaside: Lookaside, tmp_path: Path, change: dict[str, str], why: str
) -> None:
    lookaside.add(f"{WEB}@{DIGEST}", message(release, **change))
    keyring = release.write_public_key(tmp_path / "release")
    [text] = refusals(keyring, lookaside, **{WEB: f"{WEB}@{DIGEST}"})
    assert why in text


@pytest.mark.parametrize("name", [f"{WEB}:1", f"{WEB}:web", f"{WEB}@{DIGEST}"])
def test_a_signature_of_another_program_is_accepted(
    release: Signer, lookaside: Lookaside, tmp_path: Path, name: str
) -> None:
    lookaside.add(f"{WEB}@{DIGEST}", message(release, name))
    keyring = release.write_public_key(tmp_path / "release")
    assert refusals(keyring, lookaside, **{WEB: f"{WEB}@{DIGEST}"}) == []


@pytest.mark.parametrize("content", [b"", b"no signature", b'{"critical": {}}'])
def test_a_file_that_nobody_signed_is_refused(
    release: Signer, lookaside: Lookaside, tmp_path: Path, content: bytes
) -> None:
    lookaside.add(f"{WEB}@{DIGEST}", content)
    keyring = release.write_public_key(tmp_path / "release")
    [text] = refusals(keyring, lookaside, **{WEB: f"{WEB}@{DIGEST}"})
    assert "it is not a message that gpg has signed" in text


def test_a_signature_that_was_changed_is_refused(
    release: Signer, lookaside: Lookaside, tmp_path: Path
) -> None:
    uncompressed = release.gpg("--sign", "--compress-algo", "none", content=b"registry.example/site/web")
    lookaside.add(f"{WEB}@{DIGEST}", uncompressed.replace(b"site/web", b"site/evl"))
    keyring = release.write_public_key(tmp_path / "release")
    [text] = refusals(keyring, lookaside, **{WEB: f"{WEB}@{DIGEST}"})
    assert "it was changed after" in text


def test_a_text_signature_is_refused_as_engines_do(
    release: Signer, lookaside: Lookaside, tmp_path: Path
) -> None:
    lookaside.add(f"{WEB}@{DIGEST}", release.gpg("--enarmor", content=message(release)))
    keyring = release.write_public_key(tmp_path / "release")
    [text] = refusals(keyring, lookaside, **{WEB: f"{WEB}@{DIGEST}"})
    assert "it is not a message that gpg has signed" in text


def test_the_agent_of_gpg_asks_for_the_passphrase(lookaside: Lookaside) -> None:
    with signer(passphrase="s3cret") as guarded:
        guarded.answers("s3cret")
        assert signed(guarded, lookaside) == list(IMAGES)


def test_a_wrong_passphrase_is_an_error(lookaside: Lookaside) -> None:
    with signer(passphrase="s3cret") as guarded:
        guarded.answers("n0tr1ght")
        with pytest.raises(HeatsinkError, match=r"gpg cannot sign with `[0-9A-F]+`: .*Bad passphrase"):
            signed(guarded, lookaside)


def test_a_key_that_gpg_lacks_is_an_error(release: Signer, lookaside: Lookaside) -> None:
    with pytest.raises(HeatsinkError, match="gpg has no secret key `nobody`"):
        list(sign(Keyring(release.environment), "nobody", IMAGES.items(), lookaside))


def test_a_keyring_without_keys_is_an_error() -> None:
    with pytest.raises(HeatsinkError, match="gpg finds no public keys"), trusting(b"none"):
        pass


def test_commands_sign_and_verify_what_the_lock_has(release: Signer, tmp_path: Path) -> None:
    (tmp_path / "images.lock.yaml").write_text(f"images:\n  {WEB}:1: {DIGEST}\n  {WEB}:2: {DIGEST}\n")
    release.write_public_key(tmp_path / "release.asc", "--armor")

    def run(command: str) -> tuple[int, str]:
        return printed(command.split(), tmp_path, release.environment, io.StringIO())

    fingerprint = Keyring(release.environment).fingerprint(KEY)
    assert run("images verify --keyring release.asc")[0] == 1
    assert run(f"images sign --key {KEY}") == (
        0,
        f"signed {WEB}:1 at {DIGEST}\n1 signature written to signatures, 1 unchanged\n",
    )
    assert run("images verify --keyring release.asc") == (
        0,
        f"{WEB}:1 is signed by {fingerprint}\n{WEB}:2 is signed by {fingerprint}\n",
    )
