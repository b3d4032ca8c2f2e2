"""The import directions: web -> nodes -> trainer, and downwards inside trainer."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOST_MODULES = {
    "aiohttp",
    "comfy",
    "comfy_api",
    "comfy_execution",
    "comfy_extras",
    "execution",
    "folder_paths",
    "nodes",
    "server",
}
_COMMON = {"errors", "files", "config", "settings", "setting_groups", "optimizer_memory"}
# Each part of trainer/ and the parts it may import besides itself.
BELOW: dict[str, set[str]] = {
    "errors": set(),
    "files": {"errors"},
    "settings": {"errors"},
    "setting_groups": {"errors", "settings"},
    "config": {"errors", "files", "settings", "setting_groups"},
    "optimizer_memory": {"setting_groups"},
    "data": _COMMON,
    "model": _COMMON,
    "planning": _COMMON | {"model"},
    "export": _COMMON,
    "training": _COMMON | {"data", "model", "planning", "export"},
}


def _pack_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def _imports(path: Path) -> Iterator[tuple[int, str, int]]:
    """Line, dotted name and number of leading dots of every import, late ones included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module, node.level
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, alias.name, node.level) for alias in node.names)


def _target(path: Path, name: str, dots: int) -> str:
    """The dotted name from the pack's root that an import means ('trainer.data.pictures.media')."""
    if dots == 0:
        return name
    folder = path.relative_to(ROOT).parts[:-1]
    assert dots - 1 <= len(folder), f"{path}: the import climbs out of the pack"
    return ".".join([*folder[: len(folder) - (dots - 1)], name])


def _found(folder: str) -> list[tuple[Path, int, str, int]]:
    return [
        (path, line, _target(path, name, dots), dots)
        for path in _pack_files(folder)
        for line, name, dots in _imports(path)
    ]


def test_trainer_imports_never_reach_the_host_or_the_graph() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {target}"
        for path, line, target, _ in _found("trainer")
        if target.split(".")[0] in HOST_MODULES
    ]
    assert wrong == []


@pytest.mark.parametrize("folder", ["trainer", "nodes"])
def test_imports_inside_the_pack_are_relative(folder: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {target}"
        for path, line, target, dots in _found(folder)
        if dots == 0 and target.split(".")[0] in {"trainer", "nodes", "dev", "tests", "demo"}
    ]
    assert wrong == []


@pytest.mark.parametrize("part", sorted(BELOW))
def test_trainer_part_imports_only_what_lies_below_it(part: str) -> None:
    allowed = BELOW[part] | {part}
    wrong = []
    for path, line, target, dots in _found("trainer"):
        names = target.split(".")
        inside = path.relative_to(ROOT / "trainer").parts[0].removesuffix(".py")
        if dots and names[0] == "trainer" and inside == part and names[1] not in allowed:
            wrong.append(f"{path.relative_to(ROOT)}:{line} imports {target}")
    assert wrong == []


def test_trainer_parts_are_all_in_the_table() -> None:
    parts = {path.relative_to(ROOT / "trainer").parts[0] for path in _pack_files("trainer")}
    entry_points = {"__init__.py", "__main__.py", "cli", "cli.py"}
    assert {part.removesuffix(".py") for part in parts - entry_points} <= set(BELOW)


def test_only_the_host_layer_knows_comfyui_internals() -> None:
    allowed_outside = {"comfy_api"}
    wrong = [
        f"{path.relative_to(ROOT)}:{line} imports {target}"
        for path, line, target, dots in _found("nodes")
        if dots == 0
        and target.split(".")[0] in HOST_MODULES - allowed_outside
        and not path.is_relative_to(ROOT / "nodes" / "host")
    ]
    assert wrong == []


def test_entry_point_imports_nothing_before_comfyui_asks() -> None:
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    assert [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)] == []


def test_import_reader_sees_a_relative_climb(tmp_path: Path) -> None:
    source = tmp_path / "late.py"
    source.write_text("def run():\n    from ..nodes import host\n    import comfy.sd\n")
    assert sorted(_imports(source)) == [(2, "nodes", 2), (3, "comfy.sd", 0)]
    assert _target(ROOT / "trainer" / "late.py", "nodes", 2) == "nodes"
