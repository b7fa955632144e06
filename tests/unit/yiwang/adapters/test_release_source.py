"""What a build reads: the tree, an overlay over it, and the facts that the manifest states about both."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yiwang.adapters import builder, wheelhouse
from yiwang.adapters.source import read_source
from yiwang.errors import DefinitionError

PYPROJECT = '[project]\nname = "yiwang"\nversion = "2026.11.0"\n'
MIGRATION = "revision = {revision!r}\ndown_revision: str | None = {down!r}\n"
SERVICE = "services/src/yiwang_services/collaboration"


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write(
        tmp_path / "tree",
        {
            "pyproject.toml": PYPROJECT,
            f"{SERVICE}/app.py": "x = 1\n",
            f"{SERVICE}/migrations/0001_start.py": MIGRATION.format(revision="0001_start", down=None),
            f"{SERVICE}/contracts/order.v1.json": '{"b": 1, "a": 2}',
            "services/src/yiwang_kit/migrations/__init__.py": "",
            "services/src/yiwang_kit/migrations/versions/0001_kit.py": MIGRATION.format(revision="0001_kit", down=None),
            "services/content/divisions/pack.json": '{"version": "2026-10"}',
            "services/content/divisions/rows.csv": "a,b\n",
        },
    )


def overlay(root: Path, head: str = "", files: dict[str, str] | None = None) -> Path:
    spec = "version: 2026.12.0\npurpose: a test\n" + head
    return write(
        root / "over", {"overlay.yaml": spec, **{f"tree/{path}": text for path, text in (files or {}).items()}}
    )


def test_the_version_stands_in_pyproject(tree: Path) -> None:
    assert read_source(tree).version == "2026.11.0"
    named = read_source(tree, version="2027.1.0")
    assert b'version = "2027.1.0"' in named.files["pyproject.toml"]


def test_an_overlay_adds_replaces_appends_and_removes_on_a_copy(tree: Path, tmp_path: Path) -> None:
    head = f'append: {{"{SERVICE}/app.py": "y = 2\\n"}}\nremove: ["{SERVICE}/contracts/order.v1.json"]\n'
    files = {f"{SERVICE}/migrations/0002_more.py": MIGRATION.format(revision="0002_more", down="0001_start")}
    source = read_source(tree, overlay=overlay(tmp_path, head, files))
    assert source.version == "2026.12.0"
    assert source.files[f"{SERVICE}/app.py"] == b"x = 1\ny = 2\n"
    heads = {"kit": "0001_kit", "collaboration": "0002_more"}
    assert builder.migration_heads(source) == heads
    assert builder.contract_hashes(source) == {}
    assert (tree / SERVICE / "app.py").read_text(encoding="utf-8") == "x = 1\n"


def test_an_overlay_release_is_entered_from_its_base_and_goes_back_to_it(tree: Path, tmp_path: Path) -> None:
    policy = read_source(tree, overlay=overlay(tmp_path)).policy
    assert policy.may_enter_from == ("2026.11.0",)
    assert policy.rollback_floor == "2026.11.0"


def test_an_overlay_edits_json_whatever_else_is_in_it(tree: Path, tmp_path: Path) -> None:
    v1, v2 = f"{SERVICE}/contracts/order.v1.json", f"{SERVICE}/contracts/order.v2.json"
    head = (
        "edit:\n"
        "  services/content/divisions/pack.json: {merge: {version: 2026-11}}\n"
        f"  {v2}: {{from: {v1}, merge: {{c: {{d: 1}}, a: null}}}}\n"
    )
    source = read_source(tree, overlay=overlay(tmp_path, head))
    assert builder.content_packs(source)[0].version == "2026-11"
    assert json.loads(source.files[v2]) == {"b": 1, "c": {"d": 1}}
    assert set(builder.contract_hashes(source)) == {"collaboration/order.v1", "collaboration/order.v2"}


def test_an_overlay_may_stand_on_another(tree: Path, tmp_path: Path) -> None:
    overlay(tmp_path, files={f"{SERVICE}/app.py": "x = 2\n", f"{SERVICE}/added.py": ""})
    head = "version: 2027.1.0\npurpose: later\nextends: ../over\nmay_enter_from: [base, 2026.12.0]\n"
    later = write(tmp_path / "later", {"overlay.yaml": f'{head}append: {{"{SERVICE}/app.py": "y = 3\\n"}}\n'})
    source = read_source(tree, overlay=later)
    assert (source.version, source.policy.may_enter_from) == ("2027.1.0", ("2026.11.0", "2026.12.0"))
    assert source.files[f"{SERVICE}/app.py"] == b"x = 2\ny = 3\n"
    assert f"{SERVICE}/added.py" in source.files


def test_an_overlay_migration_follows_whatever_head_there_is(tree: Path, tmp_path: Path) -> None:
    folder = overlay(tmp_path)
    write(
        folder,
        {"migrations/yiwang_services.collaboration/rating.py": MIGRATION.format(revision="@REVISION@", down="@HEAD@")},
    )
    write(tree, {f"{SERVICE}/migrations/0002_grown.py": MIGRATION.format(revision="0002_grown", down="0001_start")})
    source = read_source(tree, overlay=folder)
    assert builder.migration_heads(source)["collaboration"] == "0003_rating"
    assert b"0002_grown" in source.files[f"{SERVICE}/migrations/0003_rating.py"]
    write(folder, {"migrations/yiwang_services.nothing/rating.py": ""})
    with pytest.raises(DefinitionError, match=r"one of: yiwang_kit, yiwang_services\.collaboration"):
        read_source(tree, overlay=folder)


@pytest.mark.parametrize(
    ("head", "word"),
    [
        ("colour: red\n", "colour"),
        ('append: {"no/such.py": "x"}\n', "no/such.py"),
        ("version: 1\n", "version"),
        ("append: [\n", "parsing"),
    ],
)
def test_a_wrong_overlay_is_refused_with_file_and_key(tree: Path, tmp_path: Path, head: str, word: str) -> None:
    with pytest.raises(DefinitionError, match=rf"overlay\.yaml.*{word}"):
        read_source(tree, overlay=overlay(tmp_path, head))


def test_an_overlay_folder_without_its_file_is_refused(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="version"):
        read_source(tree, overlay=tmp_path / "nothing")


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("pyproject.toml", "[project\n", 1),
        (f"{SERVICE}/contracts/order.v2.json", '{"a": ', 1),
        (f"{SERVICE}/migrations/0002_x.py", "x = 1\ndef (\n", 2),
    ],
)
def test_a_broken_source_file_is_named_with_its_line(tree: Path, path: str, text: str, line: int) -> None:
    write(tree, {path: text})
    with pytest.raises(DefinitionError) as refusal:
        _read_everything(tree)
    assert refusal.value.place() == f"{path}:{line}"


def _read_everything(tree: Path) -> None:
    source = read_source(tree)
    builder.contract_hashes(source)
    builder.migration_heads(source)


def test_tools_droppings_are_no_source(tree: Path) -> None:
    before = read_source(tree).digest()
    write(tree, {f"{SERVICE}/__pycache__/app.pyc": "x", "services/console/node_modules/a.js": "x", "notes.txt": "x"})
    assert read_source(tree).digest() == before


@pytest.mark.parametrize("path", [f"{SERVICE}/app.py", f"{SERVICE}/new.py", "services/content/divisions/rows.csv"])
def test_every_source_byte_changes_the_digest(tree: Path, path: str) -> None:
    before = read_source(tree).digest()
    write(tree, {path: "changed\n"})
    assert read_source(tree).digest() != before


def test_two_heads_of_one_package_are_refused(tree: Path) -> None:
    write(tree, {f"{SERVICE}/migrations/0002_other.py": MIGRATION.format(revision="0002_other", down=None)})
    with pytest.raises(DefinitionError, match="one head by down_revision, found 0001_start, 0002_other"):
        builder.migration_heads(read_source(tree))


def test_a_contract_s_digest_follows_its_meaning_not_its_spaces(tree: Path) -> None:
    before = builder.contract_hashes(read_source(tree))
    assert list(before) == ["collaboration/order.v1"]
    write(tree, {f"{SERVICE}/contracts/order.v1.json": '{\n "a": 2,\n "b": 1\n}'})
    assert builder.contract_hashes(read_source(tree)) == before


def test_a_content_pack_is_named_by_version_and_digest(tree: Path) -> None:
    (pack,) = builder.content_packs(read_source(tree))
    assert (pack.pack, pack.version) == ("divisions", "2026-10")


def test_a_lock_gives_the_pins_that_apply_here() -> None:
    digest, other = "a" * 64, "b" * 64
    lock = (
        "# made by a tool\n"
        f"Some.Package==1.0 \\\n    --hash=sha256:{digest} \\\n    --hash=sha256:{other}\n    # via yiwang\n"
        f"psycopg[binary]==3.2.1 ; implementation_name != 'pypy' \\\n    --hash=sha256:{digest}\n"
        f"tzdata==2026.6 ; sys_platform == 'win32' \\\n    --hash=sha256:{digest}\n"
    )
    pins = {pin.name: pin for pin in wheelhouse.parse_lock(lock)}
    assert set(pins) == {"some-package", "psycopg"}
    assert pins["some-package"].hashes == {digest, other}
    assert pins["psycopg"].version == "3.2.1"


@pytest.mark.parametrize(
    ("names", "glibc"),
    [
        ([], ""),
        (["a-1-py3-none-any.whl"], ""),
        (["a-1-cp311-abi3-manylinux_2_34_x86_64.whl", "b-1-py3-none-manylinux_2_28_x86_64.whl"], "2.34"),
        (["a-1-cp311-cp311-manylinux2014_x86_64.manylinux_2_28_x86_64.whl"], "2.17"),
    ],
)
def test_a_set_of_wheels_needs_the_newest_glibc_that_any_of_them_needs(names: list[str], glibc: str) -> None:
    assert wheelhouse.needed_glibc(names) == glibc
