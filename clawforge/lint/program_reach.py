"""Programs that, with arguments of the caller's choice, run any other program. Public manuals of each say how."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple


class Reach(NamedTuple):
    """What a program makes possible, in words, and a command line that shows it."""

    opens: str
    witness: str


_WRAPPED = "it runs the program that its arguments name"
_SCRIPT = "it runs any script, and a script can be written first"


def _wrapper(line: str) -> Reach:
    return Reach(_WRAPPED, line)


def _scripts(*names: str) -> dict[str, Reach]:
    return {name: Reach(_SCRIPT, f"{name} ./script") for name in names}


REACHES: Mapping[str, Reach] = {
    **_scripts("bash", "sh", "zsh", "dash", "ksh", "fish", "csh", "tcsh"),
    **_scripts("python", "node", "deno", "bun", "ruby", "perl", "php", "lua", "tclsh", "osascript", "Rscript"),
    **{name: _wrapper(f"{name} rm file") for name in ("env", "sudo", "doas", "nohup", "nice", "time", "setsid")},
    **{name: _wrapper(f"{name} rm file") for name in ("xargs", "strace", "ltrace", "unshare", "busybox", "watch")},
    **{name: _wrapper(f"{name} -o L rm file") for name in ("stdbuf",)},
    "timeout": _wrapper("timeout 5 rm file"),
    "parallel": _wrapper("parallel rm ::: file"),
    "flock": _wrapper("flock lock rm file"),
    "chroot": _wrapper("chroot / rm file"),
    "ssh": Reach("it runs any command on other machines, and on this one by `-o ProxyCommand`", "ssh host rm file"),
    "find": Reach("`-exec` runs any program, and `-delete` deletes", "find . -exec rm file +"),
    "fd": Reach("`--exec` runs any program", "fd --exec rm"),
    "awk": Reach("its programs run commands by `system()`", "awk 'BEGIN { system(\"id\") }'"),
    "gawk": Reach("its programs run commands by `system()`", "gawk 'BEGIN { system(\"id\") }'"),
    "mawk": Reach("its programs run commands by `system()`", "mawk 'BEGIN { system(\"id\") }'"),
    "sed": Reach("its command `e` runs programs, and `w` writes any file", "sed '1e id' file"),
    "git": Reach("`-c core.pager=`, aliases and `ext::` remotes run any program", "git -c core.fsmonitor=./run status"),
    "make": Reach("`-f` and `--eval` take any recipe", "make -f ./other"),
    "tar": Reach("`--checkpoint-action=exec=` and `--to-command` run any program", "tar xf a.tar --to-command=./run"),
    "vi": Reach("`-c` runs commands of the editor, and those run programs", "vi -c ':!id'"),
    "vim": Reach("`-c` runs commands of the editor, and those run programs", "vim -c ':!id'"),
    "nvim": Reach("`-c` runs commands of the editor, and those run programs", "nvim -c ':!id'"),
    "emacs": Reach("`--eval` runs any code", "emacs --batch --eval '(shell-command \"id\")'"),
    "npx": Reach("it fetches any package and runs it", "npx some-package"),
    "uvx": Reach("it fetches any package and runs it", "uvx some-package"),
    "pipx": Reach("`run` fetches any package and runs it", "pipx run some-package"),
    "docker": Reach("`run -v /:/host` reaches every file of the machine", "docker run -v /:/host image rm file"),
    "podman": Reach("`run -v /:/host` reaches every file of the person", "podman run -v /:/host image rm file"),
}

_VERSION = re.compile(r"[-.]?[\d.]*\*?$")
_OPTION = re.compile(r"-[^\s'\"]*|\d+[smhd]?")


def reach_of(pattern: str) -> tuple[str, str] | None:
    """For a pattern that admits any program in the end: the program's name, `*` for every one, and what that opens.
    None for a pattern that does not, as far as is known here.

    A pattern counts only if it leaves the arguments open, and fixes none but options: `sudo systemctl restart **` is
    bounded.
    """
    words = pattern.split()
    if not words:
        return None
    program, rest = words[0], words[1:]
    if program == "*":
        return "*", "the first word admits every program"
    if not rest or rest[-1] != "**" or not all(_OPTION.fullmatch(word) for word in rest[:-1]):
        return None
    name = program.rpartition("/")[2]
    for candidate in (name, _VERSION.sub("", name)):
        if candidate in REACHES:
            return candidate, REACHES[candidate].opens
    return None
