"""Makes projects of a given size: a plausible mix of people, groups, bindings, policies, DLP rules and skills."""

from __future__ import annotations

from pathlib import Path

_PER_FILE = 100


def write_project(root: Path, resources: int) -> None:
    """Write a project of exactly `resources` resources, a hundred in a file; `root` is made if it is not there."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "clawforge.yaml").write_text(
        "apiVersion: clawforge/v1\nkind: Project\norg: bench\nsource: bench\n", encoding="utf-8"
    )
    documents = [_default(), *(_resource(index) for index in range(1, resources))]
    for start in range(0, len(documents), _PER_FILE):
        text = "---\n".join(documents[start : start + _PER_FILE])
        (root / f"part-{start // _PER_FILE:05}.yaml").write_text(text, encoding="utf-8")


def _default() -> str:
    return _document("Policy", "default", "  appliesTo: everyone\n  tools: {profile: coding}\n")


def _resource(index: int) -> str:
    match index % 10:
        case 0 | 1 | 2 | 3 | 4:
            return _document("User", f"user-{index}", f"  email: user-{index}@bench.example\n")
        case 5:
            members = ", ".join(f"user-{index - back}" for back in range(1, 5))
            return _document("Group", f"group-{index}", f"  members:\n    users: [{members}]\n")
        case 6 | 7:
            group = index - index % 10 - 5 if index > 10 else None
            target = f"{{groups: [group-{group}]}}" if group else "everyone"
            mode = "overlay"
            return _document(
                "Policy",
                f"policy-{index}",
                f"  appliesTo: {target}\n  mode: {mode}\n  tools:\n    deny:\n      - browser\n      - tool_{index}\n"
                f"    ask: [web_fetch]\n  exec:\n    mode: ask\n    allow:\n      - git status **\n      - ls **\n",
            )
        case 8:
            return _document(
                "DlpRuleSet",
                f"dlp-{index}",
                "  appliesTo: everyone\n  rules:\n    - id: customer\n"
                f'      pattern: "CUST-{index}-[0-9]{{8}}"\n      action: block\n',
            )
        case _:
            return _document(
                "SkillApproval",
                f"skill-{index}",
                f"  appliesTo: everyone\n  key: skill-{index}\n  status: approved\n"
                f"  digest: sha256:{index:064x}\n  reviewedBy: user-{index - 9}\n",
            )


def _document(kind: str, name: str, spec: str) -> str:
    metadata = f"metadata:\n  name: {name}\n  labels: {{team: bench}}\n"
    return f"apiVersion: clawforge/v1\nkind: {kind}\n{metadata}spec:\n{spec}"
