"""What a pipeline vouches for, in a file."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from clawforge.errors import InputError
from clawforge.wire import Vouched

_LARGEST = 1024 * 1024


def read_vouched(path: Path) -> Vouched:
    """Read `{"ref": ..., "approvers": [...], "signers": [...]}`, or authors alone without a ref. Raises InputError
    for anything else."""
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path} is too large to say who approved a commit.")
        found = Vouched.model_validate_json(path.read_bytes(), strict=True, by_alias=True, by_name=False)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise _says_nothing(path) from error
    if found.ref is None and (found.approvers or found.signers or not found.authors):
        raise _says_nothing(path)
    return found


def _says_nothing(path: Path) -> InputError:
    return InputError(
        f"{path} does not say who approved a commit.",
        hint='Write {"ref": "refs/heads/main", "approvers": ["a@acme.example"], "signers": []}.',
    )
