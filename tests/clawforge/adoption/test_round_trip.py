"""What a server holds becomes files and back, and a plan right after it is empty: for any state."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from strategies import invariants, orgs, resource

from clawforge.adoption.dump import dump_project, read_back
from clawforge.adoption.live import LiveResource, adopt
from clawforge.adoption.places import place_of
from clawforge.errors import InputError, NotFoundError
from clawforge.layout.document import format_text
from clawforge.load.project import Project, load_project
from clawforge.planning import make_plan
from clawforge.proposal import Proposal, own_entries
from clawforge.resource.meta import Ref, Resource
from clawforge.resource.registry import BY_KIND
from clawforge.state import UNOWNED, State, StateEntry, entries_of

NOWHERE = Path("/nonexistent/clawforge-dump")
SOURCES = ("main", "main", "other", "third", UNOWNED)

OTHERS = [
    resource("ServiceAccount", "ci", {"permissions": ["plans:create"], "networks": ["203.0.113.16/28"]}),
    resource("Role", "helper", {"permissions": ["state:read"], "description": "Reads.\n\nAnd - nothing: else #\n"}),
    resource("Waiver", "later", {"rule": "no-base", "resource": "User/odd", "reason": "no", "expires": "2027-01-01"}),
    resource("User", "odd", {"email": "odd@acme.example", "displayName": "\u202e: \"odd\" 'x' \\ # é 🦀"}),
]


@st.composite
def states(draw: st.DrawFn) -> State:
    """A state of an org, each resource owned by some source."""
    found = [*draw(orgs(count=3)), *draw(invariants(count=2)), *draw(st.sampled_from((OTHERS, OTHERS[:2], [])))]
    entries: dict[str, StateEntry] = {}
    for item in found:
        entries |= entries_of([item], draw(st.sampled_from(SOURCES)))
    return State(draw(st.integers(1, 9)), dict(sorted(entries.items())))


def resources_of(state: State) -> list[Resource]:
    return [
        BY_KIND[entry.value()["kind"]].model_validate_json(entry.body, strict=True) for entry in state.entries.values()
    ]


def unowned(state: State) -> dict[str, str]:
    """What an apply takes in, which a plan says."""
    return {address: "update" for address, entry in state.entries.items() if entry.source == UNOWNED}


def sources_of(state: State) -> dict[str, str]:
    return {address: entry.source for address, entry in state.entries.items()}


def changes(project: Project, state: State) -> dict[str, str]:
    """What the server's plan of these files would do, by address."""
    source = project.file.source
    entries = own_entries(entries_of(project.values, source), source, state, ())
    plan = make_plan(Proposal("acme", source, entries, project.positions), state, {}).plan
    return {change.address: change.action.value for change in plan.changes}


@settings(deadline=None)
@given(state=states())
def test_a_dump_says_the_state_and_plans_nothing(state: State) -> None:
    dumped = dump_project("acme", resources_of(state), sources_of(state), server="https://plane.acme.example")
    assert dumped.digest == state.digest
    project = read_back(dumped, NOWHERE)
    assert changes(project, state) == unowned(state)
    assert State(0, entries_of(project.values, "any")).digest == state.digest
    for path, text in dumped.texts.items():
        formatted = format_text(text.encode(), path)
        assert (formatted.text, formatted.diagnostics) == (text.encode(), ())


@settings(deadline=None)
@given(state=states().filter(lambda state: bool(state.entries)), data=st.data())
def test_a_dump_of_one_source_holds_what_it_owns_and_plans_nothing(state: State, data: st.DataObject) -> None:
    owners = sorted(set(sources_of(state).values()) - {UNOWNED})
    assume(owners)
    source = data.draw(st.sampled_from(owners))
    dumped = dump_project("acme", resources_of(state), sources_of(state), source=source)
    project = read_back(dumped, NOWHERE)
    assert {item.address for item in project.resources} == {
        address for address, owner in sources_of(state).items() if owner == source
    }
    assert project.file.source == source
    assert changes(project, state) == {}


@settings(deadline=None)
@given(state=states(), shuffled=st.randoms())
def test_the_order_in_which_resources_come_does_not_matter(state: State, shuffled: Random) -> None:
    resources, sources = resources_of(state), sources_of(state)
    again = list(resources)
    shuffled.shuffle(again)
    assert dump_project("acme", again, sources).texts == dump_project("acme", resources, sources).texts


def put(root: Path, texts: Mapping[str, str | bytes]) -> None:
    for path, text in texts.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode() if isinstance(text, str) else text)


def live_of(state: State) -> dict[str, LiveResource]:
    sources = sources_of(state)
    return {item.address: LiveResource(item, sources[item.address]) for item in resources_of(state)}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(state=states().filter(lambda state: bool(state.entries)), data=st.data())
def test_what_is_imported_plans_nothing(state: State, data: st.DataObject) -> None:
    resources, sources = resources_of(state), sources_of(state)
    lost = data.draw(st.lists(st.sampled_from(sorted(sources)), min_size=1, unique=True))
    kept = [item for item in resources if item.address not in lost]
    root = Path(tempfile.mkdtemp(prefix="adopt-"))
    try:
        put(root, dump_project("acme", kept, sources).texts)
        project = load_project(root)
        before = changes(project, state)
        adoption = adopt(project, live_of(state), lost)
        put(root, {item.path: item.after for item in adoption.files})
        after = load_project(root)
        assert not after.diagnostics
        assert changes(after, state) == unowned(state)
        assert {address for address, action in before.items() if action == "delete"} == {
            address for address in lost if sources[address] == project.file.source
        }
        assert {item.address for item in after.resources} == set(sources)
        assert {item.address for item in adoption.owned_elsewhere} == {
            address for address in lost if sources[address] not in (project.file.source, UNOWNED)
        }
        for item in adoption.files:
            assert item.before is None or item.after.startswith(item.before)
            formatted = format_text(item.after, item.path)
            assert (formatted.text, formatted.diagnostics) == (item.after, ())
        again = adopt(after, live_of(state), lost)
        assert (again.files, again.adopted, set(again.already)) == ((), (), set(lost))
    finally:
        shutil.rmtree(root)


