"""The scenarios of tests/support/contract.py: what is configured, and what becomes of it."""

from __future__ import annotations

from typing import Any

from tests.support.contract import CONFIG, SOURCE, Run, Scenario


def entry(source: str, dest: str, **more: Any) -> dict[str, Any]:
    return {"source": f"{SOURCE}/{source}", "dest": dest, "owner": "app", "perm": "0600"} | more


def kept(source: str, dest: str, **more: Any) -> dict[str, Any]:
    """An entry that keeps the owner and mode of its source."""
    return {"source": f"{SOURCE}/{source}", "dest": dest, "preserve_properties": True} | more


def config(*config_files: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"command": "/bin/true", "config_files": list(config_files)} | more


def src(*names: str) -> dict[str, str]:
    """Source files whose text is their name."""
    return {f"{SOURCE}/{name}": name for name in names}


ONE = config(entry("a.conf", "/etc/app/a.conf"))
CHECKED = Run(check=True)
FOLDER = config(entry("d", "/etc/app"))
EVERYTHING = {"path": "/srv", "owner": "app", "recurse": True}
MADE = {"path": "/var/lib/app", "owner": "app:app", "perm": "0750"}


def permissions(*entries: dict[str, Any]) -> dict[str, Any]:
    return config(permissions=list(entries))


def bad(name: str, what: dict[str, Any] | str, *kolla: int) -> Scenario:
    """A configuration that is refused; Kolla's exit code if it is another one."""
    return Scenario(name, [Run(what, code=1)], texts={"/run_command": None}, kolla_codes=kolla or None)


