"""Plans of other tools, at the same counts and on the same machine: Terraform's `terraform_data`, and octoDNS.

Terraform is measured if it is on the PATH: its built-in resource needs no provider. octoDNS comes from PyPI, by pip,
into an environment of its own below build/; where that fails it is said and left out. Neither says what a change means
to anybody, so the work is not the same: it is what people wait for before they may read a plan.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

from measure import Figure, measure, run_once

_PEERS = Path(__file__).resolve().parent.parent / "build" / "peers"
_OCTODNS = "octodns==1.*"
_DETAILED = (0, 2)


def terraform(scratch: Path, size: int) -> Iterator[Figure]:
    """Plans of `size` resources without a change, and with one in a hundred changed."""
    found = shutil.which("terraform")
    if found is None:
        print("terraform is not on the PATH: its plans are left out.", file=sys.stderr)
        return
    folder = scratch / f"terraform-{size}"
    folder.mkdir()
    _write_terraform(folder, size, changed=0)
    environment = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
    here = [found, f"-chdir={folder}"]
    run_once([*here, "init", "-input=false"], environment)
    run_once([*here, "apply", "-auto-approve", "-input=false"], environment)
    plan = [*here, "plan", "-input=false", "-detailed-exitcode"]
    yield measure(f"terraform {size:,} resources, no change", plan, environment, good=_DETAILED)
    _write_terraform(folder, size, changed=size // 100)
    yield measure(f"terraform {size:,} resources, 1% changed", plan, environment, good=_DETAILED)


def _write_terraform(folder: Path, size: int, *, changed: int) -> None:
    inputs = {
        f"r{index}": {
            "input": {
                "team": "bench",
                "deny": ["browser", f"tool_{index}"],
                "ask": ["new" if index < changed else "old"],
            }
        }
        for index in range(size)
    }
    (folder / "main.tf.json").write_text(json.dumps({"resource": {"terraform_data": inputs}}))


def octodns(scratch: Path, size: int) -> Iterator[Figure]:
    """Plans of a zone of `size` records, without a change and with one in a hundred changed."""
    program = _octodns()
    if program is None:
        print("octoDNS could not be installed: its plans are left out.", file=sys.stderr)
        return
    folder = scratch / f"octodns-{size}"
    for name in ("wanted", "present"):
        (folder / name).mkdir(parents=True)
        _write_zone(folder / name, size, changed=0)
    config = folder / "config.yaml"
    config.write_text(
        "manager: {max_workers: 1}\n"
        "providers:\n"
        f"  wanted: {{class: octodns.provider.yaml.YamlProvider, directory: {folder / 'wanted'}, default_ttl: 300}}\n"
        f"  present: {{class: octodns.provider.yaml.YamlProvider, directory: {folder / 'present'}, default_ttl: 300,"
        " supports_root_ns: false}\n"
        "zones: {bench.example.: {sources: [wanted], targets: [present]}}\n"
    )
    plan: list[str | Path] = [program, "--config-file", config]
    yield measure(f"octoDNS {size:,} records, no change", plan)
    _write_zone(folder / "wanted", size, changed=size // 100)
    yield measure(f"octoDNS {size:,} records, 1% changed", plan)


def _write_zone(folder: Path, size: int, *, changed: int) -> None:
    names = sorted(f"host-{index:06}" for index in range(size))
    lines = [
        f"{name}:\n  type: A\n  value: 10.{index >> 16 & 255}.{index >> 8 & 255}.{1 if index < changed else 2}\n"
        for index, name in enumerate(names)
    ]
    (folder / "bench.example.yaml").write_text("---\n" + "".join(lines))


def _octodns() -> Path | None:
    program = _PEERS / "bin" / "octodns-sync"
    if not program.exists():
        venv.create(_PEERS, with_pip=True)
        install = [_PEERS / "bin" / "python", "-m", "pip", "install", "--quiet", _OCTODNS]
        subprocess.run(install, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return program if program.exists() else None
