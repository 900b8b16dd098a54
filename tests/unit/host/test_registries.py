"""Engines pull with the logins of the bundle that they pull for, which is not installed yet."""

from __future__ import annotations

import pytest

from compiler.host import layout
from compiler.model.artifact import Artifacts, File
from tests.support.bundles import service
from tests.support.engine import Engine, engine_of
from tests.support.host_folder import HostFolder
from tests.support.operator import contents

PATH = f"{layout.REGISTRIES}/.docker/config.json"
LOGIN = Artifacts(files=(File(path=PATH, content=b"login @{heatsink:secret:Pw|base64}", sensitive=True),))
TAG = "registry.example/app:1"


@pytest.fixture
def engine(host: HostFolder) -> Engine:
    """An engine whose registry wants the password `right`; two services are on the host."""
    engine = engine_of(host)
    engine.offers({TAG: "i0"})
    engine.has(login="login cmlnaHQ=")
    host.writes(service("one"))
    assert host.push().error is None
    host.writes(service("app", images=(TAG,)), LOGIN)
    return engine


def test_the_login_of_a_bundle_is_there_before_its_files_are(engine: Engine) -> None:
    outcome = engine.host.push(Pw="right")
    assert outcome.error is None, outcome.error.render()
    assert engine.images() == {"i0": [TAG]}


def test_a_wrong_password_changes_nothing_and_the_error_says_what_to_check(engine: Engine) -> None:
    before = contents(engine.host.path("/etc"))
    error = engine.host.push(Pw="wrong").error
    assert error is not None
    assert error.render() == (
        f"error: localhost: image `{TAG}` cannot be pulled: "
        f"Error: reading manifest of {TAG}: unauthorized: authentication required\n"
        "hint: nothing on the host was changed; "
        "check the user and the password that the bundle has for the registry"
    )
    assert contents(engine.host.path("/etc")) == before
    assert not engine.host.path(PATH).exists()


def test_no_login_is_left_where_engines_pulled(engine: Engine) -> None:
    engine.host.push(Pw="right")
    assert not (engine.host.path(layout.PULL_HOME)).exists()


def test_an_image_that_the_policy_of_a_bundle_refuses_is_named_and_changes_nothing(engine: Engine) -> None:
    engine.has(unsigned=TAG, login="")
    policy = File(path=f"{layout.REGISTRIES}/.config/containers/policy.json", content=b"{}")
    engine.host.writes(service("app", images=(TAG,)), Artifacts(files=(policy,)))
    before = contents(engine.host.path("/etc"))
    error = engine.host.push().error
    assert error is not None
    assert error.render() == (
        f"error: localhost: image `{TAG}` cannot be pulled: "
        "Error: Source image rejected: A signature was required, but no signature exists\n"
        "hint: nothing on the host was changed; "
        "sign it by a key that the bundle trusts (`heatsink images sign`), and serve the signature"
    )
    assert contents(engine.host.path("/etc")) == before
