"""What somebody has to do about a version that is not in order."""

from __future__ import annotations

from clawforge.resource.version_target import ComponentTarget
from clawforge.version_range import VersionKey, parse_range, version_key


def remedy(component: str, version: str | None, target: ComponentTarget, *, host: str) -> str:
    """What to do, such as `update openclaw to >=2026.9.6`. `host` is the name of the agent host."""
    what = {"host": host, "plugin": "the clawforge plugin", "runtime": f"the runtime below {host}"}[component]
    wanted = target.range
    key = _key(version)
    if version is None or key is None:
        said = "its version" if version is None else f"a version that can be read instead of {version}"
        return f"have {what} report {said}" + (f"; {wanted} is required" if wanted is not None else "")
    if wanted is not None and _is_older(key, wanted):
        return f"update {what} to {wanted}"
    if wanted is not None and _is_newer(key, wanted):
        return f"go back with {what} to {wanted}"
    return f"replace {what} {version} by another version" + (f" within {wanted}" if wanted is not None else "")


def _key(version: str | None) -> VersionKey | None:
    try:
        return None if version is None else version_key(version)
    except ValueError:
        return None


def _is_older(key: VersionKey, wanted: str) -> bool:
    bounds = [(operator, version_key(bound)) for operator, bound in parse_range(wanted).comparisons]
    return any(
        key < bound or (key == bound and operator == ">")
        for operator, bound in bounds
        if operator in (">=", ">", "=", "==")
    )


def _is_newer(key: VersionKey, wanted: str) -> bool:
    bounds = [(operator, version_key(bound)) for operator, bound in parse_range(wanted).comparisons]
    return any(
        key > bound or (key == bound and operator == "<")
        for operator, bound in bounds
        if operator in ("<=", "<", "=", "==")
    )
