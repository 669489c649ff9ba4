"""What is asked of a forge over real HTTP: whose approvals count, and which comment is ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from forge_api import BOT, TOKEN, ForgeApi, forge_api, github_user, gitlab_user

from clawforge.errors import ForbiddenError, InputError, UnavailableError
from clawforge.secret import Secret
from clawforge.wire import Vouched
from clawforge_cli.ci.forge import CodeForge, MergedChange, judged, open_forge
from clawforge_cli.ci.pipeline import ForgeAddress, ForgeKind
from clawforge_cli.ci.sticky_comment import StickyComment, put_comment, reviewed_plan
from clawforge_cli.ci.writers import WriterList

HEAD, OLD = "a" * 40, "b" * 40
PLAN = "plan-0123456789abcdefABCDEF"
ANN, BOB = github_user("ann-acme", 1001), github_user("bob-acme", 1002)
CHANGE = MergedChange(12, HEAD, "github:1001")


@pytest.fixture
def api() -> Iterator[ForgeApi]:
    with forge_api() as api:
        yield api


@pytest.fixture
def gitlab() -> Iterator[ForgeApi]:
    with forge_api("gitlab") as api:
        yield api


def forge(api: ForgeApi, token: str = TOKEN) -> CodeForge:
    return open_forge(ForgeAddress(ForgeKind(api.kind), api.url, "acme/policies", Secret(token)))


def commit(author: dict[str, Any] | None, email: str, message: str = "m") -> dict[str, Any]:
    return {
        "author": author,
        "committer": github_user("web-flow", 19864447),
        "commit": {"message": message, "author": {"email": email}, "committer": {"email": "noreply@github.com"}},
    }


def review(user: dict[str, Any] | None, state: str = "APPROVED", at: str | None = HEAD) -> dict[str, Any]:
    return {"user": user, "state": state, "commit_id": at}


@pytest.mark.parametrize(
    ("reviews", "approvers"),
    [
        ([review(BOB)], ("github:1002",)),
        ([review(BOB), review(BOB, "COMMENTED")], ("github:1002",)),
        ([review(BOB, "CHANGES_REQUESTED"), review(BOB)], ("github:1002",)),
        ([review(BOB), review(BOB, "CHANGES_REQUESTED")], ()),
        ([review(BOB), review(BOB, "DISMISSED")], ()),
        ([review(BOB, at=OLD)], ()),
        ([review(BOB, at=None)], ()),
        ([review(ANN)], ()),
        ([review(github_user("co", 1003))], ()),
        ([review(github_user("robot[bot]", 1004, "Bot"))], ()),
        ([review(None)], ()),
    ],
    ids=[
        "yes",
        "then a remark",
        "at last",
        "no more",
        "taken back",
        "old",
        "of nothing",
        "own",
        "co-author",
        "bot",
        "-",
    ],
)
def test_an_approval_on_github_counts_for_the_last_commit_only(
    api: ForgeApi, reviews: list[dict[str, Any]], approvers: tuple[str, ...]
) -> None:
    commits = [commit(ANN, "Ann@acme.example"), commit(github_user("co", 1003), "co@acme.example")]
    commits.append(commit(ANN, "odd name@x", "m\n\nCo-authored-by: Cat <cat@acme.example>"))
    api.documents |= {
        "/repos/acme/policies/pulls/12/reviews": reviews,
        "/repos/acme/policies/pulls/12/commits": commits,
    }
    found = forge(api).reviews(CHANGE)
    assert found.approvers == approvers
    assert set(found.writers.authors) == {"github:1001", "github:1003", "cat@acme.example"}
    assert set(found.writers.addresses) == {"ann@acme.example", "co@acme.example"}


@pytest.mark.parametrize(
    ("one", "author"),
    [
        (commit(ANN, "a@x", "m\n\nco-authored-by: B <1002+bob-acme@users.noreply.github.com>"), "github:1002"),
        (commit(None, "1002+Bob-Acme@users.noreply.GitHub.com"), "github:1002"),
        (commit(ANN, "1002+bob-acme@users.noreply.github.com"), "github:1002"),
        (commit(None, "bob@home.example"), "bob@home.example"),
        (commit(ANN, "a@x", "m\n\n Co-Authored-By: B <1002-bob@users.noreply.github.com>"), "1002-bob@users."),
    ],
    ids=["co-author", "author", "beside another account", "by address only", "another forge's form"],
)
def test_whoever_hides_an_address_wrote_it_all_the_same(api: ForgeApi, one: dict[str, Any], author: str) -> None:
    api.documents |= {
        "/repos/acme/policies/pulls/12/reviews": [review(BOB)],
        "/repos/acme/policies/pulls/12/commits": [one],
    }
    found = forge(api).reviews(CHANGE)
    assert any(name.startswith(author) for name in (*found.writers.authors, *found.writers.addresses))
    assert found.approvers == (() if author == "github:1002" else ("github:1002",))


@pytest.mark.parametrize(
    ("one", "opened"),
    [
        (commit(None, "odd name@x"), "github:1001"),
        (commit(None, ""), "github:1001"),
        (commit(ANN, "a@x", "m\n\nCo-authored-by: Bob <>"), "github:1001"),
        (commit(ANN, "a@x"), ""),
    ],
    ids=["no address", "nothing", "co-author", "whose account is gone"],
)
def test_an_author_whom_nothing_names_leaves_nobody_who_surely_wrote_nothing(
    api: ForgeApi, one: dict[str, Any], opened: str
) -> None:
    api.documents |= {
        "/repos/acme/policies/pulls/12/reviews": [review(BOB)],
        "/repos/acme/policies/pulls/12/commits": [one],
    }
    found = forge(api).reviews(MergedChange(12, HEAD, opened))
    assert (found.approvers, "whom the forge does not know" in found.remark) == ((), True)
    assert "github:1001" in found.writers.authors, "who is known cannot approve elsewhere either"


def test_more_commits_than_are_listed_leave_nobody_who_surely_wrote_nothing(api: ForgeApi) -> None:
    api.documents |= {
        "/repos/acme/policies/pulls/12/reviews": [review(BOB)],
        "/repos/acme/policies/pulls/12/commits": [commit(ANN, "ann@acme.example")] * 250,
    }
    found = forge(api).reviews(CHANGE)
    assert (found.approvers, "more commits than GitHub lists" in found.remark) == ((), True)
    assert found.writers.authors == ("github:1001",)
    many = WriterList("github")
    for number in range(1001):
        many.add(f"github:{number}", None)
    assert judged(["a"], [], many.done(), "").approvers == ()
    assert len(many.done().authors) == 1000


@pytest.mark.parametrize(
    ("merged_at", "made", "branch", "known"),
    [("t", HEAD, "main", True), (None, HEAD, "main", False), ("t", OLD, "main", False), ("t", HEAD, "x", False)],
)
def test_a_commit_is_the_merge_of_the_change_that_made_it(
    api: ForgeApi, merged_at: str | None, made: str, branch: str, known: bool
) -> None:
    sides = {"head": {"sha": OLD, "ref": "c"}, "base": {"sha": OLD, "ref": branch}}
    pull = {"number": 12, "merged_at": merged_at, "merge_commit_sha": made, "user": ANN, **sides}
    api.documents[f"/repos/acme/policies/commits/{HEAD}/pulls"] = [pull]
    found = forge(api).merged_by(HEAD, "main")
    assert found == (MergedChange(12, OLD, "github:1001") if known else None)


@pytest.mark.parametrize(
    ("approved_at", "notes", "counts"),
    [
        ("2026-11-20T11:00:00Z", [], True),
        ("2026-11-20T09:00:00Z", [], False),
        (None, [], False),
        (None, [("approved this merge request", True, "2026-11-20T11:00:00Z")], True),
        (None, [("approved this merge request", True, "2026-11-20T09:00:00Z")], False),
        (None, [("approved this merge request", False, "2026-11-20T11:00:00Z")], False),
    ],
    ids=["after", "before", "unknown", "by its note", "by an old note", "by a note that somebody wrote"],
)
def test_an_approval_on_gitlab_counts_after_the_last_push_only(
    gitlab: ForgeApi, approved_at: str | None, notes: list[tuple[str, bool, str]], counts: bool
) -> None:
    request, bob = "/api/v4/projects/acme/policies/merge_requests/12", gitlab_user("bob", 2002)
    given = {"user": bob, **({} if approved_at is None else {"approved_at": approved_at})}
    gitlab.documents |= {
        f"{request}/approvals": {"approved_by": [given]},
        f"{request}/versions": [{"head_commit_sha": HEAD, "created_at": "2026-11-20T10:00:00Z"}],
        f"{request}/commits": [],
    }
    for body, system, at in notes:
        gitlab.comment(bob, body, system=system, created_at=at)
    found = forge(gitlab).reviews(MergedChange(12, HEAD, "gitlab:2001"))
    assert found.approvers == (("gitlab:2002",) if counts else ())
    assert gitlab.sent[0].headers["private-token"] == TOKEN


@pytest.mark.parametrize(
    "written",
    [
        {"author_email": "2002-bob@users.noreply.gitlab.com", "committer_email": "ann@acme.example"},
        {"author_email": "ann@acme.example", "committer_email": "2002-bob@users.noreply.gitlab.acme.example"},
        {"message": "m\n\nCo-authored-by: Bob <2002-bob@users.noreply.gitlab.com>"},
    ],
    ids=["author", "committer", "co-author"],
)
def test_on_gitlab_a_hidden_address_is_an_account_too(gitlab: ForgeApi, written: dict[str, str]) -> None:
    request, bob = "/api/v4/projects/acme/policies/merge_requests/12", gitlab_user("bob", 2002)
    usual = {"author_email": "ann@acme.example", "committer_email": "ann@acme.example", "message": "m"}
    gitlab.documents |= {
        f"{request}/approvals": {"approved_by": [{"user": bob, "approved_at": "2026-11-20T11:00:00Z"}]},
        f"{request}/versions": [{"head_commit_sha": HEAD, "created_at": "2026-11-20T10:00:00Z"}],
        f"{request}/commits": [usual | written],
    }
    found = forge(gitlab).reviews(MergedChange(12, HEAD, "gitlab:2001"))
    assert found.approvers == ()
    assert found.writers.authors == ("ann@acme.example", "gitlab:2001", "gitlab:2002")


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_a_short_page_does_not_end_a_list(kind: str) -> None:
    """A forge may be set to give fewer items than are asked for, and leaves out what the token may not see."""
    with forge_api(kind) as api:
        api.largest_page = 40
        other = github_user("eve", 666) if kind == "github" else gitlab_user("eve", 666)
        for number in range(100):
            api.comment(other, f"remark {number}")
        assert len(list(forge(api).comments(12))) == 100
        assert [item.query["page"] for item in api.sent] == [["1"], ["2"], ["3"]]


def test_a_list_that_goes_on_elsewhere_is_not_followed_there(api: ForgeApi) -> None:
    for number in range(150):
        api.comment(BOB, f"remark {number}")
    with forge_api() as other:
        api.elsewhere = other.url
        with pytest.raises(UnavailableError, match="goes on elsewhere"):
            list(forge(api).comments(12))
        assert other.sent == []


def test_more_approvers_than_can_be_told_count_as_none() -> None:
    writers = WriterList("github").done()
    for count in (64, 65):
        found = judged([f"github:{number}" for number in range(count)], [], writers, "")
        assert (len(found.approvers), bool(found.remark)) == ((64, False) if count == 64 else (0, True))
        Vouched(ref="refs/heads/main", approvers=found.approvers)


def sticky(text: str, plan: str | None = PLAN, source: str = "policies") -> StickyComment:
    return StickyComment("acme", source, text, plan)


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_there_is_one_comment_a_project_however_often_it_is_said(kind: str) -> None:
    with forge_api(kind) as api:
        other = forge(api)
        other_user = github_user("eve", 666) if kind == "github" else gitlab_user("eve", 666)
        for number in range(150):
            api.comment(other_user, f"remark {number}")
        put_comment(other, 12, sticky("one"))
        put_comment(other, 12, sticky("one"))
        assert len(api.writes()) == 1, "what is there already is not written again"
        put_comment(other, 12, sticky("two"))
        put_comment(other, 12, sticky("elsewhere", source="other"))
        assert [item["body"].splitlines()[1] for item in api.comments[150:]] == ["two", "elsewhere"]
        api.comment({**api.comments[150].get("user", {}), **api.comments[150].get("author", {})}, sticky("3").body)
        put_comment(other, 12, sticky("four"))
        assert [item["body"].splitlines()[1] for item in api.comments[150:]] == ["four", "elsewhere"]


@pytest.mark.parametrize(
    ("body", "by", "plan"),
    [
        (sticky("text").body, BOT, PLAN),
        (sticky("text").body.replace("\n", "\r\n"), BOT, PLAN),
        (sticky("text").body, BOB, None),
        (sticky("text", plan=None).body, BOT, None),
        (sticky(f"<!-- clawforge:plan {PLAN} -->", plan=None).body + "more", BOT, None),
        (f"quoted\n{sticky('text').body}", BOT, None),
        (sticky("text", source="other").body, BOT, None),
        (sticky("text", plan="plan-x/../../overlays").body, BOT, None),
    ],
    ids=["ours", "other line ends", "another's", "without", "in the text", "quoted", "another project", "no id"],
)
def test_a_plan_was_reviewed_if_our_own_comment_ends_so(
    api: ForgeApi, body: str, by: dict[str, Any], plan: str | None
) -> None:
    api.comment(by, body)
    assert reviewed_plan(forge(api), 12, "acme", "policies") == plan


@pytest.mark.parametrize("url", ["http://forge.example", "ftp://x", "https://u:p@x", "https://x/?a=b", "x"])
def test_a_token_goes_to_no_address_that_others_can_read(url: str) -> None:
    with pytest.raises(InputError, match="is not the https address"):
        open_forge(ForgeAddress(ForgeKind.GITHUB, url, "acme/policies", Secret(TOKEN)))


def test_refusals_and_nonsense_are_told_apart(api: ForgeApi) -> None:
    with pytest.raises(ForbiddenError, match="refuses the token"):
        forge(api, "wrong").me()
    api.documents["/repos/acme/policies/pulls/12/commits"] = [{"sha": 1}]
    with pytest.raises(UnavailableError, match="does not understand"):
        forge(api).reviews(CHANGE)
    with forge_api() as gone:
        pass
    with pytest.raises(UnavailableError, match="cannot be reached"):
        forge(gone).me()
