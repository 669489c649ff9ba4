"""Reading a secret from where a file says that it is kept."""

from __future__ import annotations

from pathlib import Path

from clawforge.errors import InputError
from clawforge.secret import Secret
from clawforge.secret_ref import SecretRef
from clawforge_cli.settings import variable_of_a_secret

_MOST_BYTES = 64 * 1024
_SECONDS = 15


def read_secret(ref: SecretRef, directory: Path) -> Secret:
    """The secret. A relative file starts at `directory`. Raises InputError, which never shows what was read."""
    place = ref.secret_ref
    if place.env is not None:
        value = variable_of_a_secret(place.env)
    elif place.file is not None:
        value = _text(_from_file(directory / place.file, ref), ref)
    else:
        value = _text(_from_program(place.exec or (), directory, ref), ref)
    if not value:
        raise InputError(f"There is no secret in {ref.shown}.", hint="Set it, or name another place.", code="no-secret")
    return Secret(value)


def _text(data: bytes, ref: SecretRef) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"What {ref.shown} gives is not UTF-8 text.", code="no-secret") from error
    return text.removesuffix("\n").removesuffix("\r")


def _from_file(path: Path, ref: SecretRef) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is no usable name"
        raise InputError(f"The secret in {ref.shown} cannot be read: {why}.", code="no-secret") from error
    if len(data) > _MOST_BYTES:
        raise InputError(f"{ref.shown.capitalize()} is too large for a secret.", code="no-secret")
    return data


def _from_program(arguments: tuple[str, ...], directory: Path, ref: SecretRef) -> bytes:
    import subprocess

    try:
        done = subprocess.run(
            arguments,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        late = isinstance(error, subprocess.TimeoutExpired)
        why = f"did not end within {_SECONDS} seconds" if late else "cannot be run"
        raise InputError(f"The secret is not to be had: {ref.shown} {why}.", code="no-secret") from error
    if done.returncode != 0 or len(done.stdout) > _MOST_BYTES:
        why = f"ended with {done.returncode}" if done.returncode else "printed too much"
        raise InputError(f"The secret is not to be had: {ref.shown} {why}.", code="no-secret")
    return done.stdout
