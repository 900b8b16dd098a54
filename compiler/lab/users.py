"""The users of a node, beside root: one for each answer that sudo can give."""

from __future__ import annotations

SUDO_RULES = {
    "operator": "{user} ALL = (ALL) NOPASSWD: ALL",
    "operator-password": "{user} ALL = (ALL) ALL",
    "operator-tty": "Defaults:{user} requiretty\n{user} ALL = (ALL) NOPASSWD: ALL",
    "operator-nosudo": "",
}
"""User → lines of sudoers(5)."""
USERS = ("root", *SUDO_RULES)


def sudoers() -> str:
    """The text of a file in /etc/sudoers.d."""
    return "".join(f"{rule.format(user=user)}\n" for user, rule in SUDO_RULES.items() if rule)
