"""`clawforge agent`: run the agent of this machine, and ask it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import Agent, Context, Format, Server, TextOrJson
from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)

StateDirectory = Annotated[
    Path, typer.Option("--state", envvar="CLAWFORGE_STATE", metavar="DIR", help="The agent's state directory.")
]


@app.command()
def run(
    typed: typer.Context,
    state: StateDirectory,
    server: Server = None,
    enroll: Annotated[
        str | None,
        typer.Option(
            "--enroll",
            envvar="CLAWFORGE_ENROLL_TOKEN",
            metavar="TOKEN",
            help="Join with this one-use token; the variable keeps it out of the list of processes.",
        ),
    ] = None,
    workspace: Annotated[
        Path | None, typer.Option("--workspace", metavar="DIR", help="Folder that path rules call $WORKSPACE.")
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", metavar="NAME", help="Agent host on this machine; openclaw at first.")
    ] = None,
    host_version: Annotated[
        str | None, typer.Option("--host-version", metavar="VERSION", help="Version of the agent host.")
    ] = None,
    insecure_http: Annotated[
        bool,
        typer.Option("--insecure-http", envvar="CLAWFORGE_INSECURE_HTTP", help="Allow plain HTTP to another machine."),
    ] = False,
) -> None:
    """Enrol if need be, then keep the policy fresh and decide calls until stopped."""
    from clawforge_cli.agent.daemon import AgentOptions, run_agent
    from clawforge_cli.views.terminal import note, safe

    options = AgentOptions(
        directory=state,
        server=server,
        server_is_order=_on_command_line(typed, "server"),
        enrolment_token=enroll,
        insecure_http=insecure_http,
        workspace=workspace,
        host=host,
        host_version=host_version,
    )
    run_agent(options, lambda message: note(safe(message)))


@app.command()
def check(
    state: StateDirectory,
    tool: Annotated[str, typer.Option("--tool", metavar="TOOL", help="Tool that would be called.")],
    params: Annotated[str, typer.Option("--params", help="Parameters of the call, a JSON object.")] = "{}",
    agent: Agent = None,
    context: Context = None,
    format: Format = TextOrJson.TEXT,
) -> None:
    """Ask the agent whether a call is allowed. Exit 0 for allow, 3 for deny and ask, 1 if no agent answers."""
    from clawforge.resource.policy_test import Effect
    from clawforge_cli.agent.asker import ask_and_hear, question
    from clawforge_cli.call_params import parse_params
    from clawforge_cli.views import human_decision, json_documents
    from clawforge_cli.views.human_messages import message_lines
    from clawforge_cli.views.terminal import Printer, note

    decision, messages = ask_and_hear(state, question(tool, parse_params(params), agent=agent, context=context))
    for message in messages:
        for line in message_lines(message):
            note(line)
    if format is TextOrJson.JSON:
        json_documents.show(decision.model_dump(mode="json", by_alias=True))
    else:
        human_decision.show_decision(decision, Printer())
    if decision.effect is not Effect.ALLOW:
        raise typer.Exit(ExitCode.FINDINGS)


def _on_command_line(typed: typer.Context, name: str) -> bool:
    source = typed.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
