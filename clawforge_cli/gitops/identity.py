"""Who the local git says that its user is."""

from __future__ import annotations

from pathlib import Path


def configured_email(directory: Path) -> str | None:
    """`user.email` as git has it for this directory, which need not exist yet; None if git or the setting is absent.

    Reading a setting runs no program that a repository's configuration names.
    """
    import subprocess

    inside = next((folder for folder in (directory, *directory.absolute().parents) if folder.is_dir()), Path())
    try:
        done = subprocess.run(
            ["git", "config", "--get", "user.email"],
            cwd=inside,
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip() or None if done.returncode == 0 else None
