"""`clawforge who-can`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import Applied, At, Format, Org, ProjectPath, Server, TextOrJson

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def who_can(
    tool: Annotated[str, typer.Argument(metavar="TOOL", help="Tool that is called.")],
    path: ProjectPath = Path(),
    params: Annotated[
        str | None, typer.Option("--params", help="Parameters of the call, a JSON object; left out, any call counts.")
    ] = None,
    at: At = None,
    applied: Applied = False,
    server: Server = None,
    org: Org = None,
    format: Format = TextOrJson.TEXT,
) -> None:
    """List who may call a tool: everybody who is known, and who may still come."""
    from clawforge.analysis.asking import who_can as asked
    from clawforge.wire_access import WhoCanAnswer, holders_view
    from clawforge_cli.call_params import parse_params
    from clawforge_cli.state_source import state_of_files, state_of_server
    from clawforge_cli.subject_options import checked_name, parse_moment
    from clawforge_cli.views import human_access, json_documents
    from clawforge_cli.views.terminal import Printer

    checked_name("tool", tool)
    call = None if params is None else parse_params(params)
    moment = parse_moment(at)
    state = state_of_server(path, org, server) if applied else state_of_files(path)
    found = asked(state.resources, tool, moment, params=call, instances=state.instances)
    answer = WhoCanAnswer(tool=tool, at=moment, holders=tuple(holders_view(item) for item in found))
    if format is TextOrJson.JSON:
        json_documents.show(answer.model_dump(mode="json", by_alias=True))
    else:
        human_access.show_holders(answer, Printer())
