"""Where a secret is kept. A secret never stands in a file of YAML: the file only says where it is to be found."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from clawforge.resource.meta import Strict

Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=256)]
Path = Annotated[str, StringConstraints(min_length=1, max_length=4096, pattern=r"^[^\x00-\x1f]+$")]
Argument = Annotated[str, StringConstraints(max_length=4096, pattern=r"^[^\x00]*$")]


class SecretPlace(Strict):
    """Exactly one of the three."""

    env: Variable | None = None
    """The name of a variable of the environment."""
    file: Path | None = None
    """A file that holds nothing else; a line end at its end does not count. A relative path starts at the folder of
    the file that names it."""
    exec: Annotated[tuple[Argument, ...], Field(min_length=1, max_length=64)] | None = None
    """A program and its arguments, run without a shell; what it prints is the secret."""

    @model_validator(mode="after")
    def _exactly_one(self) -> SecretPlace:
        if sum(place is not None for place in (self.env, self.file, self.exec)) != 1:
            raise ValueError("say exactly one of `env`, `file` and `exec`")
        return self


class SecretRef(Strict):
    """Stands where a secret is needed: `{secretRef: {env: NAME}}`."""

    secret_ref: SecretPlace
    """Where the secret is kept."""

    @property
    def shown(self) -> str:
        """The place in words, for messages; the secret itself is no part of it."""
        place = self.secret_ref
        if place.env is not None:
            return f"the variable {place.env}"
        return f"the file {place.file}" if place.file is not None else f"the program {(place.exec or ('',))[0]}"
