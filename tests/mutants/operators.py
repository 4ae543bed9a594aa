"""The mutants of one module: small changes of its syntax tree, each with a name that edits elsewhere do not change.

Left out on purpose: texts (messages, names of columns), annotations, decorators, and what stands in an f-string.
"""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMPARISONS: dict[type, list[type]] = {
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}
ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
SIGNS = {
    **{ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="},
    **{ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.And: "and", ast.Or: "or"},
    **{ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**"},
    **{ast.BitAnd: "&", ast.BitOr: "|"},
}
OPPOSITES = {"min": "max", "any": "all", "minimum": "maximum", "floor": "ceil", "argmin": "argmax", "fmin": "fmax"}
OPPOSITES |= {right: left for left, right in OPPOSITES.items()}
SYMMETRIC = {"min", "max", "minimum", "maximum", "array_equal", "compare_digest"}  # swapped arguments change nothing
Place = ast.expr | ast.stmt


@dataclass(frozen=True)
class Mutant:
    """One change: bytes `start` to `end` of the file at `path` become `text`."""

    path: str
    where: str  # qualified name of the function, or the class, or "" at the level of the module
    change: str
    line: str  # the source line on which the change begins
    nth: int  # among equal ones, in the order of the folder
    start: int
    end: int
    text: str
    first: int  # lines of the file whose tests are asked
    last: int
    at_import: bool  # these lines are a function or module around it; itself it runs once, on import

    @property
    def name(self) -> str:
        """Return the name that stays while its own line stays."""
        return " | ".join([self.where, self.change, self.line, *([str(self.nth)] if self.nth > 1 else [])])

    def rank(self, seed: int) -> str:
        """Return the place in the random order of `seed`: other mutants that come or go do not move it."""
        return hashlib.sha256(f"{seed} {self.name}".encode()).hexdigest()

    def applied(self, source: bytes) -> bytes:
        """Return the module with the change made."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def mutants_of(root: Path, folder: str) -> list[Mutant]:
    """Return every mutant of every module of `folder`, named without the modules' names."""
    found: list[Mutant] = []
    counts: Counter[tuple[str, str, str]] = Counter()
    for path in sorted((root / folder).glob("*.py")):
        source = path.read_bytes()
        starts = _line_starts(source)
        lines = source.decode().splitlines()
        for place, change, text, where, scope in _changes(ast.parse(source)):
            start, end = (starts[n - 1] + c for n, c in ((place.lineno, place.col_offset), _end(place)))
            line = lines[place.lineno - 1].strip()
            key = (where, change, line)
            counts[key] += 1
            around = scope or place
            first, last = (around.lineno, _end(around)[0]) if isinstance(around, (ast.expr, ast.stmt)) else (1, 10**6)
            name = path.relative_to(root).as_posix()
            found.append(Mutant(name, *key, counts[key], start, end, text, first, last, scope is not None))
    return found


def _end(place: Place) -> tuple[int, int]:
    return place.end_lineno or place.lineno, place.end_col_offset or 0


def _line_starts(source: bytes) -> list[int]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


Change = tuple[Place, str, str, str, ast.AST | None]


def _changes(tree: ast.Module) -> Iterator[Change]:
    yield from _below(tree, "", tree)


def _below(node: ast.AST, where: str, scope: ast.AST | None) -> Iterator[Change]:
    """Walk the tree; `scope` is what surrounds a piece that runs on import, and None within functions."""
    if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "__name__ == '__main__'"):
        return
    for place, change, text in _made(node):
        yield place, change, text, where, scope
    for name, value in ast.iter_fields(node):
        inner, around = where, scope
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            inner = f"{where}.{node.name}" if where else node.name
            if isinstance(node, ast.ClassDef):
                around = scope  # fields of a record are set by an __init__ without lines: all tests of the module
            elif name == "body":
                around = None
            elif scope is not None:
                around = node
        elif isinstance(node, ast.Lambda) and name == "body":
            around = None
        if name in ("decorator_list", "annotation", "returns", "exc", "cause", "pattern", "bases"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if (
                isinstance(child, ast.AST)
                and not isinstance(child, ast.JoinedStr)
                and not _without_meaning(node, child)
            ):
                yield from _below(child, inner, around)


def _made(node: ast.AST) -> Iterator[tuple[Place, str, str]]:
    if isinstance(node, ast.expr):
        for change, new in _expressions(node):
            yield node, change, f"({ast.unparse(new)})"
    if isinstance(node, (ast.If, ast.IfExp, ast.While)):
        for value in (True, False) if not isinstance(node, ast.While) else (False,):
            yield node.test, f"condition always {value}", f"({value})"
    if isinstance(node, ast.comprehension):
        for test in node.ifs:
            yield test, "filter dropped", "(True)"
    if isinstance(node, ast.stmt):
        yield from _statements(node)


def _expressions(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Compare():
            for place, old in enumerate(node.ops):
                for kind in COMPARISONS[type(old)]:
                    ops = [*node.ops[:place], kind(), *node.ops[place + 1 :]]
                    yield f"{SIGNS[type(old)]} to {SIGNS[kind]}", ast.Compare(node.left, ops, node.comparators)
        case ast.BoolOp():
            other = ast.Or if isinstance(node.op, ast.And) else ast.And
            yield f"{SIGNS[type(node.op)]} to {SIGNS[other]}", ast.BoolOp(other(), node.values)
            for place in range(len(node.values)):
                rest = node.values[:place] + node.values[place + 1 :]
                yield f"operand {place + 1} dropped", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        case ast.UnaryOp(op=ast.Not()):
            yield "not dropped", node.operand
        case ast.UnaryOp(op=ast.USub() | ast.Invert()):
            yield "sign dropped", node.operand
        case ast.BinOp() if type(node.op) in ARITHMETIC and not (_is_text(node.left) or _is_text(node.right)):
            kind = ARITHMETIC[type(node.op)]
            yield f"{SIGNS[type(node.op)]} to {SIGNS[kind]}", ast.BinOp(node.left, kind(), node.right)
        case ast.Constant(value=bool(value)):
            yield f"{value} to {not value}", ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield f"{value} to {value + 1}", ast.Constant(value + 1)
        case ast.Constant(value=float(value)):
            yield f"{value} to {value * 2 or 1.0}", ast.Constant(value * 2 or 1.0)
        case ast.IfExp():
            yield "branches swapped", ast.IfExp(node.test, node.orelse, node.body)
        case ast.Call():
            yield from _calls(node)


def _calls(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    match node.func:
        case ast.Name(id=name) if name in OPPOSITES:
            yield f"{name} to {OPPOSITES[name]}", ast.Call(ast.Name(OPPOSITES[name]), node.args, node.keywords)
        case ast.Attribute(value=value, attr=name) if name in OPPOSITES:
            opposite = ast.Attribute(value, OPPOSITES[name])
            yield f"{name} to {OPPOSITES[name]}", ast.Call(opposite, node.args, node.keywords)
        case ast.Name(id="isinstance" | "getattr" | "hasattr" | "issubclass"):
            return
    args = node.args
    symmetric = ast.unparse(node.func).rsplit(".", 1)[-1] in SYMMETRIC
    for place in sorted({0, len(args) - 2}) if len(args) > 1 and not symmetric else []:
        pair = args[place : place + 2]
        if not any(isinstance(arg, ast.Starred) for arg in pair) and ast.dump(pair[0]) != ast.dump(pair[1]):
            swapped = [*args[:place], pair[1], pair[0], *args[place + 2 :]]
            yield f"arguments {place + 1} and {place + 2} swapped", ast.Call(node.func, swapped, node.keywords)
    for keyword in node.keywords:
        if keyword.arg not in (None, "strict") and not _is_text(keyword.value):
            rest = [other for other in node.keywords if other is not keyword]
            yield f"{keyword.arg}= dropped", ast.Call(node.func, args, rest)


def _statements(node: ast.stmt) -> Iterator[tuple[ast.stmt, str, str]]:
    match node:
        case ast.Expr(value=ast.Call()) | ast.Raise() | ast.Delete():
            yield node, "statement dropped", "pass"
        case ast.Assign(targets=[ast.Subscript() | ast.Attribute()]):
            yield node, "statement dropped", "pass"
        case ast.AugAssign():
            yield node, "statement dropped", "pass"
            if (kind := ARITHMETIC.get(type(node.op))) and not _is_text(node.value):
                signs = f"{SIGNS[type(node.op)]}= to {SIGNS[kind]}="
                yield node, signs, ast.unparse(ast.AugAssign(node.target, kind(), node.value))
        case ast.Return(value=ast.expr() as value) if ast.unparse(value) != "None":
            yield node, "returns None", "return None"
        case ast.Break():
            yield node, "break to continue", "continue"
        case ast.Continue():
            yield node, "continue to break", "break"


def _without_meaning(node: ast.AST, child: ast.AST) -> bool:
    """Whether this is the -1 of `reshape(n, -1)`, for which any negative number may stand, or the check of a `zip`."""
    if isinstance(node, ast.keyword):
        return node.arg == "strict"
    return isinstance(node, ast.Call) and ast.unparse(child) == "-1" and ast.unparse(node.func).endswith("reshape")


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
