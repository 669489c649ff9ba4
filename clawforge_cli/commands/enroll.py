"""`clawforge enroll`: let agents join."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import Groups, Org, ProjectPath, Server, Tags

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def enroll() -> None:
    """Let agents join."""


@app.command()
def mint(
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="User whom the machine acts for.")],
    path: ProjectPath = Path(),
    instance: Annotated[
        str | None, typer.Option("--instance", metavar="NAME", help="Name of the instance; chosen by the server else.")
    ] = None,
    group: Groups = None,
    tag: Tags = None,
    ttl: Annotated[str, typer.Option("--ttl", metavar="DURATION", help="How long the token may be used.")] = "1h",
    uses: Annotated[int, typer.Option("--uses", min=1, max=10_000, help="How many machines may use it.")] = 1,
    server: Server = None,
    org: Org = None,
) -> None:
    """Make an enrolment token. Only the token is printed on standard output; it is shown once."""
    from pydantic import ValidationError

    from clawforge.errors import InputError
    from clawforge.resource.meta import parse_duration
    from clawforge.wire import EnrollmentRequest
    from clawforge_cli.client import ControlPlane
    from clawforge_cli.org_choice import choose_org
    from clawforge_cli.settings import connection
    from clawforge_cli.subject_options import parse_tags

    tags = parse_tags(tag)
    try:
        request = EnrollmentRequest(
            user=user.removeprefix("User/"),
            instance=instance,
            groups=tuple(sorted(set(group or ()))),
            tags=tags,
            ttl=parse_duration(ttl),
            uses=uses,
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(f"--{first['loc'][0]}: {first['msg']}.") from error
    except ValueError as error:
        raise InputError(f"--ttl: {error}.") from error
    chosen = choose_org(path, org)
    answer = ControlPlane(connection(server, project_server=chosen.server)).mint_enrollment(chosen.org, request)
    typer.echo(answer.token)
