"""What a reconciler is told of its repository: where it is, how to get in, and whose commits count.

Nothing of this is ever read from the repository itself: who can change the files must not choose who is trusted.
"""

from __future__ import annotations

import posixpath
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from clawforge.load.glob import GlobText
from clawforge.reconcile.repository_url import RepositoryUrl
from clawforge.resource.meta import Duration, Strict

_NOT_IN_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|^[./-]|[./]$|^@$")


def _branch(text: str) -> str:
    if _NOT_IN_BRANCH.search(text) or not text.isprintable():
        raise ValueError(f"{text!r} is not a name of a branch: write main or release/1, without refs/heads/")
    if text.startswith("refs/"):
        raise ValueError("a branch is named without refs/heads/: write main")
    return text


def _folder(text: str) -> str:
    parts = text.split("/")
    if text.startswith("/") or "\\" in text or ".." in parts or not text.isprintable() or not text:
        raise ValueError(f"{text!r} is not a folder of the repository: write policies, or `.` for the whole of it")
    return posixpath.normpath(text)


def _url(text: str) -> str:
    return RepositoryUrl.parse(text).text


def _file(text: str) -> str:
    if not text.isprintable() or text.startswith("-") or text.endswith("/"):
        raise ValueError(f"{text!r} is not a path of a file")
    return text


def _ssh_file(text: str) -> str:
    # ssh splits and expands the values of its options.
    if any(character in text for character in " \"'%$~\\"):
        raise ValueError("a path that ssh is given holds no spaces, quotes, `%`, `$`, `~` or backslashes")
    return _file(text)


_Path = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
FilePath = Annotated[_Path, AfterValidator(_file)]
"""A file of this machine; a relative one is taken from the folder of the configuration file."""
SshFilePath = Annotated[_Path, AfterValidator(_ssh_file)]
BranchName = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_branch)]
FolderPath = Annotated[_Path, AfterValidator(_folder)]
CommitId = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$")]
Person = Annotated[str, StringConstraints(min_length=1, max_length=254, pattern=r"^[^\s\x00-\x1f\x7f]+$")]

ProxyUrl = Annotated[str, StringConstraints(pattern=r"^(https?|socks5h?)://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?$")]


class GitCredential(Strict):
    """How to get in: a key for SSH, or a token for HTTPS, which a file holds or a command prints."""

    key_file: SshFilePath | None = None
    """The private key for SSH; only its owner may read it, and it has no passphrase."""
    known_hosts_file: SshFilePath | None = None
    """The keys of the hosts, as `ssh-keyscan` prints them. A host that is not in it is not spoken to."""
    token_file: FilePath | None = None
    """A file whose first line is the token; it is read for each fetch, so the token can be replaced."""
    token_command: Annotated[tuple[_Path, ...], Field(min_length=1, max_length=64)] | None = None
    """A program with its arguments that prints the token; it is run for each fetch, and no shell looks at it."""
    username: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}$")] = "x-access-token"
    """Who the token belongs to; most forges take any name."""

    @model_validator(mode="after")
    def _one_way(self) -> GitCredential:
        ssh = self.key_file is not None or self.known_hosts_file is not None
        tokens = [item for item in (self.token_file, self.token_command) if item is not None]
        if ssh == bool(tokens) or len(tokens) > 1:
            raise ValueError("give `keyFile` with `knownHostsFile`, or `tokenFile`, or `tokenCommand`")
        if ssh and (self.key_file is None or self.known_hosts_file is None):
            raise ValueError("SSH needs both `keyFile` and `knownHostsFile`")
        return self


class FetchLimits(Strict):
    """What one fetch may take; one that needs more is stopped, and the last good commit stays."""

    mebibytes: Annotated[int, Field(ge=1, le=100_000)] = 1024
    """Space that the fetch may take on the disk, packed, in MiB."""
    time: Annotated[Duration, Field(ge=1, le=86_400)] = 300
    """How long it may take."""


