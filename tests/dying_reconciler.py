"""`clawforge reconcile --config FILE` that sends itself a signal when a step begins: CONFIG STEP SIGNAL."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from clawforge.load.reconciler_file import read_reconciler_file
from clawforge_cli.gitops.cycle import Step
from clawforge_cli.gitops.reconciling import Reconciler


def main(config: Path, step: str, number: signal.Signals) -> None:
    """Run until the step, or for good."""
    done = []

    def on_step(_name: str, begun: Step) -> None:
        if begun.value == step and not done:
            done.append(begun)
            os.kill(os.getpid(), number)

    def say(line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    Reconciler(read_reconciler_file(config), config.parent, say, on_step).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], signal.Signals[sys.argv[3]])
