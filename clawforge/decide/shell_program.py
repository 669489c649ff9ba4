"""What is known about programs that run other programs: which of them hide what they run, and what can be
seen inside.

Two questions are answered about one simple command. `hidden_program` asks whether it runs text as a program
(`eval`, `bash -c`, `python -c`, `| sh`) or changes what later words mean (`alias`, `hash -p`): then no allow
pattern may match. `unwrap` asks what a wrapper such as `sudo` will start: that serves deny patterns only, and
is best effort.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RUNS_TEXT = _names("eval source . exec command builtin trap coproc fc emulate sched zle zcompile jobs")
_CHANGES_SHELL = _names(
    "alias unalias hash rehash enable set unset shopt setopt unsetopt export declare typeset local readonly "
    "integer float read vared mapfile readarray let getopts bind bindkey complete compgen compctl zmodload "
    "autoload functions function disable"
)
_EVALUATES_SUBSCRIPTS = _names("test [ printf print wait shift return exit break continue limit ulimit")
"""Built-ins that expand `$(...)` inside an array subscript of a plain argument: `test -v 'a[$(id)]'`."""

_READS_COMMANDS = _names("at batch parallel su runuser")
"""Programs that run what they read from their input."""
_STARTS_SHELL = _names("sudo doas ssh chroot unshare nsenter script")
"""Wrappers that start a shell where they are given no program."""
_POSIX_SHELLS = _names("sh bash zsh dash ksh ash mksh pdksh oksh loksh rksh yash rbash rzsh hush posh")
_OTHER_SHELLS = _names("fish csh tcsh elvish nu xonsh pwsh powershell cmd")
_SHELLS = _POSIX_SHELLS | _OTHER_SHELLS
_SHELL_FLAGS = re.compile(r"-[abefhkmnpuvx]+|--norc|--noprofile|--posix")
"""Of the POSIX shells: options that leave the first operand the script."""
_SHELL_QUESTIONS = frozenset({"--version", "--help"})
_STANDARD_INPUT = re.compile(r"-|/dev/stdin|/dev/fd/.*|/proc/.*/fd/.*")
_VERSION = re.compile(r"[-.]?\d[\d.]*$")


SYSTEM_DIRECTORIES = frozenset(
    f"{root}/{name}/" for root in ("", "/usr", "/usr/local", "/opt/homebrew") for name in ("bin", "sbin")
) | {"/run/current-system/sw/bin/"}
"""Where a program is the one that its base name says; `./git` and `/tmp/git` are whatever somebody put there."""


@dataclass(frozen=True, slots=True)
class SimpleCommand:
    """One program and what it gets; `program` is the base name, so `/usr/bin/git` is `git`.

    `directory` is what stood before the base name, empty for a program that the system looks up by its name.
    """

    program: str
    arguments: tuple[str, ...]
    directory: str = field(default="", compare=False)

    @classmethod
    def of(cls, words: tuple[str, ...]) -> SimpleCommand:
        """The command of at least one word, the first of which names or is a path to the program."""
        directory, slash, program = words[0].rpartition("/")
        return cls(program, words[1:], directory + slash)

    @property
    def is_system_program(self) -> bool:
        """Whether the name alone says which program runs: it is looked up, or in a directory that systems keep."""
        return not self.directory or self.directory in SYSTEM_DIRECTORIES


@dataclass(frozen=True, slots=True)
class Inside:
    """What a command will run: `commands` as words without a shell, `texts` through a shell."""

    commands: tuple[tuple[str, ...], ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Interpreter:
    letters: str
    """Short options, alone or in a cluster, whose text is a program."""
    words: frozenset[str] = frozenset()
    """Long options and subcommands whose text is a program."""


@dataclass(frozen=True, slots=True)
class _Wrapper:
    valued: frozenset[str] = frozenset()
    """Options that take the next word."""
    operands: int = 0
    """Words that come before the wrapped program."""
    assignments: bool = False
    """Whether NAME=value may come before the wrapped program."""
    text: frozenset[str] = frozenset()
    """Options whose value is shell text."""
    joins: bool = False
    """Whether the wrapped words are joined and given to a shell."""


_PYTHON = _Interpreter("c")
_NODE = _Interpreter("ep", _names("--eval --print eval"))
_INTERPRETERS: Mapping[str, _Interpreter] = {
    **dict.fromkeys(("python", "pypy", "ipython", "jython", "micropython"), _PYTHON),
    **dict.fromkeys(("node", "nodejs", "bun", "deno", "tsx", "ts-node"), _NODE),
    **dict.fromkeys(("ruby", "jruby", "lua", "luajit", "osascript", "Rscript", "R", "julia"), _NODE),
    **dict.fromkeys(("elixir", "groovy", "scala", "swift", "racket", "clojure", "ghc"), _NODE),
    "perl": _Interpreter("eEMm"),
    "php": _Interpreter("rRBE", _names("--run --process-begin --process-code --process-end")),
    "guile": _Interpreter("ce"),
    "expect": _Interpreter("c"),
    "tclsh": _Interpreter(""),
    "wish": _Interpreter(""),
    "erl": _Interpreter("", _names("-eval")),
}
_INTERPRETERS_BY_NAME = {name.casefold(): interpreter for name, interpreter in _INTERPRETERS.items()}

_PLAIN = _Wrapper()
_SUDO = _Wrapper(
    _names("-u -g -h -p -C -r -t -T -U -D -R --user --group --host --prompt --chdir --chroot --role --type"),
    assignments=True,
)
_SU = _Wrapper(_names("-s --shell -g --group -G -w"), operands=1, text=_names("-c --command"))
_WRAPPERS: Mapping[str, _Wrapper] = {
    **dict.fromkeys(("nohup", "setsid", "command", "builtin", "noglob", "nocorrect", "-", "busybox"), _PLAIN),
    **dict.fromkeys(("toybox", "fakeroot", "proxychains", "proxychains4", "torsocks", "pkexec", "catchsegv"), _PLAIN),
    "sudo": _SUDO,
    "doas": _SUDO,
    "env": _Wrapper(
        _names("-u -C --unset --chdir"),
        assignments=True,
        text=_names("-S --split-string"),
    ),
    "exec": _Wrapper(_names("-a")),
    "nice": _Wrapper(_names("-n --adjustment")),
    "time": _Wrapper(_names("-f -o --format --output")),
    "timeout": _Wrapper(_names("-k -s --kill-after --signal"), operands=1),
    "xargs": _Wrapper(_names("-I -n -P -L -d -E -a -s --replace --max-args --max-procs --delimiter --arg-file")),
    "parallel": _Wrapper(_names("-j --jobs -S --sshlogin -a --arg-file -I --colsep"), joins=True),
    "watch": _Wrapper(_names("-n --interval"), joins=True),
    "stdbuf": _Wrapper(_names("-i -o -e --input --output --error")),
    "chroot": _Wrapper(operands=1),
    "ssh": _Wrapper(_names("-p -i -l -o -F -J -L -R -D -b -c -E -e -m -O -Q -S -W -w -B -I"), operands=1, joins=True),
    "strace": _Wrapper(_names("-o -e -p -s -u -E -a -P -I -O -S -X -b")),
    "ltrace": _Wrapper(_names("-o -e -p -s -u -a -l -n")),
    "script": _Wrapper(_names("-I -O -B -T -m -E -o"), operands=1, text=_names("-c --command")),
    "su": _SU,
    "runuser": _Wrapper(_names("-u --user -g --group -G -s --shell"), text=_names("-c --command")),
    "unshare": _Wrapper(_names("-R -w -S -G --root --wd --setuid --setgid")),
    "nsenter": _Wrapper(_names("-t -S -G --target --setuid --setgid")),
    "flock": _Wrapper(_names("-w -E --timeout --conflict-exit-code"), operands=1, text=_names("-c --command")),
    "ionice": _Wrapper(_names("-c -n --class --classdata")),
    "taskset": _Wrapper(operands=1),
    "chrt": _Wrapper(operands=1),
    "gosu": _Wrapper(operands=1),
    "su-exec": _Wrapper(operands=1),
    "caffeinate": _Wrapper(_names("-t -w")),
    "repeat": _Wrapper(operands=1),
}


def hidden_program(command: SimpleCommand, *, piped: bool) -> str | None:
    """Why nobody can say what `command` will run, or None; `piped` if the output of another command is its
    input.
    """
    name = command.program.casefold()
    if not name:
        return "a command without a program name"
    if name in _RUNS_TEXT:
        return f"`{name}` runs its arguments as a command"
    if name in _CHANGES_SHELL:
        return f"`{name}` changes what later commands mean"
    if name in _EVALUATES_SUBSCRIPTS and _evaluates(name, command.arguments):
        return f"`{name}` evaluates its arguments"
    if piped and (name in _READS_COMMANDS or (name in _STARTS_SHELL and unwrap(command) == Inside())):
        return f"`{name}` runs what another command prints"
    name = _family(name)
    if name in _SHELLS:
        return _shell_reason(name, command.arguments, piped=piped)
    interpreter = _INTERPRETERS_BY_NAME.get(name)
    return _interpreter_reason(name, interpreter, command.arguments, piped=piped) if interpreter else None


def unwrap(command: SimpleCommand) -> Inside:
    """What can be seen of the programs that `command` starts in its turn; empty if it starts none."""
    name = command.program.casefold()
    if name in ("eval", "trap"):
        return Inside(texts=(" ".join(command.arguments) if name == "eval" else "".join(command.arguments[:1]),))
    if name == "find":
        return Inside(commands=_find_actions(command.arguments))
    if name in _WRAPPERS:
        return _wrapped(_WRAPPERS[name], command.arguments)
    if _family(name) in _SHELLS:
        return Inside(texts=_shell_texts(command.arguments))
    return Inside()


def is_known(program: str) -> bool:
    """Whether `hidden_program` or `unwrap` may have anything to say about a command of this program."""
    name = program.casefold()
    if not name or name == "find":
        return True
    kinds = (_RUNS_TEXT, _CHANGES_SHELL, _EVALUATES_SUBSCRIPTS, _READS_COMMANDS, _STARTS_SHELL, _WRAPPERS)
    return any(name in kind for kind in kinds) or _family(name) in _SHELLS or _family(name) in _INTERPRETERS_BY_NAME


def _family(name: str) -> str:
    """`python3.11` and `python.exe` are `python`."""
    return _VERSION.sub("", name.removesuffix(".exe"))


def _evaluates(name: str, arguments: tuple[str, ...]) -> bool:
    options = takewhile(lambda argument: argument.startswith("-"), arguments)
    if name in ("printf", "print") and any("v" in option for option in options):
        return True
    return any("[" in argument and ("$" in argument or "`" in argument) for argument in arguments)


def _shell_reason(name: str, arguments: tuple[str, ...], *, piped: bool) -> str | None:
    if piped:
        return f"`{name}` runs what another command prints"
    if len(arguments) == 1 and arguments[0] in _SHELL_QUESTIONS:
        return None
    if name in ("pwsh", "powershell", "cmd"):
        return f"`{name}` runs text as a program"
    for argument in arguments:
        if name in _POSIX_SHELLS and _SHELL_FLAGS.fullmatch(argument):
            continue
        if argument.startswith(("-", "+")) or _STANDARD_INPUT.fullmatch(argument):
            return f"`{name}` runs text as a program"
        return None
    return f"`{name}` runs what it reads from its input"


def _interpreter_reason(name: str, interpreter: _Interpreter, arguments: tuple[str, ...], *, piped: bool) -> str | None:
    """Once there is an option, every argument is suspect: the value of an option can look like a script."""
    if not arguments:
        return f"`{name}` runs what it reads from its input"
    first = arguments[0]
    if first in interpreter.words or _STANDARD_INPUT.fullmatch(first):
        return f"`{name}` runs text as a program"
    if not first.startswith("-") or (first == "-m" and interpreter is _PYTHON):
        return None
    for argument in arguments:
        option = argument.split("=", 1)[0]
        cluster = argument[1:] if argument.startswith("-") and not argument.startswith("--") else ""
        if option in interpreter.words or _STANDARD_INPUT.fullmatch(argument):
            return f"`{name}` runs text as a program"
        if any(letter in interpreter.letters for letter in cluster):
            return f"`{name}` runs text as a program"
    if len(arguments) == 1 and first.lower() in ("--version", "-v", "-vv", "--help", "-h"):
        return None
    if piped or all(argument.startswith("-") for argument in arguments):
        return f"`{name}` may run what it reads from its input"
    return None


def _shell_texts(arguments: tuple[str, ...]) -> tuple[str, ...]:
    """The text after `-c`: the first operand behind an option cluster that has a `c` in it."""
    for index, argument in enumerate(arguments):
        if not argument.startswith(("-", "+")):
            return ()
        if argument == "--command" or (not argument.startswith("--") and "c" in argument):
            return tuple(arguments[index + 1 :][:1])
    return ()


def _find_actions(arguments: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    actions: list[tuple[str, ...]] = []
    current: list[str] | None = None
    for argument in arguments:
        if current is None:
            current = [] if argument in ("-exec", "-execdir", "-ok", "-okdir") else None
        elif argument in (";", "+"):
            actions.append(tuple(current))
            current = None
        else:
            current.append(argument)
    return tuple(action for action in (*actions, tuple(current or ())) if action)


def _wrapped(wrapper: _Wrapper, arguments: tuple[str, ...]) -> Inside:
    """Skip the wrapper's own options and operands; what is left is the wrapped program."""
    rest = list(arguments)
    texts: list[str] = []
    operands = wrapper.operands
    while rest:
        word = rest[0]
        option, _, value = word.partition("=")
        if word == "--":
            rest.pop(0)
            wrapper = _Wrapper(joins=wrapper.joins, assignments=wrapper.assignments)
        elif option in wrapper.text:
            texts += [value] if value else rest[1:2]
            del rest[: 1 if value else 2]
        elif word in wrapper.valued:
            del rest[:2]
        elif word.startswith("-") and len(word) > 1:
            texts += [word[2:]] if word[:2] in wrapper.text else []
            rest.pop(0)
        elif wrapper.assignments and value and "/" not in option:
            rest.pop(0)
        elif operands:
            operands -= 1
            rest.pop(0)
        else:
            break
    if wrapper.joins and rest:
        return Inside(texts=(*texts, " ".join(rest)))
    return Inside(commands=(tuple(rest),) if rest else (), texts=tuple(texts))
