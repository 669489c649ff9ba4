"""The content digest of a skill: what SPEC.md 10 says, and nothing that two readers could take for two things."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.errors import InputError
from clawforge.skill.content import MOST_FILES, SkillFile, content_digest
from clawforge.skill.named import NamedSkill, parse_skill
from clawforge_cli.skill_folder import read_skill

VECTORS = json.loads((Path(__file__).parents[3] / "schemas" / "vectors" / "skill.json").read_text())["vectors"]
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\n\0"), min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..")
)
FILES = st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.binary(max_size=16), min_size=1)


def listed(files: dict[str, bytes]) -> list[SkillFile]:
    return [SkillFile(path, hashlib.sha256(content).hexdigest()) for path, content in files.items()]


@given(FILES, st.randoms(use_true_random=False))
def test_it_is_the_hash_of_the_sorted_lines_in_any_order(files: dict[str, bytes], shuffle: random.Random) -> None:
    lines = sorted(
        (path.encode(), hashlib.sha256(content).hexdigest().encode() + b"  " + path.encode() + b"\n")
        for path, content in files.items()
    )
    entries = listed(files)
    shuffle.shuffle(entries)
    expected = hashlib.sha256(b"".join(line for _, line in lines)).hexdigest()
    assert content_digest(entries) == f"sha256:{expected}"


@given(FILES, st.data())
def test_any_other_content_or_name_is_another_digest(files: dict[str, bytes], data: st.DataObject) -> None:
    before = content_digest(listed(files))
    path = data.draw(st.sampled_from(sorted(files)))
    changed = {**files, path: files[path] + b"x"}
    assert content_digest(listed(changed)) != before
    moved = {(f"{name}x" if name == path else name): content for name, content in files.items()}
    assert f"{path}x" in files or content_digest(listed(moved)) != before


def test_coreutils_come_to_the_same(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in ("SKILL.md", "a/run.sh", "a.txt", "é"):
        (tmp_path / name).write_text(name)
    script = "find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs sha256sum | sha256sum"
    said = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    files = {name: (tmp_path / name).read_bytes() for name in ("a/run.sh", "é", "SKILL.md", "a.txt")}
    assert content_digest(listed(files)) == f"sha256:{said.split()[0]}"


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a/.", "a\nb", "a\0b", "\ud800"])
def test_a_path_that_is_none_below_the_folder_is_refused(path: str) -> None:
    with pytest.raises(InputError):
        content_digest([SkillFile(path, "0" * 64)])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_vectors(vector: dict[str, Any], tmp_path: Path) -> None:
    files = [SkillFile(item["path"], hashlib.sha256(item["text"].encode()).hexdigest()) for item in vector["files"]]
    if "refused" in vector["expect"]:
        with pytest.raises(InputError):
            content_digest(files)
        return
    assert content_digest(files) == vector["expect"]["digest"]
    for item in vector["files"]:
        place = tmp_path / item["path"]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(item["text"])
    assert read_skill(tmp_path).digest == vector["expect"]["digest"]


def test_twice_nothing_and_too_much_are_refused() -> None:
    with pytest.raises(InputError, match="twice"):
        content_digest([SkillFile("a", "0" * 64), SkillFile("a", "1" * 64)])
    with pytest.raises(InputError, match="no file"):
        content_digest([])
    with pytest.raises(InputError, match="more than"):
        content_digest(SkillFile(str(number), "0" * 64) for number in range(MOST_FILES + 1))
    with pytest.raises(InputError, match="hexadecimal"):
        content_digest([SkillFile("a", "0" * 63 + "G")])


def test_a_skill_is_named_by_key_or_by_key_and_content() -> None:
    digest = "sha256:" + "ab" * 32
    assert parse_skill("pdf-forms") == NamedSkill("pdf-forms")
    assert parse_skill("acme/pdf@2") == NamedSkill("acme/pdf@2")
    assert parse_skill(f"acme/pdf@2@{digest}") == NamedSkill("acme/pdf@2", digest)
    for text in ("", "@", f"@{digest}", "pdf@sha256:ab", "pdf forms", "-pdf", f"pdf@{digest.upper()}"):
        with pytest.raises(InputError):
            parse_skill(text)
