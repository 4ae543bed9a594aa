"""Draws the rooms of a package from their imports: the floor of each, its modules, and the rooms it stands on.

Run as `python -m tests.rooms sipas`; analysis/README.md and sipas/README.md hold what it prints. That imports run down
only is held by the contracts in setup.cfg (`lint-imports`).
"""

import sys
from textwrap import wrap

import grimp


def drawing(package: str) -> str:
    """Return the drawing as text, the highest floor first; raises ValueError where rooms import in a circle.

    A module beside the rooms is a room of its own, without a list of modules.
    """
    graph = grimp.build_graph(package, exclude_type_checking_imports=True, cache_dir=None)
    rooms = sorted(name.split(".")[1] for name in graph.find_children(package))
    below = {
        room: {other for other in rooms if other != room and _imports(graph, f"{package}.{room}", f"{package}.{other}")}
        for room in rooms
    }
    floors: dict[str, int] = {}
    while len(floors) < len(rooms):
        ready = [room for room in rooms if room not in floors and below[room] <= floors.keys()]
        if not ready:
            raise ValueError(f"rooms import each other in a circle: {sorted(below.keys() - floors.keys())}")
        floors |= {room: 1 + max((floors[other] for other in below[room]), default=0) for room in ready}
    lines = []
    for room in _from_above(rooms, floors):
        modules = sorted(name.rsplit(".", 1)[1] for name in graph.find_children(f"{package}.{room}"))
        lines += wrap(f"{floors[room]} {room:12}{' '.join(modules)}".rstrip(), 100, subsequent_indent=" " * 14)
        if below[room]:
            lines.append(f"{'':14}on {', '.join(_from_above(below[room], floors))}")
    arrows = sum(map(len, below.values()))
    return "\n".join([*lines, f"{len(rooms)} rooms on {max(floors.values())} floors, {arrows} arrows, none running up"])


def _imports(graph, room, other):
    return graph.direct_import_exists(importer=room, imported=other, as_packages=True)


def _from_above(rooms, floors):
    return sorted(rooms, key=lambda room: (-floors[room], room))


if __name__ == "__main__":
    print(drawing(*sys.argv[1:2] or ["sipas"]))
