"""What became files, for people."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clawforge.state import UNOWNED
from clawforge_cli.views.terminal import Printer, note, safe

if TYPE_CHECKING:
    from clawforge.adoption.live import Adoption
    from clawforge_cli.dumping import FetchedDump
    from clawforge_cli.project_writing import WrittenProject

_MOST_NAMED = 5
_MOST_TYPED = 20


def show_dump(fetched: FetchedDump, done: WrittenProject, directory: Path, printer: Printer) -> None:
    """How much was written, and what the project speaks for."""
    dumped = fetched.dumped
    count = len(dumped.resources)
    resources = "1 resource" if count == 1 else f"{count:,} resources"
    printer.line(f"Wrote {resources} of {safe(dumped.file.org)}, revision {fetched.revision}, to {safe(directory)}.")
    show_written(done, printer)
    _note_sources(dumped.sources, dumped.file.source, count)
    unowned = dumped.sources.get(UNOWNED, 0)
    if dumped.referred:
        _show_referred(dumped.referred, directory, printer)
    elif unowned and len(dumped.resources) == sum(dumped.sources.values()):
        printer.line(f"{unowned:,} of them belong to nobody: the next apply of the project takes them in.")
    else:
        printer.line(f"`clawforge plan {safe(argument(directory))}` finds nothing to do.")


def show_written(done: WrittenProject, printer: Printer) -> None:
    """Counts of files; those that replaced others by name."""
    parts = [f"{len(done.created)} new"] if done.created else []
    parts += [f"{len(done.unchanged)} as they were"] if done.unchanged else []
    parts += [f"replaced {safe(', '.join(done.replaced))}"] if done.replaced else []
    printer.line(f"  files:  {', '.join(parts) or 'none'}")


def _note_sources(sources: Mapping[str, int], owner: str, count: int) -> None:
    if len(sources) < 2:
        return
    named = ", ".join(f"{safe(name or 'nobody')} ({number})" for name, number in sources.items())
    if count == sum(sources.values()):
        note(
            f"The org has several sources: {named}. The project speaks for {safe(owner)}; a plan leaves what "
            "the others own alone while nobody changes it. --source writes what one of them owns."
        )
    else:
        note(f"Only what {safe(owner)} owns was written, of {named}.")


def _show_referred(addresses: tuple[str, ...], directory: Path, printer: Printer) -> None:
    """What is missing before the project can be planned, and how to get it."""
    named = safe(" ".join(addresses[:_MOST_TYPED]))
    more = f" and {len(addresses) - _MOST_TYPED} more" if len(addresses) > _MOST_TYPED else ""
    printer.line(f"It leads to what other sources own, which the files have to repeat: {named}{more}.")
    if more:
        printer.line("`clawforge dump` without --source writes everything.")
    else:
        printer.line(f"`clawforge import {named} --out {safe(argument(directory))}` adds that.")


def argument(directory: Path) -> str:
    """The directory as it is typed in a shell, so that no command takes it for an option."""
    return shlex.quote(f"./{directory}" if str(directory).startswith("-") else str(directory))


def show_adoption(done: Adoption, directory: Path, printer: Printer) -> None:
    """Where each resource went, and who owns it."""
    for item in done.adopted:
        printer.line(("green", "+ "), f"{safe(item.address)}  {safe(item.path)}")
    for address in done.already:
        printer.line(f"  {safe(address)}  stands in the files already")
    foreign = done.owned_elsewhere
    if foreign:
        owners = ", ".join(sorted({safe(item.source) for item in foreign}))
        named = ", ".join(safe(item.address) for item in foreign[:_MOST_NAMED])
        more = f" and {len(foreign) - _MOST_NAMED} more" if len(foreign) > _MOST_NAMED else ""
        note(
            f"{named}{more}: owned by the source {owners} until an apply with --take-ownership. A plan leaves it alone "
            "as long as the files say what the control plane holds."
        )
    if done.unowned:
        named = ", ".join(safe(item.address) for item in done.unowned[:_MOST_NAMED])
        more = f" and {len(done.unowned) - _MOST_NAMED} more" if len(done.unowned) > _MOST_NAMED else ""
        note(f"{named}{more}: owned by nobody, so the next apply takes it in.")
    elif done.adopted:
        printer.line(f"`clawforge plan {safe(argument(directory))}` has nothing to do for these.")


def adoption_json(done: Adoption) -> dict[str, Any]:
    """`{source, files[], adopted[{address, path, source}], already[]}`."""
    return {
        "source": done.source,
        "files": [item.path for item in done.files],
        "adopted": [{"address": item.address, "path": item.path, "source": item.source} for item in done.adopted],
        "already": list(done.already),
    }
