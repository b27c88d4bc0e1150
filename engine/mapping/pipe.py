"""What a pipe is: a frozen line of the registry with help and an example, and how its arguments are bound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from engine.mapping.cell import Arg, PipeCall
from engine.mapping.formula.coded import Coded
from engine.mapping.ground import Ground
from engine.mapping.manual import Example, Kind
from engine.mapping.plain import as_integer, as_text
from engine.mapping.scope import Dress
from engine.mapping.slip import Slip
from engine.say import Say


@dataclass(frozen=True, slots=True)
class Bound:
    """The arguments of one pipe by name, `rest` for those of free name, and what is known where it stands."""

    args: Mapping[str, str | Decimal]
    rest: Mapping[str, str | Decimal]
    label: str
    quote: bool
    ground: Ground

    def text(self, name: str, otherwise: str = "") -> str:
        return as_text(self.args.get(name, otherwise)) or ""

    def count(self, name: str, otherwise: int, most: int) -> int:
        count = as_integer(self.args.get(name, otherwise))
        if count is None or not 0 <= count <= most:
            raise Slip(0, Say("{name} 要写 0 到 {most} 的整数", name=name, most=most), Say("改成整数"))
        return count

    def coded(self) -> Coded:
        """The value so far as part of a formula, so that both read values the same way."""
        return Coded(lambda row, scope: row, "any", self.label, quote=self.quote)


@dataclass(frozen=True, slots=True)
class Pipe:
    """`takes`: argument names in order, "?" after an optional one. `free`: other names are allowed too."""

    name: str
    alias: str
    takes: tuple[str, ...]
    gives: Kind
    help: Say
    example: Example
    make: Callable[[Bound], Dress]
    free: bool = False


def bound_args(pipe: Pipe, call: PipeCall) -> tuple[dict[str, str | Decimal], dict[str, str | Decimal]]:
    names = [name.rstrip("?") for name in pipe.takes]
    waiting, args, rest = list(names), {}, {}
    for arg in call.args:
        name = arg.name if arg.name is not None else _next(waiting, pipe, arg)
        if name in names and name not in args:
            args[name] = arg.value
            waiting.remove(name)
        elif pipe.free and name not in names and name not in rest:
            rest[name] = arg.value
        else:
            raise Slip(
                arg.at,
                Say("{pipe} 不认识参数 {name}", pipe=pipe.name, name=name),
                Say("写法：{form}", form=form(pipe)),
            )
    for name in pipe.takes:
        if not name.endswith("?") and name not in args:
            raise Slip(
                call.at,
                Say("{pipe} 缺参数 {name}", pipe=pipe.name, name=name),
                Say("写法：{form}", form=form(pipe)),
            )
    return args, rest


def _next(waiting: list[str], pipe: Pipe, arg: Arg) -> str:
    if not waiting:
        raise Slip(arg.at, Say("{pipe} 的参数太多", pipe=pipe.name), Say("写法：{form}", form=form(pipe)))
    return waiting[0]


def form(pipe: Pipe) -> str:
    """decimal(places?) as help and messages show it."""
    return f"{pipe.name}({', '.join(pipe.takes)}{', …' if pipe.free else ''})"