class Repository(Strict):
    """A branch of a git repository, and the folder in it that holds the project."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=1024), AfterValidator(_url)]
    """`https://`, `ssh://`, `user@host:path`, or the whole path of a folder."""
    branch: BranchName = "main"
    """The branch; no other one and no tag is fetched."""
    path: FolderPath = "."
    """The folder that holds clawforge.yaml."""
    credential: GitCredential | None = None
    """How to get in; left out, as anybody."""
    insecure: bool = False
    """Whether `http://` and `git://` may be used to other machines, where anybody on the way can change what is sent.
    With required signatures that cannot forge a policy, but it can hold one back."""
    ca_file: FilePath | None = None
    """Certificates of authorities for HTTPS, in PEM form; left out, those of the system."""
    proxy: ProxyUrl | None = None
    """The proxy for HTTPS; no variable of the environment is looked at."""
    limits: FetchLimits = FetchLimits()
    """What one fetch may take."""

    @property
    def address(self) -> RepositoryUrl:
        """The address in its parts."""
        return RepositoryUrl.parse(self.url)

    def under(self, folder: str) -> Repository:
        """The same with whole paths, relative ones being taken from a folder."""
        credential = self.credential
        if credential is not None:
            names = ("key_file", "known_hosts_file", "token_file")
            credential = credential.model_copy(update=_under(folder, credential, names))
        return self.model_copy(update={"credential": credential, **_under(folder, self, ("ca_file",))})

    @model_validator(mode="after")
    def _fits(self) -> Repository:
        address, credential = self.address, self.credential
        if address.is_plain and not self.insecure:
            raise ValueError("anybody on the way can change what this address answers: use https:// or set `insecure`")
        if address.transport == "ssh" and (credential is None or credential.key_file is None):
            raise ValueError("SSH needs a `credential` with `keyFile` and `knownHostsFile`")
        if credential is None:
            return self
        if credential.key_file is not None and address.transport != "ssh":
            raise ValueError("a `keyFile` is for ssh:// only")
        if (
            credential.key_file is None
            and address.transport != "https"
            and (address.transport, address.is_plain)
            != (
                "http",
                False,
            )
        ):
            raise ValueError("a token is sent by https:// only")
        return self


class SignerRule(Strict):
    """Who may change certain files."""

    paths: Annotated[tuple[GlobText, ...], Field(min_length=1, max_length=256)]
    """Globs from the top of the repository; one that matches a folder covers all that lies below it."""
    signers: Annotated[tuple[Person, ...], Field(min_length=1, max_length=256)]
    """Principals of the allowed signers file, addresses of GPG keys, or fingerprints of either."""


class Trust(Strict):
    """Whose commits count."""

    signatures: Literal["required", "off"] = "required"
    """`required`: every commit since the last applied one carries a signature of somebody who is trusted here."""
    allowed_signers: FilePath | None = None
    """SSH keys that are trusted, in the form of ssh-keygen's ALLOWED SIGNERS."""
    revoked_signers: FilePath | None = None
    """SSH keys that are trusted no more: a list of public keys, or a KRL."""
    gpg_keyring: FilePath | None = None
    """GPG keys that are trusted, as `gpg --export` writes them, armored or not."""
    rules: Annotated[tuple[SignerRule, ...], Field(max_length=256)] = ()
    """Files that only some of the signers may change. A file that several rules match needs a signer of each."""
    since: CommitId | None = None
    """A commit that is known to be good. It and what came before it are not looked at."""

    @model_validator(mode="after")
    def _somebody(self) -> Trust:
        keys = (self.allowed_signers, self.revoked_signers, self.gpg_keyring)
        if self.signatures == "off" and (any(keys) or self.rules or self.since):
            raise ValueError("with `signatures: off` nobody's keys and no rules can be given")
        if self.signatures == "required" and self.allowed_signers is None and self.gpg_keyring is None:
            raise ValueError("required signatures need `allowedSigners`, `gpgKeyring` or both")
        return self

    def under(self, folder: str) -> Trust:
        """The same with whole paths, relative ones being taken from a folder."""
        return self.model_copy(update=_under(folder, self, ("allowed_signers", "revoked_signers", "gpg_keyring")))


def _under(folder: str, model: Strict, names: tuple[str, ...]) -> dict[str, str | None]:
    paths = {name: getattr(model, name) for name in names}
    return {name: None if path is None else posixpath.join(folder, path) for name, path in paths.items()}
