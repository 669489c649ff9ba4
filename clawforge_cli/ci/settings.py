"""What the command line asks of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge_cli.ci.threshold import Threshold

if TYPE_CHECKING:
    from clawforge.load.project_file import ProjectFile
    from clawforge_cli.settings import Connection


@dataclass(frozen=True, slots=True)
class CiOptions:
    """`account` is the service account that the pipeline signs in as; without one a token or a session is used.
    `require_reviewed` refuses a merge of which no plan was reviewed. `sarif` and `code_quality` are files to write."""

    root: Path
    server: str | None = None
    account: str | None = None
    audience: str | None = None
    thresholds: frozenset[Threshold] = frozenset()
    comment: bool = True
    vouch: bool = False
    require_reviewed: bool = False
    sarif: Path | None = None
    code_quality: Path | None = None


@contextmanager
def control_plane_access(options: CiOptions, file: ProjectFile) -> Iterator[Connection]:
    """The control plane with a credential that is good within the block. Raises InputError and the errors of signing
    in."""
    from clawforge_cli.settings import connection, named_server

    if options.account is None:
        yield connection(options.server, project_server=file.server, org=file.org)
        return
    from clawforge_cli.oidc.pipeline_session import pipeline_session

    server = named_server(options.server, file.server)
    with pipeline_session(server, file.org, options.account, options.audience) as session:
        yield session
