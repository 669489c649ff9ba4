"""Where answers are kept, by the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawforge_cli.settings import cache_directory


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({"HOME": "/home/ada"}, "/home/ada/.cache/clawforge"),
        ({"HOME": "/home/ada", "XDG_CACHE_HOME": ""}, "/home/ada/.cache/clawforge"),
        ({"HOME": "/home/ada", "XDG_CACHE_HOME": "relative"}, "/home/ada/.cache/clawforge"),
        ({"HOME": "/home/ada", "XDG_CACHE_HOME": "/var/cache"}, "/var/cache/clawforge"),
        ({"HOME": "/home/ada", "XDG_CACHE_HOME": "/var/cache", "CLAWFORGE_CACHE_DIR": "/own"}, "/own"),
        ({"HOME": "/home/ada", "CLAWFORGE_CACHE_DIR": ".cache"}, ".cache"),
        ({"HOME": "nowhere"}, None),
    ],
)
def test_the_place(environment: dict[str, str], place: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "CLAWFORGE_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert cache_directory() == (None if place is None else Path(place))
