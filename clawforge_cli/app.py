"""The root of the command line. A command's module is imported only when that command runs."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS: dict[str, str] = {
    "init": "Write a small project to begin with.",
    "lint": "Check the files of a project.",
    "fmt": "Lay out the files of a project in one style.",
    "test": "Run the policy tests of a project.",
    "plan": "Show what an apply would change on the control plane.",
    "apply": "Make the control plane equal to the files.",
    "log": "List the revisions of an org.",
    "effective": "Show the effective policy of a subject, with where each value was written.",
    "can": "Decide one tool call as the agent would.",
    "serve": "Run the control plane.",
    "enroll": "Let agents join.",
    "agent": "Run the agent of this machine, and ask it.",
    "rules": "List the lint rules, or write their reference pages.",
    "schema": "Write the JSON Schemas of every document.",
    "quickstart": "Run the main job on this machine and say what happens.",
    "version": "Print the version.",
}
"""Every command and its one-line help, in the order of `--help`."""


class LazyCommands(TyperGroup):
    """Finds commands by name in `clawforge_cli.commands`."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the module of a command; None for a name that is no command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"clawforge_cli.commands.{cmd_name}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        command.help = command.help or COMMANDS[cmd_name]
        return command


app = typer.Typer(
    cls=LazyCommands,
    help="Policy as code for fleets of AI agents.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"auto_envvar_prefix": "CLAWFORGE", "help_option_names": ["-h", "--help"]},
)


@app.callback()
def root() -> None:
    """Policy as code for fleets of AI agents."""
