"""The root of the command line. A command's module is imported only when that command runs."""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword
from typing import Any

import typer
from typer.core import TyperGroup

from clawforge.errors import InputError
from clawforge.load.problem_list import shown
from clawforge.spelling import nearest

COMMANDS: dict[str, str] = {
    "init": "Write a small project to begin with.",
    "lint": "Check the files of a project.",
    "fmt": "Lay out the files of a project in one style.",
    "test": "Run the policy tests of a project.",
    "ci": "Do in a pipeline what its event asks for.",
    "plan": "Show what an apply would change on the control plane.",
    "show": "Show a plan that was made before, or a revision.",
    "apply": "Make the control plane equal to the files.",
    "approve": "Show somebody else's plan, and approve it.",
    "reject": "Show somebody else's plan, and reject it.",
    "dump": "Write what the control plane holds as a project.",
    "import": "Take what is live, or another server's org, into files.",
    "drift": "Compare files, control plane and agents.",
    "log": "List the revisions of an org.",
    "diff": "Show what differs between two revisions, or the files.",
    "rollback": "Go back to what a source said at a revision.",
    "audit": "Read, follow and export the audit log, and prove it unchanged.",
    "effective": "Show the effective policy of a subject, and who decided what.",
    "can": "Decide one tool call as the agent would.",
    "explain": "Derive what a subject may do, step by step, with file and line.",
    "who-can": "List who may call a tool, known or not.",
    "what-can": "List the tools that a subject may call.",
    "blame": "Find since when a call is decided as it is, or who set a field.",
    "suggest": "Suggest the narrowest policies that still allow what was seen.",
    "login": "Sign in to a control plane.",
    "logout": "End the session that login made.",
    "whoami": "Say whose credential is used, and what it is good for.",
    "auth": "Ask about one's own rights.",
    "token": "API keys for what has no single sign-on.",
    "user": "Declared users, and stopping one at once.",
    "password": "Let somebody set a password, and set one.",
    "serve": "Run the control plane.",
    "enroll": "Let agents join.",
    "status": "Say on one screen whether the org is fine.",
    "kill": "Stop agents at once, whatever their policy says.",
    "elevate": "Have policies lifted for a while, within set bounds.",
    "overlay": "What was done by hand, and holds until it ends.",
    "reconcilers": "Who keeps the org equal to git, and how that goes.",
    "fleet": "Machines that joined, and how they stand.",
    "versions": "Versions of machines, and who is out of range.",
    "skill": "Skills: handing in, verdicts, and stopping one at once.",
    "notify": "Try how a reconciler tells people, and see what it told.",
    "agent": "Run the agent of this machine, and ask it.",
    "codeowners": "Make owners of files from the ChangePolicies.",
    "pre-commit": "Make hooks of pre-commit from the ChangePolicies.",
    "rules": "List the lint rules, or write their reference pages.",
    "schema": "Write the JSON Schemas of every document.",
    "quickstart": "Run the main job on this machine, and say what happens.",
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
        module = import_module(f"clawforge_cli.commands.{_module_name(cmd_name)}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        command.help = command.help or COMMANDS[cmd_name]
        command.short_help = COMMANDS[cmd_name]
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As everywhere, but with a word about what was probably meant. Raises InputError for what is no command."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            guess = nearest(args[0], COMMANDS)
            hint = f"Did you mean `{guess}`? " if guess else ""
            raise InputError(
                f"There is no command {shown(args[0])}.", hint=f"{hint}`clawforge --help` lists every command."
            )
        return super().resolve_command(ctx, args)


def _module_name(command: str) -> str:
    """The name of the module of a command; one that Python keeps for itself gets a mark."""
    name = command.replace("-", "_")
    return f"{name}_" if iskeyword(name) else name


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
