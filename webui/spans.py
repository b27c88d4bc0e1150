"""Two moments of a form: the span of time that a run or a trial is to read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from engine.model.ledger import RunAsked
from engine.model.values import Problem, Window
from engine.store.schemes import Published
from webui import forms
from webui.language import _
from webui.rules import reading
from webui.web import web


def wanted(scheme: Published) -> RunAsked | Problem:
    """What the form asks to read; nothing special where both times are left empty."""
    since, until = _moment("since"), _moment("until")
    if not forms.text("since") and not forms.text("until"):
        return RunAsked()
    read = reading(scheme.text)
    operation = web().registry.operation(read.source.operation) if read else None
    if operation is None or operation.window is None:
        return Problem("since", "no_window", _("这个方案的源不按时间读。"))
    if since is None or until is None or since >= until:
        return Problem("since", "span", _("开始和结束都要写，开始在前。"))
    if until > web().now() + timedelta(minutes=1):
        return Problem("since", "future", _("结束时间还没有到。"))
    return RunAsked(Window(since, until))


def _moment(name: str) -> datetime | None:
    """A local time of the form, in the zone of the pages."""
    try:
        return datetime.fromisoformat(forms.text(name, 30)).replace(tzinfo=web().zone).astimezone(UTC)
    except ValueError:
        return None
