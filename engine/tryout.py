"""Trying a scheme: what a few records of the source would become, by the command line and by the pages."""

from __future__ import annotations

from engine.model.ledger import RunAsked
from engine.model.values import Problem
from engine.run.answers import Answers, Library
from engine.run.flow import Flow
from engine.run.trial import Trial, trial
from engine.say import Say
from engine.services import Services
from engine.store import lookups
from engine.store.lookups import Tables


async def looked(services: Services, flow: Flow, asked: RunAsked) -> Trial:
    """Read and map, keep nothing, send nothing. Raises Fault, and Wrong where a connection is missing."""
    tables = Tables(0, services.store.read(lambda read: lookups.load(read, flow.mapping.tables)))
    answers = Answers(flow, services.store, services.lines, services.clock, Library())
    talk = services.lines.to(flow.scheme.source.connection)
    return await trial(flow, talk, answers, tables, asked, services.clock.now())


def alone(flow: Flow) -> list[Problem]:
    """Why one record of this scheme cannot be taken by itself; nothing where it can."""
    if flow.source.number is None:
        says = Say("接口 {name} 的数据没有单号。", name=flow.source.operation)
        return [Problem("only", "no_number", says, Say("用时间段。"))]
    if flow.mapping.shape is not None and flow.mapping.shape.gather:
        says = Say("方案 {code} 把几条数据合成一张单据，不能只取一条。", code=flow.published.code)
        return [Problem("only", "grouped", says, Say("用时间段，把一组都读到。"))]
    if flow.source.window is None and flow.source.pages.style == "pool":
        says = Say("接口 {name} 是待取池，取走就要回执，不能挑一条。", name=flow.source.operation)
        return [Problem("only", "pool", says, Say("照常运行。"))]
    return []
