"""`clawforge schema`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def schema(
    out: Annotated[Path, typer.Option("--out", help="Directory to write to.")] = Path("schemas"),
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 3 when a file is out of date.")] = False,
) -> None:
    """Write the JSON Schemas of every document, generated from the models."""
    import orjson

    from clawforge.schema import schemas
    from clawforge_cli.views.terminal import note

    stale = []
    for name, document in schemas().items():
        text = orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n"
        path = out / name
        if path.is_file() and path.read_bytes() == text:
            continue
        stale.append(name)
        if not check:
            out.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
    if check and stale:
        note(f"Out of date: {', '.join(stale)}. Run `clawforge schema`.")
        raise typer.Exit(ExitCode.FINDINGS)
    typer.echo(f"{len(schemas())} schemas are up to date." if not stale else f"Wrote {', '.join(stale)}.")
