"""What the parser of the command line has to say, in words for people."""

from __future__ import annotations

from collections.abc import Sequence

from clawforge.errors import InputError
from clawforge.spelling import nearest


def wrong_usage(error: Exception, arguments: Sequence[str]) -> InputError:
    """The parser's error as ours: what is wrong, then what was probably meant and where help is."""
    context = getattr(error, "ctx", None)
    path = getattr(context, "command_path", None) or _command_path(arguments)
    help_hint = f"`{path} --help` shows how it is used."
    option = getattr(error, "option_name", None)
    if type(error).__name__ == "NoSuchOption" and isinstance(option, str):
        # The dashes, which all of them share, would make everything look alike.
        guess = nearest(option.lstrip("-"), _options(context))
        meant = f"Did you mean `--{guess}`? " if guess else ""
        return InputError(f"`{path}` has no option `{option}`.", hint=meant + help_hint)
    says = error.format_message() if hasattr(error, "format_message") else str(error)
    # Where a value is checked by a model, its words begin with the name of an exception.
    return InputError(says.replace(": Value error, ", ": ", 1), hint=help_hint)


def _options(context: object) -> list[str]:
    """The long options of the command, without their dashes."""
    parameters = getattr(getattr(context, "command", None), "params", ())
    names = [name for item in parameters for name in (*item.opts, *item.secondary_opts)]
    return [name.removeprefix("--") for name in (*names, "--help") if name.startswith("--")]


def _command_path(arguments: Sequence[str]) -> str:
    from clawforge_cli.app import COMMANDS

    return f"clawforge {arguments[0]}" if arguments and arguments[0] in COMMANDS else "clawforge"
