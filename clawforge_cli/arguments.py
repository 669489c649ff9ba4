"""Arguments that several commands share, declared once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.address_completion import complete_address

ProjectPath = Annotated[Path, typer.Argument(metavar="PROJECT", help="Directory of the project.")]
Server = Annotated[
    str | None, typer.Option("--server", envvar="CLAWFORGE_SERVER", help="Address of the control plane.")
]
Org = Annotated[str | None, typer.Option("--org", envvar="CLAWFORGE_ORG", help="Org, instead of the project's.")]
Instance = Annotated[str | None, typer.Option("--instance", help="Instance that the subject works on.")]
Agent = Annotated[str | None, typer.Option("--agent", help="Agent on the instance.")]
Context = Annotated[str | None, typer.Option("--context", help="Context, such as work or personal.")]
Groups = Annotated[list[str] | None, typer.Option("--group", help="Group given at enrolment; may be repeated.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Tag of the instance, key=value; may be repeated.")]
At = Annotated[str | None, typer.Option("--at", help="Moment, RFC 3339; default now.")]
PlanId = Annotated[str, typer.Argument(metavar="PLAN", help="Id of the plan.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why; it is kept with the revision and in the log.")]
VouchedFile = Annotated[
    Path | None,
    typer.Option("--vouched", metavar="FILE", help="Who approved and signed the commit, said by a trusted pipeline."),
]
Applied = Annotated[bool, typer.Option("--applied", help="Ask the control plane instead of reading the files.")]

Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        metavar="ADDRESS",
        help="Only this resource, or all that begin so: Policy/team-*.",
        autocompletion=complete_address,
    ),
]
Excludes = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude", metavar="ADDRESS", help="All but this resource; may be repeated.", autocompletion=complete_address
    ),
]
Selects = Annotated[
    list[str] | None, typer.Option("--select", metavar="LABEL=VALUE", help="Only resources with this label.")
]
Machines = Annotated[
    list[str] | None,
    typer.Option(
        "--select",
        metavar="SELECTOR",
        help="Only machines that fit: user=ann, group=eng, tag:env=prod, status=stale, version:host<2026.9 and more, "
        "separated by commas.",
    ),
]
TakeOwnership = Annotated[
    list[str] | None,
    typer.Option(
        "--take-ownership",
        metavar="ADDRESS",
        help="Take this resource over from another source.",
        autocompletion=complete_address,
    ),
]


class TextOrJson(StrEnum):
    """Output for people or for programs."""

    TEXT = "text"
    JSON = "json"


class PlanForm(StrEnum):
    """Output of a plan: for people, for programs, or for a comment on a pull request."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


PlanFormat = Annotated[PlanForm, typer.Option("--format", help="Form of the output.")]
DetailedExitCode = Annotated[
    bool, typer.Option("--detailed-exitcode", help="Exit 2 when there are changes, 0 when there are none.")
]
Detail = Annotated[bool, typer.Option("--detail", help="List the fields of created and destroyed resources.")]
Format = Annotated[TextOrJson, typer.Option("--format", help="Form of the output.")]
Output = Annotated[TextOrJson, typer.Option("--format", "-o", help="Form of the output.")]
