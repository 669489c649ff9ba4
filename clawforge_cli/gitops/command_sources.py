"""One source from the options of a command line, in the form in which a file would have it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from clawforge.errors import InputError
from clawforge.load.project import read_project_file
from clawforge.load.reconciler_file import ReconcilerFile, SourceSettings
from clawforge.reconcile.repository_url import is_folder
from clawforge.reconcile.source_settings import Repository, Trust
from clawforge_cli.gitops.mirror_source import MirrorSource
from clawforge_cli.settings import named_server, state_directory


class SourceOptions(NamedTuple):
    """What was typed."""

    repo: str | None
    branch: str
    path: str
    name: str | None
    source: str | None
    environment: str | None
    allowed_signers: Path | None
    gpg_keyring: Path | None
    unsigned: bool
    interval: str
    state: Path | None
    server: str | None
    org: str | None


def options_file(options: SourceOptions, config: Path | None) -> ReconcilerFile:
    """The configuration that the options amount to. The org and the source, where they are not named, are those that
    the project declares now; later commits do not change them. Raises InputError and FetchError."""
    if options.repo is None or config is not None:
        raise InputError("Say what to follow.", hint="Pass --repo with a URL or a folder, or --config, and not both.")
    folder = str(Path(options.repo).absolute()) if is_folder(options.repo) else options.repo
    state = (options.state or state_directory() / "reconcile").absolute()
    try:
        repository = Repository(url=folder, branch=options.branch, path=options.path)
        trust = _trust(options)
        org, source = _declared(options, state, repository, trust)
        settings = SourceSettings(
            name=options.name or source,
            org=org,
            source=source,
            repository=repository,
            environment=options.environment,
            interval=options.interval,  # type: ignore[arg-type]  # read as YAML is
            trust=trust,
        )
        return ReconcilerFile(
            api_version="clawforge/v1",
            kind="Reconciler",
            server=named_server(options.server),
            state=str(state),
            sources=(settings,),
        )
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{field or 'The source'}: {first['msg'].removeprefix('Value error, ')}.") from error


def _trust(options: SourceOptions) -> Trust:
    if options.unsigned:
        if options.allowed_signers is not None or options.gpg_keyring is not None:
            raise InputError("With --unsigned nobody's signature is asked for.", hint="Leave one of them out.")
        return Trust(signatures="off")
    if options.allowed_signers is None and options.gpg_keyring is None:
        raise InputError(
            "Nobody is trusted yet: say whose commits count.",
            hint="Pass --allowed-signers FILE or --gpg-keyring FILE; --unsigned takes the commits of everybody who can "
            "push.",
        )
    return Trust(allowed_signers=_whole(options.allowed_signers), gpg_keyring=_whole(options.gpg_keyring))


def _whole(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())


def _declared(options: SourceOptions, state: Path, repository: Repository, trust: Trust) -> tuple[str, str]:
    """Org and source: as the options name them, else as the project does."""
    if options.org is not None and options.source is not None:
        return options.org, options.source
    found = MirrorSource.open(state, repository, trust)
    with found.files(found.fetch()) as files:
        file = read_project_file(files.root, files=files)
    if file is None:
        raise InputError(
            f"The branch {options.branch} holds no readable clawforge.yaml in {options.path}.",
            hint="Name the folder with --path; or name --org and --source, and its problems are shown.",
        )
    environment = file.environments.get(options.environment or "")
    org = options.org or (environment.org if environment is not None and environment.org else file.org)
    return org, options.source or file.source
