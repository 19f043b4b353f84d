"""Count the floors of search/ (a circle is one floor) and what is wrong with them, in this checkout or in CHECKOUT."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

MOST_FLOORS, MOST_LINES = 12, 300
Graph = Mapping[str, set[str]]


def read(root: Path, package: str) -> dict[str, str]:
    """The text of each module of a package."""
    names = {path: ".".join(path.relative_to(root).with_suffix("").parts) for path in (root / package).rglob("*.py")}
    return {name.removesuffix(".__init__"): path.read_text() for path, name in names.items()}


def imports(text: str, modules: Mapping[str, str]) -> Iterator[str]:
    """Modules that a module imports anywhere in its text, so lazily as well."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            above = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            yield from ({above + alias.name for alias in node.names} | {above.rstrip(".")}) & modules.keys()


def reachable(graph: Graph, start: str) -> set[str]:
    seen, new = set[str](), graph[start]
    while new:
        seen |= new
        new = set[str]().union(*(graph[name] for name in new)) - seen
    return seen


def circles(graph: Graph) -> list[list[str]]:
    """Groups of names each of which reaches all others of its group."""
    reach = {name: reachable(graph, name) for name in graph}
    groups = {tuple(sorted(b for b in reach[a] if a in reach[b])) for a in graph}
    return [list(group) for group in sorted(groups) if group]


def floors(graph: Graph) -> int:
    circle = {name: group for group in circles(graph) for name in group}

    def height(name: str) -> int:
        group = circle.get(name, [name])
        return 1 + max((height(other) for one in group for other in graph[one] - set(group)), default=0)

    return max(map(height, graph))


def main(folder: str = str(Path(__file__).parents[1])) -> int:
    project = tomllib.loads(Path(folder, "pyproject.toml").read_text())["tool"]
    packages = [*project["hatch"]["build"]["targets"]["wheel"]["packages"], "benchmarks"]
    text = {name: text for package in packages for name, text in read(Path(folder), package).items()}
    graph = {name: set(imports(text[name], text)) - {name} for name in text}
    room = {name: name.split(".")[1] for name in text if name.startswith("search.")}
    rooms = {r: {room[b] for a in room if room[a] == r for b in graph[a] & room.keys()} - {r} for r in room.values()}
    contracts = [found for found in project["importlinter"]["contracts"] if found.get("containers") == ["search"]]
    layers = [names.split(" | ") for contract in contracts for names in reversed(contract["layers"])]
    floor = {name: number for number, names in enumerate(layers) for name in names}
    files = [name for name in room if Path(folder, "search", f"{name.removeprefix('search.')}.py").exists()]
    up = [f"{a} -> {b}" for a in rooms for b in rooms[a] if layers and floor.get(a, -1) <= floor.get(b, 99)]
    found = {
        "imports that run back up": up,
        "circles of rooms": [" ".join(names) for names in circles(rooms)],
        "circles of modules": [" ".join(names) for names in circles(graph)],
        "loose modules": [n for n in files if n != "search.errors" and '__name__ == "__main__"' not in text[n]],
        "long modules": [name for name in text if len(text[name].splitlines()) > MOST_LINES],
    }
    print(f"{(count := floors(rooms))} floors of search (at most {MOST_FLOORS}), {len(rooms)} names on its top level")
    for words, wrong in found.items():
        print("\n  ".join([f"{len(wrong)} {words}", *wrong]))
    return int(count > MOST_FLOORS or any(found.values()))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
