"""Arguments and options that the commands about skills share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the skill, which has its SKILL.md.")]
Submission = Annotated[str, typer.Argument(metavar="ID", help="Submission, as `skill review` names it.")]
Project = Annotated[Path, typer.Option("--project", metavar="DIR", help="Project that the verdict goes to.")]
File = Annotated[str | None, typer.Option("--file", metavar="PATH", help="File of the project that it goes to.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept in the log and in the files.")]
Seen = Annotated[
    Path | None, typer.Option("--folder", metavar="DIR", help="Content that was looked at: it must be what came in.")
]
ReviewBy = Annotated[
    str | None, typer.Option("--review-by", metavar="DAY", help="Last day on which it counts; default in 180 days.")
]
Users = Annotated[list[str] | None, typer.Option("--user", help="Only for this user; may be repeated.")]
Groups = Annotated[list[str] | None, typer.Option("--group", help="Only for this group; may be repeated.")]
Replace = Annotated[
    str | None, typer.Option("--replace", metavar="ADDRESS", help="Put it in place of this approval of the skill.")
]
