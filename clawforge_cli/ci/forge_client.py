"""JSON from and to the API of a forge. Nothing that it answers is shown to anybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import TypeAdapter, ValidationError

from clawforge import __version__
from clawforge.errors import ClawforgeError, ForbiddenError, InputError, NotFoundError, UnavailableError
from clawforge_cli.settings import trusted_authorities

if TYPE_CHECKING:
    import ssl

    import httpx

PAGE = 100
"""Items asked for on a page. A forge may give fewer, and says itself whether the list goes on."""

_MOST_PAGES = 50
_SECONDS = 30.0
_LARGEST = 64 * 1024 * 1024
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ForgeClient:
    """Calls one API with one token, which goes nowhere else: no redirect is followed."""

    def __init__(self, api: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(api)
        secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        if not secure or not parts.hostname or parts.username or parts.query or parts.fragment:
            raise InputError(f"{api!r} is not the https address of a forge's API.")
        self._api = api.rstrip("/")
        self._headers = {"Accept": "application/json", "User-Agent": f"clawforge/{__version__}", **headers}

    @cached_property
    def _authorities(self) -> ssl.SSLContext:
        return trusted_authorities()

    def get(self, path: str, kind: Any, query: Mapping[str, str] | None = None) -> Any:
        """One document of a kind. Raises NotFoundError and the errors of `send`."""
        return self._parsed(kind, self.send("GET", path, query=query))

    def pages(self, path: str, kind: Any, query: Mapping[str, str] | None = None) -> Iterator[Any]:
        """The items of a list, page after page. Raises as `get`, and UnavailableError for a list without end."""
        url, asked = f"{self._api}{path}", {**(query or {}), "per_page": str(PAGE), "page": "1"}
        for page in range(1, _MOST_PAGES + 1):
            answer = self._exchange("GET", url, asked or None, None)
            items = self._parsed(list[kind], answer.content)
            yield from items
            link, number = answer.links.get("next", {}).get("url"), answer.headers.get("x-next-page")
            if number is None and link is not None:
                url, asked = self._same_forge(link), {}
            elif number or (number is None and "link" not in answer.headers and len(items) >= PAGE):
                asked = {**asked, "page": number or str(page + 1)}
            else:
                return
        raise UnavailableError(f"The forge lists more than {PAGE * _MOST_PAGES:,} items for one change.")

    def ask(self, url: str, kind: Any, body: Mapping[str, Any]) -> Any:
        """The answer to a document that is sent to an address of the same forge."""
        return self._parsed(kind, self._exchange("POST", url, None, body).content)

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of an answer. Raises ForbiddenError, NotFoundError and UnavailableError."""
        return self._exchange(method, f"{self._api}{path}", query, body).content

    def _exchange(
        self, method: str, url: str, query: Mapping[str, str] | None, body: Mapping[str, Any] | None
    ) -> httpx.Response:
        import httpx

        try:
            with httpx.Client(verify=self._authorities, timeout=_SECONDS, trust_env=False) as client:
                answer = client.request(method, url, params=query, json=body, headers=self._headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnavailableError(f"The forge at {self._api} cannot be reached: {type(error).__name__}.") from error
        if not answer.is_success:
            raise self._refusal(answer.status_code)
        if len(answer.content) > _LARGEST:
            raise UnavailableError(f"The forge at {self._api} answered too much.")
        return answer

    def _same_forge(self, link: str) -> str:
        """The address of the next page, which the token may go to."""
        if urlsplit(link)[:2] != urlsplit(self._api)[:2]:
            raise UnavailableError(f"The forge at {self._api} says that a list goes on elsewhere.")
        return link

    def _refusal(self, status: int) -> ClawforgeError:
        if status == 404:
            return NotFoundError(f"The forge at {self._api} knows nothing of it, or does not let this token see it.")
        if status in (401, 403):
            return ForbiddenError(
                f"The forge at {self._api} refuses the token (status {status}).",
                hint="On GitHub give the job `permissions: {contents: read, pull-requests: write}`; on GitLab use a "
                "project access token with the scope `api`.",
            )
        return UnavailableError(f"The forge at {self._api} answered {status}.", hint="Try again later.")

    def _parsed(self, kind: Any, content: bytes) -> Any:
        try:
            return TypeAdapter(kind).validate_json(content)
        except ValidationError as error:
            raise UnavailableError(
                f"The forge at {self._api} gave an answer that this version does not understand."
            ) from error
