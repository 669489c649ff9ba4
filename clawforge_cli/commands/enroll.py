"""`clawforge enroll`: let agents join."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import Format, Groups, Org, ProjectPath, Server, Tags, TextOrJson

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def enroll() -> None:
    """Let agents join."""


@app.command()
def mint(
    path: ProjectPath = Path(),
    template: Annotated[
        str | None,
        typer.Option("--template", metavar="NAME", help="Enrollment that says what the machine gets, and the rest."),
    ] = None,
    user: Annotated[
        str | None,
        typer.Option(
            "--user", metavar="NAME", help="User whom the machine acts for; a template may name the only one."
        ),
    ] = None,
    instance: Annotated[
        str | None, typer.Option("--instance", metavar="NAME", help="Name of the instance; chosen by the server else.")
    ] = None,
    group: Groups = None,
    tag: Tags = None,
    ttl: Annotated[
        str | None,
        typer.Option("--ttl", metavar="DURATION", help="How long the token may be used; an hour without a template."),
    ] = None,
    uses: Annotated[
        int | None,
        typer.Option("--uses", min=1, max=10_000, help="How many machines may use it; one without a template."),
    ] = None,
    approval: Annotated[bool, typer.Option("--approval", help="Have each machine wait for an approval.")] = False,
    server: Server = None,
    org: Org = None,
) -> None:
    """Make an enrolment token. Only the token is printed on standard output; it is shown once."""
    from pydantic import ValidationError

    from clawforge.errors import InputError
    from clawforge.resource.meta import parse_duration
    from clawforge.wire_enrollment import EnrollmentRequest
    from clawforge_cli.fleet_client import FleetClient
    from clawforge_cli.subject_options import parse_tags

    tags = parse_tags(tag)
    try:
        request = EnrollmentRequest(
            template=None if template is None else template.removeprefix("Enrollment/"),
            user=None if user is None else user.removeprefix("User/"),
            instance=instance,
            groups=tuple(sorted(set(group or ()))),
            tags=tags,
            ttl=None if ttl is None else parse_duration(ttl),
            uses=uses,
            require_approval=approval,
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError(f"--{first['loc'][0]}: {first['msg']}.") from error
    except ValueError as error:
        raise InputError(f"--ttl: {error}.") from error
    if template is None and user is None:
        raise InputError(
            "A token is for a user, or comes from a template.", hint="Pass --user NAME or --template NAME."
        )
    client = FleetClient.chosen(server, org, path)
    typer.echo(client.mint_enrollment(client.org, request).token)


@app.command(name="list")
def list_(server: Server = None, org: Org = None, format: Format = TextOrJson.TEXT) -> None:
    """List enrolment tokens, without their text."""
    import datetime as dt

    from clawforge_cli.fleet_client import FleetClient
    from clawforge_cli.views import human_fleet, json_documents
    from clawforge_cli.views.terminal import Printer

    found = FleetClient.chosen(server, org).enrollments()
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_fleet.show_enrollments(found, dt.datetime.now(dt.UTC), Printer())


@app.command()
def revoke(
    enrollment: Annotated[str, typer.Argument(metavar="ID", help="Id of the token, as `enroll list` shows it.")],
    server: Server = None,
    org: Org = None,
) -> None:
    """Take an enrolment token back: nobody joins with it any more. Machines that did stay."""
    from clawforge_cli.fleet_client import FleetClient
    from clawforge_cli.views.terminal import note, safe

    FleetClient.chosen(server, org).revoke_enrollment(enrollment)
    note(f"The enrolment token {safe(enrollment)} is revoked.")
