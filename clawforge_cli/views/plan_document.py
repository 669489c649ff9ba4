"""A plan in the form that was asked for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from clawforge_cli.arguments import PlanForm
from clawforge_cli.views.terminal import Printer

if TYPE_CHECKING:
    from clawforge.plan import Plan
    from clawforge_cli.look_ahead import Outlook


def show_plan(
    plan: Plan,
    form: PlanForm,
    *,
    detail: bool,
    compared_with: str | None = None,
    forecast: Outlook | None = None,
) -> None:
    """Print a plan on standard output; `compared_with` and `detail` are for people, `forecast` for programs."""
    if form is PlanForm.JSON:
        from clawforge_cli.views import json_documents

        json_documents.show_plan(plan, forecast.items if forecast else None)
    elif form is PlanForm.MARKDOWN:
        from clawforge_cli.views.plan_markdown import plan_markdown

        sys.stdout.write(plan_markdown(plan))
    else:
        from clawforge_cli.views import human_plan

        human_plan.show_plan(plan, Printer(), detail=detail, compared_with=compared_with)
