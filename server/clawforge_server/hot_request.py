"""A request as hot paths look at it: the few things that they need, read when they need them."""

from __future__ import annotations

from starlette.types import Scope


class HotRequest:
    """What a request says before its body. Names of headers are lower case; text is decoded as Latin-1, so that
    whatever came is seen."""

    __slots__ = ("_headers", "client", "method", "path", "query", "scheme")

    def __init__(self, scope: Scope) -> None:
        self._headers: list[tuple[bytes, bytes]] = scope["headers"]
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.scheme: str = scope["scheme"]
        query: bytes = scope["query_string"]
        self.query = query.decode("latin-1")
        client: tuple[str, int] | None = scope["client"]
        self.client = client[0] if client is not None else ""

    def header(self, name: bytes) -> str | None:
        """The first value of a name."""
        return next((value.decode("latin-1") for key, value in self._headers if key == name), None)

    def headers(self, name: bytes) -> list[str]:
        """Every value of a name."""
        return [value.decode("latin-1") for key, value in self._headers if key == name]
