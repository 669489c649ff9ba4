"""The reference page of the command line, in Markdown, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import typer

from clawforge_cli.app import app

ENVIRONMENT: dict[str, str] = {
    "CLAWFORGE_SERVER": "Address of the control plane, where neither `--server` nor anything nearer is given.",
    "CLAWFORGE_TOKEN": "The token that is sent to the control plane.",
    "CLAWFORGE_TOKEN_FILE": "A file that holds the token; read if `CLAWFORGE_TOKEN` is empty.",
    "CLAWFORGE_IMPORT_TOKEN": "The token for the server that `import --from-clawforge` reads.",
    "CLAWFORGE_IMPORT_TOKEN_FILE": "A file that holds it; read if `CLAWFORGE_IMPORT_TOKEN` is empty.",
    "CLAWFORGE_SESSION_STORE": "`file` keeps sessions out of the keyring, in a file that only you can read.",
    "CLAWFORGE_ID_TOKEN": "The identity token of a pipeline, for `login --federated` and `ci --federated`.",
    "CLAWFORGE_FORGE_TOKEN": "The token for the git forge that `ci` comments on and asks for reviews.",
    "CLAWFORGE_INSECURE_HTTP": "`1` permits plain HTTP to another machine, if something else protects the way.",
    "CLAWFORGE_ORG": "The org, instead of the project's.",
    "CLAWFORGE_STATE": "The agent's state directory.",
    "CLAWFORGE_ENROLL_TOKEN": "The one-use token with which an agent joins.",
    "CLAWFORGE_NO_COLOR": "Anything turns colour off; so do `NO_COLOR` and `TERM=dumb`.",
    "CLAWFORGE_CACHE_DIR": "Where `lint` keeps what it found, instead of `$XDG_CACHE_HOME/clawforge` or "
    "`~/.cache/clawforge`.",
    "CLAWFORGE_NO_CACHE": "Anything makes `lint` neither use nor keep what it found before.",
    "CLAWFORGE_CLI_ARGS": "Arguments that stand behind the name of every command; `CLAWFORGE_CLI_ARGS_plan` for `plan` "
    "alone, and so on.",
    "CLAWFORGE_TRACE": "`1` shows the traceback of an internal error.",
    "CI": "Anything means that nobody can answer a question.",
}
"""Variables that are read, apart from those that stand for a single option."""

_HEAD = """\
# Commands

`clawforge COMMAND --help`, or `-h`, prints the same. [Exit codes](exit-codes.md) mean the same everywhere. Every option
can also be set by the variable beside it; what is typed wins. `clawforge --install-completion` teaches your shell the
commands, `--show-completion` only prints how.
"""


@dataclass(frozen=True, slots=True)
class Command:
    """One command without commands below it: its words, such as `agent check`, and what the parser knows of it."""

    words: tuple[str, ...]
    definition: Any

    @property
    def name(self) -> str:
        """As it is typed after `clawforge`."""
        return " ".join(self.words)


def commands() -> Iterator[Command]:
    """Every command, in the order of `--help`."""
    root: Any = typer.main.get_command(app)
    yield from _below((), root)


def _below(words: tuple[str, ...], group: Any) -> Iterator[Command]:
    for name in group.list_commands(None):
        found = group.get_command(None, name)
        if hasattr(found, "list_commands"):
            yield from _below((*words, name), found)
        else:
            yield Command((*words, name), found)


def cli_page() -> str:
    """Every command with its arguments and options, and every variable."""
    sections = [_section(command) for command in commands()]
    rows = [f"| `{name}` | {_cell(text)} |" for name, text in ENVIRONMENT.items()]
    variables = "\n".join(["## Environment", "", "| Variable | |", "|-|-|", *rows])
    return "\n\n".join([_HEAD.rstrip(), *sections, variables]) + "\n"


def _section(command: Command) -> str:
    parameters = [item for item in command.definition.params if not item.hidden]
    arguments = [item for item in parameters if item.param_type_name == "argument"]
    options = [item for item in parameters if item.param_type_name == "option"]
    usage = ["clawforge", command.name, *(["[OPTIONS]"] if options else []), *map(_placeholder, arguments)]
    parts = [f"## {command.name}", " ".join(command.definition.help.split()), f"```text\n{' '.join(usage)}\n```"]
    if arguments:
        rows = [f"| `{_cell(_metavar(item))}` | {_default(item)} | {_cell(item.help or '')} |" for item in arguments]
        parts.append("\n".join(["| Argument | Default | |", "|-|-|-|", *rows]))
    if options:
        rows = [
            f"| {_spelling(item)} | {_default(item)} | {_cell(item.help or '')} | `{variable_of(command, item)}` |"
            for item in options
        ]
        parts.append("\n".join(["| Option | Default | | Variable |", "|-|-|-|-|", *rows]))
    return "\n\n".join(parts)


def _placeholder(argument: Any) -> str:
    several = "..." if argument.nargs != 1 else ""
    return f"{_metavar(argument)}{several}" if argument.required else f"[{_metavar(argument)}]{several}"


def _metavar(parameter: Any) -> str:
    """What stands for the value: the words that are accepted, or what kind of thing it is."""
    if parameter.metavar:
        return str(parameter.metavar)
    if parameter.multiple:
        return "TEXT"
    annotation = parameter.type_descriptor.annotation
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return "|".join(str(item.value) for item in annotation)
    name = str(annotation.__name__)
    return {"str": "TEXT", "int": "NUMBER", "float": "NUMBER"}.get(name, name.upper())


def _spelling(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    return names if option.is_flag else f"{names} `{_cell(_metavar(option))}`"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default
    if value is None or value is False or value == ():
        return ""
    return f"`{value.value if isinstance(value, Enum) else value}`"


def variable_of(command: Command, option: Any) -> str:
    """The variable that stands for an option: the one that it names, or `CLAWFORGE_COMMAND_OPTION`."""
    if option.envvar:
        return str(option.envvar if isinstance(option.envvar, str) else option.envvar[0])
    return "_".join(["clawforge", *command.words, option.name]).upper().replace("-", "_")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
