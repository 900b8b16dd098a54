"""The parameter `SecretKinds`: which secrets are key pairs and certificates."""

from __future__ import annotations

from compiler.diagnostics import Report, closest
from compiler.model.credential import SECRET_KINDS, Credential, CredentialKind
from compiler.model.inputs import Environment
from compiler.node import Mapping, Node, expect_mapping, expect_sequence, expect_string
from compiler.schemas import check
from compiler.stages.resolve.settings import set_in


def credentials(environment: Environment) -> tuple[Credential, ...]:
    """The credentials of an environment, by name. Raises CompileError with every mistake.

    SecretKinds:
      TlsCa: {kind: ca}
      WebTls: {kind: certificate, ca: TlsCa, names: [www.example.com]}
      MigrationSsh: {kind: key_pair}
    """
    node = set_in(environment, SECRET_KINDS)
    if node is None:
        return ()
    check(node, "secret_kinds")
    entries = expect_mapping(node, f"`{SECRET_KINDS}`").entries
    credentials = tuple(
        _credential(name, expect_mapping(entries[name], "a credential")) for name in sorted(entries)
    )
    _check_authorities(credentials, entries)
    return credentials


def _credential(name: str, node: Mapping) -> Credential:
    names = node.entries.get("names")
    return Credential(
        name=name,
        kind=CredentialKind(expect_string(node.entries["kind"], "`kind`")),
        ca=expect_string(node.entries["ca"], "`ca`") if "ca" in node.entries else "",
        names=tuple(expect_string(item, "a name") for item in expect_sequence(names, "`names`").items)
        if names
        else (),
    )


def _check_authorities(credentials: tuple[Credential, ...], entries: dict[str, Node]) -> None:
    """Raise CompileError for certificates without an authority, and for anything else with one."""
    authorities = [credential.name for credential in credentials if credential.kind is CredentialKind.CA]
    mistakes = Report()
    for credential in credentials:
        node = expect_mapping(entries[credential.name], "a credential")
        if (credential.kind is CredentialKind.CERTIFICATE) != bool(credential.ca):
            rule = "must name the `ca` that signs it" if not credential.ca else "cannot have a `ca`"
            mistakes.error(f"a `{credential.kind}` {rule}", node.span)
        elif credential.ca and credential.ca not in authorities:
            hint = closest(credential.ca, authorities) or f"add `{credential.ca}: {{kind: ca}}`"
            mistakes.error(
                f"`{credential.ca}` is not a `ca` of `{SECRET_KINDS}`", node.entries["ca"].span, hint
            )
    mistakes.check()
