"""What a pipeline vouches for, in a file."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from clawforge.errors import InputError
from clawforge.wire import Vouched

_LARGEST = 1024 * 1024


def read_vouched(path: Path) -> Vouched:
    """Read `{"ref": ..., "approvers": [...], "signers": [...]}`. Raises InputError for anything else."""
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path} is too large to say who approved a commit.")
        return Vouched.model_validate_json(path.read_bytes(), strict=True, by_alias=True, by_name=False)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise InputError(
            f"{path} does not say who approved a commit.",
            hint='Write {"ref": "refs/heads/main", "approvers": ["a@acme.example"], "signers": []}.',
        ) from error