def test_files_are_split_before_the_loader_would_refuse_them() -> None:
    users = [resource("User", f"user-{number}", {"email": f"u{number}@acme.example"}) for number in range(2500)]
    dumped = dump_project("acme", users, {item.address: "main" for item in users})
    assert sorted(dumped.texts) == ["clawforge.yaml", "people/users-2.yaml", "people/users-3.yaml", "people/users.yaml"]
    assert len(read_back(dumped, NOWHERE).resources) == 2500


@pytest.mark.parametrize("name", ["../../etc/x", "a/b", "", ".", "a\n", "A", "x" * 64, "a\x00", "-a"])
def test_no_file_is_called_as_no_resource_may_be(name: str) -> None:
    with pytest.raises(InputError):
        place_of(Ref("Policy", name))


def test_every_kind_has_a_place_of_its_own() -> None:
    places = {place_of(Ref(kind, "a")) for kind in BY_KIND}
    assert len(places) == len(BY_KIND)
    with pytest.raises(InputError):
        place_of(Ref("Nothing", "a"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    put(
        tmp_path,
        {
            "clawforge.yaml": "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n",
            "team.yaml": "# Everybody.\nkind: User\napiVersion: clawforge/v1\nmetadata: {name: ann}\n"
            "spec: {email: ann@acme.example}\n",
        },
    )
    return tmp_path


def live(*resources: Resource, source: str = "main") -> dict[str, LiveResource]:
    return {item.address: LiveResource(item, source) for item in resources}


BOB = resource("User", "bob", {"email": "bob@acme.example"})


def added(root: Path, *addresses: str, place: str | None = None, of: Mapping[str, LiveResource] | None = None) -> str:
    adoption = adopt(load_project(root), live(BOB) if of is None else of, addresses, place=place)
    put(root, {item.path: item.after for item in adoption.files})
    assert not load_project(root).diagnostics
    return adoption.adopted[0].path


def test_a_kind_that_stands_in_one_file_is_added_to_it(project: Path) -> None:
    before = (project / "team.yaml").read_text()
    assert added(project, "User/bob") == "team.yaml"
    assert (project / "team.yaml").read_text() == before + (
        "---\napiVersion: clawforge/v1\nkind: User\nmetadata:\n  name: bob\nspec:\n  email: bob@acme.example\n"
    )


@pytest.mark.parametrize("ending", [b"", b"\r\n", b"\n...\n", b"\n# the end"])
def test_however_a_file_ends_the_next_document_begins(project: Path, ending: bytes) -> None:
    text = (project / "team.yaml").read_bytes().rstrip(b"\n")
    put(project, {"team.yaml": (text.replace(b"\n", b"\r\n") if ending == b"\r\n" else text) + ending})
    added(project, "User/bob")


def test_a_file_can_be_named(project: Path) -> None:
    assert added(project, "User/bob", place="people/new.yml") == "people/new.yml"


def test_a_project_of_some_folders_gets_its_files_there(project: Path) -> None:
    put(project, {"clawforge.yaml": (project / "clawforge.yaml").read_text() + "include: [team.yaml, rules/**]\n"})
    put(project, {"rules/p.yaml": "# empty\n"})
    policy = resource("Policy", "open", {"appliesTo": "everyone"})
    assert added(project, "Policy/open", of=live(policy)) == "rules/policies/open.yaml"


@pytest.mark.parametrize(
    "place", ["../x.yaml", "/x.yaml", "clawforge.yaml", "x.txt", "a/../b.yaml", ".git/x.yaml", "*.yaml"]
)
def test_nothing_goes_where_the_project_does_not_look(project: Path, place: str) -> None:
    with pytest.raises(InputError):
        adopt(load_project(project), live(BOB), ["User/bob"], place=place)


def test_a_link_is_not_written_to(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "x.yaml"
    outside.write_text("")
    (project / "linked.yaml").symlink_to(outside)
    with pytest.raises(InputError):
        adopt(load_project(project), live(BOB), ["User/bob"], place="linked.yaml")


def test_what_the_files_say_otherwise_is_not_overwritten(project: Path) -> None:
    other = resource("User", "ann", {"email": "anna@acme.example"})
    with pytest.raises(InputError, match="says something else") as raised:
        adopt(load_project(project), live(other), ["User/ann"])
    assert raised.value.code == "declared-otherwise"


@pytest.mark.parametrize(
    ("address", "hint"), [("User/bop", "User/bob"), ("Usr/bob", "User/bob"), ("bob", "Policy/engineering")]
)
def test_an_address_that_is_wrong_is_told_with_a_guess(project: Path, address: str, hint: str) -> None:
    with pytest.raises((InputError, NotFoundError)) as raised:
        adopt(load_project(project), live(BOB), [address])
    assert hint in raised.value.hint


def test_files_with_errors_are_not_added_to(project: Path) -> None:
    put(project, {"bad.yaml": "kind: [\n"})
    with pytest.raises(InputError, match="errors"):
        adopt(load_project(project), live(BOB), ["User/bob"])
