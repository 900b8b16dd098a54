"""The greeting: what runs on a host first, a few lines of `sh`, and what they report."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from compiler.deploy.answers import NotUnderstoodError
from compiler.deploy.printable import printable
from compiler.host import layout

# All that a host with nothing to do runs but `systemctl` is built into the shell: it spends almost no time.
_SCRIPT = (
    f"r=$HEATSINK_ROOT p=$r{layout.PROGRAM} s=$r{layout.SUMMARY} t=$r{layout.PENDING} c=$r{layout.CONFIRMED}"
    + r"""
up=up salt=- digest=- number=0 version=-
if [ -r "$s" ]; then
  { read -r salt digest number; read -r services; read -r stamps; } <"$s"
  # What is not in the form that heatsink writes is as if it were missing.
  case $number in *[!0-9]* | ??????????*) number= ;; esac
  case $salt in *[!0-9a-f]*) number= ;; esac
  case $digest in -) ;; *[!0-9a-f]*) number= ;; *) [ ${#digest} = 64 ] || number= ;; esac
  [ ${#salt} = 64 ] && [ -n "$digest" ] || number=
  [ -n "$number" ] || services= stamps=
  for stamp in $stamps; do [ -e "$r$stamp" ] || up=down; done
  [ -z "$services" ] || services=$(systemctl is-active $services)
  for state in $services; do [ "$state" = active ] || up=down; done
fi
[ -n "$number" ] || { up=down salt=- digest=- number=0; }
[ ! -e "$t" ] || digest=-
[ ! -r "$p" ] || read -r _ version _ <"$p"
case $version in *[!0-9a-f]* | "") version=- ;; esac
echo heatsink 1 $up $number $salt $digest "$version"
read -r verb size sum || exit 0
if [ "$verb" = confirm ]; then
  read -r seal <"$t" && [ "$seal" = "$size" ] && echo "$seal" >"$c.new" && sync "$c.new" &&
    mv -f "$c.new" "$c" && sync "${c%/*}" || { echo this change is not waiting to be confirmed >&2; exit 75; }
  echo heatsink confirmed
fi
case $verb$size in
  run* | look0) ;;
  look*) d=$(mktemp -d) && trap 'rm -rf "$d"' EXIT && p=$d/host || exit 74 ;;
  *) exit 0 ;;
esac
command -v python3 >/dev/null || { echo python3 is not installed >&2; exit 69; }
if [ "$size" != 0 ]; then
  new=$p.$$
  mkdir -p "${p%/*}" && head -c "$size" >"$new" && [ "$(sha256sum <"$new")" = "$sum  -" ] &&
    chmod 755 "$new" && sync "$new" && { [ ! -d "$p" ] || rm -rf "$p"; } &&
    mv -f "$new" "$p" && sync "${p%/*}" ||
    { rm -f "$new"; echo the host program did not arrive complete >&2; exit 74; }
fi
[ "$verb" = look ] || exec python3 -IBS "$p"
python3 -IBS "$p"
"""
)


def command(*, as_root: bool) -> tuple[str, ...]:
    """The command that runs on a host. It is the same for all, so that a process list reveals nothing."""
    return (*(() if as_root else ("sudo", "-n")), "sh", "-c", _SCRIPT)


def command_line(*, as_root: bool) -> str:
    """That command as one line, for ssh."""
    return shlex.join(command(as_root=as_root))


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeting:
    """What a host reports first. `digest` is "-" if nothing is installed completely."""

    up: bool
    generation: int
    salt: str
    digest: str
    program: str  # the host program's hash, "-" if there is none


# The salt is a key of BLAKE2, which takes 64 bytes.
_LINE = re.compile(
    r"heatsink 1 (?P<up>up|down) (?P<generation>[0-9]{1,9}) (?P<salt>[!-~]{1,64})"
    r" (?P<digest>-|[0-9a-f]{64}) (?P<program>-|[0-9a-f]+)\n"
)


def read_greeting(line: bytes) -> Greeting:
    """The greeting in the first line of a host. Raises NotUnderstoodError."""
    text = line.decode(errors="replace")
    if not (match := _LINE.fullmatch(text)):
        raise NotUnderstoodError(f"`{printable(text.strip(), 60)}`")
    return Greeting(
        up=match["up"] == "up",
        generation=int(match["generation"]),
        salt=match["salt"],
        digest=match["digest"],
        program=match["program"],
    )
