"""Writes the reference pages of kinds, commands and exit codes, or checks that they are up to date.

For those who develop clawforge: `python -m clawforge_cli.reference --write docs/reference`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from clawforge.load.resource import written_address
from clawforge.load.yaml import compose
from clawforge.reference_pages import Example, reference_pages
from clawforge_cli.exit_codes import ExitCode
from clawforge_cli.views.reference_cli import cli_page
from clawforge_cli.views.reference_exit_codes import exit_codes_page

_PAGES = Path("docs/reference")
_EXAMPLES = Path("tests/fixtures/reference")


def pages(examples: Path) -> dict[str, str]:
    """Every page by file name. Raises ValueError for an example that cannot be read, and KeyError for a missing one."""
    return {
        **reference_pages(dict(map(_read, sorted(examples.glob("*.yaml"))))),
        "cli.md": cli_page(),
        "exit-codes.md": exit_codes_page(),
    }


def _read(path: Path) -> tuple[str, Example]:
    """The one kind of the documents in a file, and the documents."""
    data = path.read_bytes()
    documents, problems = compose(data, file=path.name)
    values = tuple(document.value for document in documents)
    kinds = {(written_address(value) or "Project/").partition("/")[0] for value in values}
    if problems or len(kinds) != 1:
        raise ValueError(f"{path} does not hold readable documents of one kind: {problems}")
    return kinds.pop(), Example(data.decode(), values)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run with the arguments of the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m clawforge_cli.reference", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", type=Path, metavar="DIR", help="write the pages there")
    action.add_argument(
        "--check", type=Path, metavar="DIR", nargs="?", const=_PAGES, help="exit 3 when a page there is out of date"
    )
    parser.add_argument(
        "--examples", type=Path, default=_EXAMPLES, metavar="DIR", help="complete documents of each kind"
    )
    chosen = parser.parse_args(arguments)
    folder: Path = chosen.write or chosen.check
    wanted = {name: text.encode() for name, text in pages(chosen.examples).items()}
    present = {path.name: path.read_bytes() for path in folder.glob("*.md")}
    stale = sorted(name for name in wanted.keys() | present.keys() if wanted.get(name) != present.get(name))
    if chosen.check:
        if stale:
            sys.stderr.write(f"Out of date: {', '.join(stale)}. Run `{parser.prog} --write {folder}`.\n")
            return ExitCode.FINDINGS
        sys.stdout.write(f"{len(wanted)} pages are up to date.\n")
        return ExitCode.OK
    folder.mkdir(parents=True, exist_ok=True)
    for name in stale:
        if name in wanted:
            (folder / name).write_bytes(wanted[name])
        else:
            (folder / name).unlink()
    sys.stdout.write(f"Wrote {len(stale)} of {len(wanted)} pages.\n")
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
