"""Where a git repository is: the addresses that git may be given, and how it may reach them."""

from __future__ import annotations

import ipaddress
import posixpath
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, urlsplit

Transport = Literal["https", "ssh", "file", "http", "git"]

_LONGEST = 1024
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.]+\]")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")
_SCP = re.compile(r"(?:(?P<user>[^@/:\[\]]+)@)?(?P<host>[^:/@\[\]]+):(?P<path>[^:].*)")
_WRITE = "write https://host/path, ssh://user@host/path, user@host:path, or the whole path of a folder"


@dataclass(frozen=True, slots=True)
class RepositoryUrl:
    """A checked address. `text` is what git is given; no credential can be in it, so it may be shown."""

    text: str
    transport: Transport
    host: str
    """Empty for a folder of this machine."""
    user: str
    """Who signs in by SSH; empty otherwise."""
    path: str

    @classmethod
    def parse(cls, text: str) -> RepositoryUrl:
        """Raises ValueError with a sentence for people, which never repeats a password."""
        if not text or len(text) > _LONGEST or not text.isprintable() or " " in text or "\\" in text:
            raise ValueError(
                f"an address of a repository has 1 to {_LONGEST} printable characters, no spaces and no backslashes"
            )
        if text.startswith("-"):
            raise ValueError(f"an address of a repository does not begin with a dash: {_WRITE}")
        if "://" in text:
            return _from_url(text)
        if text.startswith("/"):
            return _folder(text)
        if "::" in text:
            raise ValueError(f"transports such as `ext::` run programs and are refused: {_WRITE}")
        match = _SCP.fullmatch(text)
        if match is None or match["host"] in {".", ".."}:
            raise ValueError(f"not the address of a repository: {_WRITE}")
        return cls(text, "ssh", _host(match["host"]), _user(match["user"] or ""), _path(match["path"]))

    @property
    def is_plain(self) -> bool:
        """Whether anybody on the way can read and change what is sent: `http://` and `git://` to another machine."""
        return self.transport in {"http", "git"} and not _is_loopback(self.host)


def is_folder(text: str) -> bool:
    """Whether people mean a folder of this machine, be it relative, and no URL and no `host:path`."""
    return text.startswith(("/", "./", "../")) or text in {".", ".."} or (":" not in text and "@" not in text)


def _from_url(text: str) -> RepositoryUrl:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"not the address of a repository: {_WRITE}") from error
    if port == 0 or parts.query or parts.fragment or "?" in text or "#" in text:
        raise ValueError(f"an address of a repository has no port 0, no `?` and no `#`: {_WRITE}")
    match parts.scheme:
        case "file":
            if parts.netloc not in {"", "localhost"}:
                raise ValueError("a file:// address names no host: write file:///path")
            if "%" in parts.path:
                raise ValueError("write the folder itself, without file:// and without `%`")
            return _folder(parts.path)
        case "https" | "http" | "git":
            if "@" in parts.netloc:
                raise ValueError("no user and no password may stand in the address: give a `credential`")
            return RepositoryUrl(text, parts.scheme, _host(_bare_host(parts)), "", _path(parts.path))
        case "ssh":
            if parts.password is not None:
                raise ValueError("no password may stand in the address: give a `credential`")
            user = _user(parts.username or "")
            return RepositoryUrl(text, "ssh", _host(_bare_host(parts)), user, _path(parts.path))
        case _:
            raise ValueError(f"git is not let out by {parts.scheme[:20]}://: {_WRITE}")


def _bare_host(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return host if host.endswith("]") else re.sub(r":[0-9]*$", "", host)


def _host(host: str) -> str:
    if not _HOST.fullmatch(host):
        raise ValueError(f"the address of a repository names no usable host: {_WRITE}")
    return host.strip("[]").lower()


def _user(user: str) -> str:
    if user and not _USER.fullmatch(user):
        raise ValueError("the user in the address of a repository has letters, digits, `.`, `_`, `+` and `-`")
    return user


def _path(path: str) -> str:
    if path.strip("/") == "" or path.startswith(("-", "/-", "/~-")):
        raise ValueError(f"the address of a repository names no usable path: {_WRITE}")
    return path


def _folder(path: str) -> RepositoryUrl:
    if not path.startswith("/") or posixpath.normpath(path) == "/":
        raise ValueError(f"a folder is named by its whole path: {_WRITE}")
    return RepositoryUrl(posixpath.normpath(path), "file", "", "", posixpath.normpath(path))


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