SCENARIOS = [
    # The configuration.
    Scenario("the command", [Run(config(command="/bin/app -v"))], texts={"/run_command": "/bin/app -v"}),
    Scenario("config.yaml", [Run(config(), name="config.yaml")], texts={"/run_command": "/bin/true"}),
    Scenario(
        "config.yaml wins",
        [Run(config(command="yaml"), {f"{CONFIG}/config.json": '{"command": "json"}'}, name="config.yaml")],
        texts={"/run_command": "yaml"},
    ),
    Scenario(
        "a whole config.yaml",
        [
            Run(
                config(
                    entry("a.conf", "/etc/app/a.conf"),
                    permissions=[{"path": "/srv/d", "owner": "app", "recurse": True}],
                ),
                {**src("a.conf"), "/srv/d/e": ""},
                name="config.yaml",
            )
        ],
        texts={"/etc/app/a.conf": "a.conf"},
        owners={"/srv/d": "app:app", "/srv/d/e": "app:app"},
    ),
    Scenario("invalid YAML", [Run("a: [", name="config.yaml", code=1)], texts={"/run_command": None}),
    bad("invalid JSON", "{"),
    bad("without a command", {"config_files": []}),
    Scenario("no configuration", [Run(code=1)], texts={"/run_command": None}),
    Scenario("another strategy", [Run(config(), strategy="COPY", code=1)], texts={"/run_command": None}),
    # Files that are copied.
    Scenario("a missing source", [Run(ONE, code=1)], texts={"/etc/app/a.conf": None}),
    Scenario(
        "a missing source of an optional entry",
        [Run(config(entry("a.conf", "/etc/app/a.conf", optional=True))), CHECKED],
        texts={"/etc/app/a.conf": None, "/run_command": "/bin/true"},
    ),
    Scenario(
        "one file",
        [Run(ONE, src("a.conf")), CHECKED],
        texts={"/etc/app/a.conf": "a.conf"},
        modes={"/etc/app/a.conf": 0o600},
        owners={"/etc/app/a.conf": "app:app"},
    ),
    Scenario(
        "one file in place of another",
        [Run(ONE, {**src("a.conf"), "/etc/app/a.conf": "of the image"})],
        texts={"/etc/app/a.conf": "a.conf"},
    ),
    Scenario(
        "one file in place of a folder",
        [Run(ONE, {**src("a.conf"), "/etc/app/a.conf/old": "of the image"})],
        texts={"/etc/app/a.conf": "a.conf"},
    ),
    Scenario(
        "an owner with a group",
        [Run(config(entry("a.conf", "/etc/app/a.conf", owner="app:root")), src("a.conf"))],
        owners={"/etc/app/a.conf": "app:root"},
    ),
    Scenario(
        "a folder",
        [Run(FOLDER, {**src("d/one", "d/sub/two"), "/etc/app/old": "of the image"})],
        texts={"/etc/app/one": "d/one", "/etc/app/sub/two": "d/sub/two", "/etc/app/old": None},
        modes={"/etc/app/one": 0o600, "/etc/app/sub": 0o700},
    ),
    Scenario(
        "a folder merged",
        [Run(config(entry("d", "/etc/app", merge=True)), {**src("d/one"), "/etc/app/old": "of the image"})],
        texts={"/etc/app/one": "d/one", "/etc/app/old": "of the image"},
    ),
    Scenario(
        "a glob into a folder",
        [Run(config(entry("*.conf", "/etc/app/")), src("a.conf", "b.conf", "c.txt"))],
        texts={"/etc/app/a.conf": "a.conf", "/etc/app/b.conf": "b.conf", "/etc/app/c.txt": None},
    ),
    Scenario(
        "the mode of the source",
        [Run(config(kept("a.conf", "/etc/app/a.conf")), src("a.conf"))],
        modes={"/etc/app/a.conf": 0o644},
        owners={"/etc/app/a.conf": "root:root"},
    ),
    *(
        Scenario(
            f"a mode of {perm}",
            [Run(config(entry("a.conf", "/etc/app/a.conf", perm=perm)), src("a.conf"))],
            modes={"/etc/app/a.conf": 0o640},
        )
        for perm in ("0640", "640", "0o640")
    ),
    bad("an unknown key of an entry", config(entry("a.conf", "/etc/a", ignore=True)), 2),
    bad("an entry without owner", config({"source": f"{SOURCE}/a.conf", "dest": "/etc/a", "perm": "0600"})),
    # --check.
    *(
        Scenario(
            f"a check after {what}",
            [Run(ONE, src("a.conf")), Run(files={path: text}, check=True, code=1)],
        )
        for what, path, text in (
            ("the source changed", f"{SOURCE}/a.conf", "changed"),
            ("the copy changed", "/etc/app/a.conf", "changed"),
            ("the copy was removed", "/etc/app/a.conf", None),
            ("the source was removed", f"{SOURCE}/a.conf", None),
        )
    ),
    Scenario(
        "a check after the command was removed",
        [Run(ONE, src("a.conf")), Run(files={"/run_command": None}, check=True, code=1)],
        kolla_codes=[0, 2],
    ),
    Scenario(
        "a check of a glob",
        [Run(config(entry("*.conf", "/etc/app/")), src("a.conf", "b.conf")), CHECKED],
    ),
    Scenario(
        "a check of a glob with one more file",
        [
            Run(config(entry("*.conf", "/etc/app/")), src("a.conf")),
            Run(files=src("b.conf"), check=True, code=1),
        ],
    ),
    Scenario("a check of a folder", [Run(FOLDER, src("d/one")), CHECKED]),
    Scenario(
        "a check of a folder with a folder in it",
        [Run(FOLDER, src("d/one", "d/sub/two")), CHECKED],
        kolla_codes=[0, 1],  # its false alarm
    ),
    Scenario(
        "a check of a changed folder",
        [Run(FOLDER, src("d/one")), Run(files={"/etc/app/one": "changed"}, check=True, code=1)],
    ),
    Scenario(
        "a check of an optional entry whose copy is missing",
        [
            Run(config(entry("a.conf", "/etc/app/a.conf", optional=True))),
            Run(files=src("a.conf"), check=True, code=1),
        ],
    ),
    Scenario(
        "a check of an entry whose mode is kept",
        [Run(config(kept("a.conf", "/etc/app/a.conf")), src("a.conf")), CHECKED],
        kolla_codes=[0, 1],  # its false alarm
    ),
    Scenario(
        "a check after an entry was removed",
        [Run(ONE, src("a.conf")), Run(config(), check=True, code=1)],
    ),
    # What the image had.
    Scenario(
        "an entry that is removed gives the file back",
        [Run(ONE, {**src("a.conf"), "/etc/app/a.conf": "of the image"}), Run(config())],
        texts={"/etc/app/a.conf": "of the image"},
    ),
    Scenario(
        "an entry that is removed gives the folder back",
        [Run(FOLDER, {**src("d/one"), "/etc/app/old": "of the image"}), Run(config())],
        texts={"/etc/app/old": "of the image", "/etc/app/one": None},
    ),
    Scenario(
        "an entry that is removed leaves nothing",
        [Run(ONE, src("a.conf")), Run(config())],
        texts={"/etc/app/a.conf": None},
    ),
    Scenario(
        "an entry that stays is copied anew",
        [Run(ONE, src("a.conf")), Run(files={f"{SOURCE}/a.conf": "newer"})],
        texts={"/etc/app/a.conf": "newer"},
    ),
    Scenario(
        "a glob that is removed",
        [Run(config(entry("*.conf", "/etc/app/")), src("a.conf")), Run(config())],
        texts={"/etc/app/a.conf": None},
        kolla_texts={"/etc/app/a.conf": "a.conf"},
    ),
    # Folders and files that are made.
    Scenario(
        "a folder is made",
        [Run(config(directories=[MADE]))],
        texts={"/var/lib/app": "/"},
        modes={"/var/lib/app": 0o750},
        owners={"/var/lib/app": "app:app"},
    ),
    Scenario(
        "two folders are made",
        [Run(config(directories=[MADE, MADE | {"path": "/var/log/app"}]))],
        texts={"/var/lib/app": "/", "/var/log/app": "/"},
    ),
    Scenario(
        "a folder that is there gets its mode",
        [Run(config(directories=[MADE]), {"/var/lib/app/data": "data"})],
        texts={"/var/lib/app/data": "data"},
        modes={"/var/lib/app": 0o750},
    ),
    *(
        bad(f"a folder without {key}", config(directories=[dict(MADE.items() - {(key, MADE[key])})]))
        for key in MADE
    ),
    bad("a folder with a glob", config(directories=[MADE | {"path": "/var/lib/*"}])),
    Scenario(
        "a file is made",
        [Run(config(files=[MADE | {"path": "/var/lib/f"}]), {"/var/lib/": ""})],
        texts={"/var/lib/f": ""},
        modes={"/var/lib/f": 0o750},
        owners={"/var/lib/f": "app:app"},
    ),
    Scenario(
        "a file that is there keeps its text",
        [Run(config(files=[MADE | {"path": "/var/lib/f"}]), {"/var/lib/f": "data"})],
        texts={"/var/lib/f": "data"},
        owners={"/var/lib/f": "app:app"},
    ),
    bad("a file without a path", config(files=[{"owner": "app", "perm": "0600"}])),
    bad("a file with a path of null", config(files=[MADE | {"path": None}])),
    bad("a file with a glob", config(files=[MADE | {"path": "/var/lib/*"}])),
    Scenario(
        "a file in place of a link",
        [Run(config(files=[MADE | {"path": "/var/lib/f"}]), {"/var/lib/other": ""}, code=1)],
        links={"/var/lib/f": "other"},
        texts={"/var/lib/f": "-> other"},
        owners={"/var/lib/other": "root:root"},
        kolla_codes=[2],
    ),
    Scenario(
        "a file in place of a folder",
        [Run(config(files=[MADE | {"path": "/var/lib/f"}]), {"/var/lib/f/g": ""}, code=1)],
        texts={"/var/lib/f": "/"},
        kolla_codes=[2],
    ),
    Scenario(
        "a file in a missing folder",
        [Run(config(files=[MADE | {"path": "/var/lib/new/f"}]))],
        texts={"/var/lib/new/f": ""},
        kolla_codes=[2],
        kolla_texts={"/var/lib/new/f": None},
    ),
    # Permissions.
    *(
        Scenario(
            f"permissions of {perm}",
            [Run(permissions({"path": "/srv/f", "owner": "app", "perm": perm}), {"/srv/f": ""})],
            modes={"/srv/f": 0o640},
            owners={"/srv/f": "app:app"},
        )
        for perm in ("0640", "640", "0o640")
    ),
    Scenario(
        "permissions of a folder",
        [Run(permissions(EVERYTHING | {"perm": "0640"}), {"/srv/d/f": ""})],
        modes={"/srv": 0o750, "/srv/d": 0o750, "/srv/d/f": 0o640},
    ),
    Scenario(
        "permissions without recurse",
        [Run(permissions({"path": "/srv", "owner": "app"}), {"/srv/f": ""})],
        owners={"/srv": "app:app", "/srv/f": "root:root"},
    ),
    Scenario(
        "permissions of a glob",
        [Run(permissions({"path": "/srv/*.a", "owner": "app"}), {"/srv/1.a": "", "/srv/1.b": ""})],
        owners={"/srv/1.a": "app:app", "/srv/1.b": "root:root"},
    ),
    Scenario(
        "permissions but for what is excluded",
        [
            Run(
                permissions(EVERYTHING | {"exclude": ["secret$"]}),
                {"/srv/f": "", "/srv/secret": ""},
            )
        ],
        owners={"/srv/f": "app:app", "/srv/secret": "root:root"},
    ),
    Scenario("permissions of a missing path", [Run(permissions({"path": "/srv/none", "owner": "app"}))]),
    Scenario(
        "permissions of an unknown user",
        [Run(permissions({"path": "/etc", "owner": "none"}), code=1)],
        texts={"/run_command": "/bin/true"},
        kolla_codes=[2],
    ),
    # COPY_ONCE.
    Scenario(
        "a second start that copies once",
        [
            Run(ONE, src("a.conf"), strategy="COPY_ONCE"),
            Run(files={f"{SOURCE}/a.conf": "newer"}, strategy="COPY_ONCE"),
        ],
        texts={"/etc/app/a.conf": "a.conf"},
    ),
]  # fmt: skip
