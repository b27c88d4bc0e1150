"""docs/recipes.md: every need of real schemes (T1 to T45), written as the page says, does what the page says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from engine.document.cases import read_cases, run_cases
from engine.document.scheme import read_scheme
from engine.mapping.compile import compile_mapping
from engine.registry import Registry

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "recipes.md").read_text("utf-8")
ENDS = {
    "source": "source: {connection: a, operation: q}\n",
    "target": "target: {connection: b, operation: s}\n",
}
NOT_YET = {37}
"""Files are downloaded and uploaded by doors that are not there yet."""


@dataclass(frozen=True)
class Recipe:
    number: int
    title: str
    scheme: str
    case: str


def recipes() -> list[Recipe]:
    found = []
    for part in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]:
        number, title = part.split("\n", 1)[0].split(" ", 1)
        scheme, case = re.findall(r"^```yaml\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
        found.append(Recipe(int(number.removeprefix("T")), title, scheme, case))
    return found


RECIPES = recipes()


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda one: f"T{one.number}")
def test_the_recipe_does_what_the_page_says(recipe: Recipe) -> None:
    ends = "".join(
        text for key, text in ENDS.items() if not re.search(rf"^{key}:", recipe.scheme, re.MULTILINE)
    )
    scheme, problems = read_scheme(f"scheme: t-{recipe.number}\n{ends}{recipe.scheme}")
    assert [str(one) for one in problems] == []
    assert scheme is not None
    mapping, problems = compile_mapping(scheme, None, None, None)
    assert mapping is not None, [str(one) for one in problems]
    indented = "".join(f"    {line}\n" for line in recipe.case.splitlines())
    cases, problems = read_cases(f"cases:\n  - name: T{recipe.number}\n{indented}")
    assert [str(one) for one in problems] == []
    (result,) = run_cases(cases, mapping)
    assert [str(one) for one in result.differences] == []


def test_the_list_of_the_recipe_asks_for_its_details() -> None:
    (recipe,) = (one for one in RECIPES if one.number == 38)
    name = re.findall(r"operation: (\S+)", recipe.scheme)[0]
    operation = Registry.read([ROOT / "connectors"]).operation(name)
    assert operation is not None
    assert operation.detail is not None


def test_every_need_has_one_recipe_in_order() -> None:
    numbers = [one.number for one in RECIPES]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(1, 46)) - NOT_YET
    assert len(numbers) == len(set(numbers))
    assert all(one.title for one in RECIPES)
