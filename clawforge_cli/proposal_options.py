"""The options of every command that can propose a change to git instead of changing the files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Branch = Annotated[
    str | None,
    typer.Option("--branch", metavar="NAME", help="Commit it to this new branch instead; the files stay as they are."),
]
Patch = Annotated[
    Path | None, typer.Option("--patch", metavar="FILE", help="Write a patch for `git am` instead; the files stay.")
]
Author = Annotated[
    str | None, typer.Option("--author", metavar="'NAME <EMAIL>'", help="Author of the commit; default git's user.")
]
Sign = Annotated[bool, typer.Option("--sign", help="Sign the commit with the program that your git names.")]
