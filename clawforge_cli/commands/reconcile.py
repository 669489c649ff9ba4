"""`clawforge reconcile`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Org, Server
from clawforge_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from clawforge.load.reconciler_file import ReconcilerFile
    from clawforge.reconcile.step_error import StepError
    from clawforge_cli.gitops.reconciling import Reconciler

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def reconcile(
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="A configuration with one or many sources.")
    ] = None,
    repo: Annotated[
        str | None,
        typer.Option("--repo", metavar="URL", help="The repository, or its folder, if there is no --config."),
    ] = None,
    branch: Annotated[str, typer.Option("--branch", help="The branch to follow.")] = "main",
    path: Annotated[str, typer.Option("--path", metavar="DIR", help="The folder that holds clawforge.yaml.")] = ".",
    name: Annotated[
        str | None, typer.Option("--name", help="What the reconciler is called; else as its source.")
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="The ownership scope that the project must declare.")
    ] = None,
    environment: Annotated[
        str | None, typer.Option("--environment", help="The entry of `environments` that the project is read as.")
    ] = None,
    allowed_signers: Annotated[
        Path | None, typer.Option("--allowed-signers", metavar="FILE", help="SSH keys whose commits count.")
    ] = None,
    gpg_keyring: Annotated[
        Path | None, typer.Option("--gpg-keyring", metavar="FILE", help="GPG keys whose commits count.")
    ] = None,
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="Take commits of anybody who can push, signed or not.")
    ] = False,
    interval: Annotated[str, typer.Option("--interval", metavar="DURATION", help="How often to look.")] = "1m",
    state: Annotated[
        Path | None, typer.Option("--state", metavar="DIR", help="Folder for mirrors; else below the state directory.")
    ] = None,
    once: Annotated[
        bool,
        typer.Option("--once", help="One cycle; exit 0 in sync, 3 for findings, 4 if somebody must agree, else 1."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan; nothing is applied.")] = False,
    server: Server = None,
    org: Org = None,
) -> None:
    """Keep an org equal to a branch in git: fetch, verify, check, plan, apply, and look whether agents follow."""
    from clawforge_cli.gitops.command_sources import SourceOptions, options_file
    from clawforge_cli.gitops.reconciling import Reconciler
    from clawforge_cli.views.terminal import note, safe

    options = SourceOptions(
        repo,
        branch,
        path,
        name,
        source,
        environment,
        allowed_signers,
        gpg_keyring,
        unsigned,
        interval,
        state,
        server,
        org,
    )
    file = _configured(config) if config is not None and repo is None else options_file(options, config)
    directory = Path() if config is None else config.parent
    reconciler = Reconciler(file, directory, lambda line: note(safe(line).replace("\\u{000a}", "\n  ")))
    if dry_run:
        _show_plans(reconciler)
    elif once:
        once_each(reconciler)
    else:
        reconciler.run()


def _configured(path: Path) -> ReconcilerFile:
    """The configuration of a file. Raises ReconcilerFileError after showing what is wrong with it."""
    import sys

    from clawforge.load.reconciler_file import ReconcilerFileError, read_reconciler_file
    from clawforge_cli.views.human_problems import show_diagnostics
    from clawforge_cli.views.terminal import Printer

    try:
        return read_reconciler_file(path)
    except ReconcilerFileError as error:
        show_diagnostics(list(error.problems), Printer(sys.stderr, colour=None if sys.stderr.isatty() else False))
        raise


def once_each(reconciler: Reconciler) -> None:
    """One cycle of each source, one after the other, each with its lease kept for as long as it takes. Raises
    typer.Exit with the gravest code."""
    from clawforge.reconcile.step_error import StepError

    codes = []
    with reconciler.loops() as loops:
        for loop in loops:
            loop.keeper.start()
            try:
                result, _ = loop.once()
            finally:
                loop.keeper.close()
            codes.append(_exit_code(result if isinstance(result, StepError) else result.error))
    _leave(codes)


def _show_plans(reconciler: Reconciler) -> None:
    from clawforge.reconcile.step_error import StepError
    from clawforge_cli.gitops.dry_run import planned
    from clawforge_cli.views import human_plan
    from clawforge_cli.views.terminal import Printer, safe

    codes = []
    for settings in reconciler.file.sources:
        try:
            plan = planned(reconciler, settings)
        except StepError as error:
            reconciler.say(f"{safe(settings.name)}: {error.words}")
            codes.append(_exit_code(error))
        else:
            human_plan.show_plan(plan, Printer(), detail=False)
    _leave(codes)


def _leave(codes: list[ExitCode]) -> None:
    """Exit with the gravest code, if one of them is not 0."""
    for code in (ExitCode.ERROR, ExitCode.FINDINGS, ExitCode.CONFLICT):
        if code in codes:
            raise typer.Exit(code)


def _exit_code(error: StepError | None) -> ExitCode:
    if error is None:
        return ExitCode.OK
    if error.findings:
        return ExitCode.FINDINGS
    return ExitCode.CONFLICT if error.blocked else ExitCode.ERROR
