"""What the sources say of steps and of effects, read from their syntax trees: nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jobs

ROOT = Path(jobs.__file__).parents[1]
#: What stands in a step's name for that of an object.
ANY = "*"


@dataclass(frozen=True)
class Function:
    """A function of the sources, ``package.module.function``, and the calls in it, those of its inner functions too."""

    name: str
    calls: tuple[ast.Call, ...]

    def steps(self) -> list[tuple[int, str]]:
        """Line and name of each step."""
        return [(call.lineno, _step_name(call.args[0])) for call in self.calls if called(call) == "step"]


def functions(*packages: str, but: tuple[str, ...] = ()) -> Iterator[Function]:
    """Every function of *packages*, without those of modules whose name begins with one of *but*."""
    for package in packages:
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if not module.startswith(but):
                yield from of_source(module, path.read_text(encoding="utf-8"))


def of_source(module: str, text: str) -> Iterator[Function]:
    """The functions in *text*, the outermost ones."""
    todo: list[tuple[str, ast.AST]] = [(module, ast.parse(text))]
    while todo:
        name, node = todo.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef):
                calls = (inner for inner in ast.walk(child) if isinstance(inner, ast.Call))
                yield Function(f"{name}.{child.name}", tuple(sorted(calls, key=lambda call: call.lineno)))
            elif isinstance(child, ast.ClassDef):
                todo.append((f"{name}.{child.name}", child))


def step_names() -> set[str]:
    """The names of all steps; `ANY` stands for whatever is filled in."""
    return {name for function in functions("jobs", "connectors") for _, name in function.steps()}


def template(step: str, names: set[str]) -> str:
    """Which of *names*, as in `step_names`, the *step* is that a process came to."""
    return next(name for name in names if re.fullmatch(re.escape(name).replace(re.escape(ANY), r"\w+"), step))


def called(call: ast.Call) -> str:
    """What is called, as it is written: ``os.replace``, ``partial.unlink``; a part that is no name is empty."""
    parts, node = [], call.func
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    parts.append(node.id if isinstance(node, ast.Name) else "")
    return ".".join(reversed(parts))


def _step_name(argument: ast.expr) -> str:
    if isinstance(argument, ast.Constant):
        return str(argument.value)
    assert isinstance(argument, ast.JoinedStr), "a step's name is written where the step is"
    return "".join(str(part.value) if isinstance(part, ast.Constant) else ANY for part in argument.values)
