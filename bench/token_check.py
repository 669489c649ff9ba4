"""`make bench`: what recognising a caller and checking a right costs, in this process, from memory.

Nothing here is a test: machines differ. The org has 10,000 users; a check looks the credential up by its hash, looks at
expiry, holder and networks, takes the holder's rights of this moment, and asks for one of them.
"""

from __future__ import annotations

import datetime as dt
import statistics
import time
from collections.abc import Callable

from clawforge.load.resource import parse_resource
from clawforge.resource.meta import Resource
from clawforge.state import EMPTY_STATE
from clawforge_server.auth.admission import authorise
from clawforge_server.auth.authenticator import principal_of
from clawforge_server.auth.credential import Credential
from clawforge_server.auth.secrets import SESSION_PREFIX, credential_hash, new_credential
from clawforge_server.state.org_state import OrgState

_USERS = 10_000
_RUNS = 20_000


def main() -> None:
    """Measure and print."""
    state = OrgState("acme", None, EMPTY_STATE, {item.address: item for item in _resources()}, {}, None)
    now = dt.datetime.now(dt.UTC)
    print(f"{'token check':<48}{'p50 us':>10}{'p99 us':>10}")
    _row(f"first look at {_USERS:,} users (once a revision)", [_seconds(lambda: state.access)])
    known = {}
    for holder in ("user:u7", "service-account:ci"):
        token = new_credential(SESSION_PREFIX)
        scopes = ("*:*",) if holder.startswith("user") else ("plans:create", "state:read")
        known[credential_hash(token)] = Credential("x", "acme", holder, scopes, until=now + dt.timedelta(hours=1))

        def check(token: str = token) -> None:
            credential = known[credential_hash(token)]
            principal = principal_of(credential, state, now, "192.0.2.1")
            authorise(principal, "acme", "state:read")

        check()
        _row(f"{holder.partition(':')[0]}: known credential, one right", [_seconds(check) for _ in range(_RUNS)])


def _resources() -> list[Resource]:
    users = [("User", f"u{number}", {"email": f"u{number}@acme.example"}) for number in range(_USERS)]
    account = ("ServiceAccount", "ci", {"permissions": ["plans:create", "state:read"], "networks": ["192.0.2.0/24"]})
    group = ("Group", "staff", {"members": {"users": [f"u{number}" for number in range(0, _USERS, 7)]}})
    binding = ("RoleBinding", "staff", {"role": "admin", "subjects": {"groups": ["staff"]}})
    parsed = [
        parse_resource({"apiVersion": "clawforge/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
        for kind, name, spec in (*users, account, group, binding)
    ]
    return [item for item in parsed if isinstance(item, Resource)]


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _row(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
    print(f"{name:<48}{statistics.median(ordered) * 1e6:>10.1f}{p99 * 1e6:>10.1f}")


if __name__ == "__main__":
    main()
