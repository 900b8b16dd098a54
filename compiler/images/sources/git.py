"""Git, as the program that is installed, and the commit of a reference.

It never asks for a password: a repository that needs one needs a credential helper, or an agent of ssh.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess

from compiler.diagnostics import HeatsinkError

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_QUICK = 60.0  # seconds
_OF_A_REPOSITORY = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
)  # that we are run in


def commit_of(location: str, reference: str) -> str:
    """The commit that a branch, a tag or a full hash means there now. Raises HeatsinkError."""
    if COMMIT.fullmatch(reference):
        return reference
    command = ("ls-remote", "--", location, reference, f"{reference}^{{}}")
    lines = run_git(command, timeout=_QUICK).splitlines()
    commits = {name: commit for commit, _, name in (line.partition("\t") for line in lines)}
    tag = f"refs/tags/{reference}"
    for name in (f"{tag}^{{}}", tag, f"refs/heads/{reference}", f"{reference}^{{}}", reference):
        if name in commits:
            return commits[name]
    raise HeatsinkError(
        f"it has no branch or tag `{reference}`", hint="check the reference, or name a full commit"
    )


def run_git(arguments: tuple[str, ...], *, timeout: float) -> str:
    """What git prints. Raises HeatsinkError if it fails, is not installed, or takes too many seconds."""
    command = ("git", *arguments)
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=_environment(),
            start_new_session=True,  # to end its helpers, too
        )
    except FileNotFoundError:
        raise HeatsinkError("git is not installed", hint="install it with `apt-get install git`") from None
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise HeatsinkError(f"git takes more than {timeout:g} s") from None
    finally:
        _end(process)
    if process.returncode:
        raise HeatsinkError(_last_line(errors))
    return output


def _end(process: subprocess.Popen[str]) -> None:
    """End git, which has its own session, with its helpers, if it still runs."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _environment() -> dict[str, str]:
    own = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    asking = {} if "GIT_SSH_COMMAND" in os.environ else {"GIT_SSH_COMMAND": "ssh -o BatchMode=yes"}
    kept = {name: value for name, value in os.environ.items() if name not in _OF_A_REPOSITORY}
    return {**kept, **own, **asking}


def _last_line(errors: str) -> str:
    lines = [line for line in errors.splitlines() if line.strip()]
    text = next((line for line in lines if line.startswith("fatal: ")), lines[-1] if lines else "git failed")
    return re.sub(r"(?<=://)[^/@\s]*@", "", text.removeprefix("fatal: "))
