"""Asking before something is changed."""

from __future__ import annotations


def agreed(question: str) -> bool:
    """Whether a person typed `yes`. Where nobody can be asked, the answer is no, and a remark says so."""
    import typer

    from clawforge_cli.settings import may_ask
    from clawforge_cli.views.terminal import note

    if not may_ask():
        note("Nobody can be asked here; pass --auto-approve to apply without asking. Nothing was changed.")
        return False
    answer = typer.prompt(f"{question} Only 'yes' goes on", default="", show_default=False, err=True)
    if answer.strip() != "yes":
        note("Nothing was changed.")
        return False
    return True
