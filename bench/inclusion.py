"""`make bench`: how long it takes to compare lists of command patterns, and of path globs, in this process.

The lists are of the kind that people write; a twentieth of each second list differs from the first. The last rows are
lists made to be hard, which must be given up soon. Seconds of processor time, the least of several runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import product

from clawforge.analysis.language.budget import Budget, TooComplexError
from clawforge.analysis.language.commands import CommandPredicate, command_vectors
from clawforge.analysis.language.paths import path_vectors
from clawforge.decide.command_pattern import CommandPattern

_RUNS = 5
_SIZE = 200

_COMMANDS = (
    *(f"git {word} **" for word in ("status", "log", "diff", "show", "add", "commit", "fetch", "stash", "blame")),
    *(f"git push {remote} *" for remote in ("origin", "upstream", "fork", "--force-with-lease")),
    *(f"npm run {word}*" for word in ("build", "test", "lint", "format", "start:", "ci-")),
    *(f"{tool} {word} **" for tool in ("npm", "pnpm", "yarn") for word in ("install", "test", "ci", "ls", "audit")),
    *(f"kubectl {verb} {kind} * -n *" for verb in ("get", "describe") for kind in ("pods", "svc", "deploy", "*")),
    *(f"kubectl {verb} * -n {space}-*" for verb in ("logs", "top", "rollout") for space in ("dev", "test", "staging")),
    *(f"docker {verb} **" for verb in ("ps", "images", "logs", "inspect", "build", "compose")),
    *(f"docker compose {verb} *" for verb in ("up", "down", "logs", "ps")),
    *(f"terraform {verb} -chdir=* **" for verb in ("plan", "validate", "fmt", "show", "output")),
    *(
        f"aws {service} {verb}-* **"
        for service in ("s3api", "ec2", "iam", "sts")
        for verb in ("list", "describe", "get")
    ),
    *(f"make {target}" for target in ("test", "lint", "build", "docs", "check-*", "*-fast", "clean")),
    *(f"{tool} **" for tool in ("ls", "cat", "head", "tail", "wc", "sort", "uniq", "cut", "grep", "rg", "fd", "jq")),
    *(f"cargo {verb} **" for verb in ("build", "check", "test", "clippy", "fmt", "doc", "tree")),
    *(f"go {verb} ./...*" for verb in ("build", "test", "vet", "list")),
    *("python -m pytest **", "python -m mypy **", "python3 scripts/*.py **", "uv run *", "pip install -r *.txt"),
    *("timeout * pytest **", "env CI=* make *", "find . -name *", "./gradlew *", "./mvnw -q *", "bin/rails *"),
    *(
        "* --version",
        "* --help",
        "curl -s https://*.example.com/*",
        "gh pr * **",
        "gh run view *",
        "ssh build-* uptime",
    ),
)
_DENIED = (
    *(
        f"{tool} **"
        for tool in ("dd", "mkfs*", "shutdown", "reboot", "nc", "ncat", "telnet", "chmod", "chown", "crontab")
    ),
    *(f"rm {flags} **" for flags in ("-rf", "-fr", "-r", "-f", "--recursive")),
    *(f"git push {flag}* **" for flag in ("--force", "-f", "--mirror", "--delete")),
    *(f"curl * *{word}* **" for word in ("token", "secret", "password", "key")),
    *(f"cat *{word}*" for word in (".env", ".pem", "id_rsa", "secret", "credentials", "token")),
    *(f"kubectl {verb} **" for verb in ("delete", "drain", "exec", "apply", "edit", "patch")),
    *(f"aws {service} delete-* **" for service in ("s3api", "ec2", "iam", "rds", "dynamodb")),
)
_FOLDERS = (
    *(f"~/{name}/**" for name in (".ssh", ".aws", ".gnupg", ".kube", ".docker", ".config/gcloud", "Library/Keychains")),
    *(f"**/{name}" for name in (".env", ".env.*", "*.pem", "*.key", "*.p12", "id_rsa*", "id_ed25519*", ".netrc")),
    *(f"**/*{word}*" for word in ("secret", "token", "password", "credential", "private")),
    *(f"/{name}/**" for name in ("etc", "root", "proc", "sys", "boot", "var/lib", "var/log/audit", "dev")),
    *(f"$WORKSPACE/{name}/**" for name in (".git", "secrets", "infra/*/state", "deploy/**/prod")),
    *("**/*.tfstate", "**/*.tfvars", "**/[Vv]ault*/**", "**/wallet?.dat"),
)


def main() -> None:
    """Measure and print."""
    print(f"{'inclusion':<52}{'seconds':>9}{'vectors':>9}")
    allow, deny = _filled(_COMMANDS, "tool-{} {} *"), _filled(_DENIED, "danger-{} -{}* **")
    first, second = _predicate(allow), _predicate(_changed(allow))
    refused, refused_later = _predicate(deny, describes=True), _predicate(_changed(deny), describes=True)
    _row(f"{_SIZE} allowed commands against {_SIZE}", lambda: _commands(first, second))
    _row(f"{_SIZE} denied commands against {_SIZE}", lambda: _commands(refused, refused_later))
    _row("all four of these lists", lambda: _commands(first, second, refused, refused_later))
    folders = _filled(_FOLDERS, "/srv/app-{}/{}/config/**")
    _row(f"{_SIZE} path globs against {_SIZE}", lambda: _paths(folders, _changed(folders)))
    kept = _filled(("**/package-lock.json", "/usr/**"), "$WORKSPACE/vendor-{}/*.{}")
    _row("and two lists of files to read only", lambda: _paths(folders, _changed(folders), kept, _changed(kept)))
    hard = [f"*{a}*{b}*{c}* *{c}*{b}* {number}" for number, (a, b, c) in enumerate(product("abcdef", repeat=3))]
    _row("made to be hard: commands", lambda: _commands(_predicate(hard), _predicate([f"{text} x" for text in hard])))
    _row("made to be hard: paths", lambda: _paths([f"**/{text.replace(' ', '/**/')}" for text in hard], hard))


def _commands(*predicates: CommandPredicate) -> str:
    found = command_vectors(predicates, Budget())
    return f"{len(found.found)}+{len(found.unverified)}" if found.unverified else str(len(found.found))


def _paths(*lists: Sequence[str]) -> str:
    return str(len(path_vectors([tuple(globs) for globs in lists], Budget()).found))


def _predicate(texts: Sequence[str], *, describes: bool = False) -> CommandPredicate:
    return CommandPredicate(tuple(CommandPattern.parse(text) for text in texts), describes)


def _filled(patterns: Sequence[str], more: str) -> list[str]:
    return [*patterns, *(more.format(number % 17, f"part{number}") for number in range(_SIZE))][:_SIZE]


def _changed(patterns: Sequence[str]) -> list[str]:
    """Without some patterns, and with some others spelled otherwise."""
    return [
        text if number % 40 != 7 else text.replace("a", "o")
        for number, text in enumerate(patterns)
        if number % 40 != 11
    ]


def _row(name: str, work: Callable[[], str]) -> None:
    seconds, found = [], ""
    for _ in range(_RUNS):
        started = time.process_time()
        try:
            found = work()
        except TooComplexError:
            found = "given up"
        seconds.append(time.process_time() - started)
    print(f"{name:<52}{min(seconds):>9.3f}{found:>9}")


if __name__ == "__main__":
    main()
