"""Real builds, with hatchling and pip, of a small tree whose only dependency is a wheel made here; no network."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from support.handmade_wheel import make_wheel
from yiwang.adapters import builder
from yiwang.adapters.signing import TrustClient
from yiwang.adapters.source import read_source
from yiwang.cli.main import main
from yiwang.errors import DefinitionError, NotReady, Refused
from yiwang.operate import release, trust

ROOT = Path(__file__).resolve().parents[4]
PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "yiwang"
version = "2026.11.0"
[tool.hatch.build.targets.wheel]
packages = ["platform/src/yiwang", "services/src/yiwang_kit"]
[tool.hatch.build.targets.wheel.force-include]
"services/content" = "yiwang_content"
[tool.hatch.build.targets.wheel.hooks.custom]
path = "hatch_build.py"
"""


class Desk:
    """A release manager's desk: a tree, a folder of wheels for pip, an empty cache."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.tree, self.links, self.out = folder, folder / "tree", folder / "links", folder / "out"
        self.wheel = make_wheel(self.links)
        self.write("pyproject.toml", PYPROJECT)
        self.write("hatch_build.py", (ROOT / "hatch_build.py").read_text(encoding="utf-8"))
        self.write("platform/src/yiwang/__init__.py", '"""Small."""\n')
        self.write("services/src/yiwang_kit/__init__.py", '"""Kit."""\n')
        self.write("services/src/yiwang_kit/boot.py", '"""Boot."""\n')
        self.write("services/content/divisions/rows.csv", "a,b\n")
        self.lock()

    def write(self, path: str, text: str) -> None:
        target = self.tree / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def lock(self) -> None:
        digest = hashlib.sha256(self.wheel.read_bytes()).hexdigest()
        for name in ("hub", "agent", "control", "engines"):
            self.write(f"requirements/{name}.lock", f"dependency==1.0 \\\n    --hash=sha256:{digest}\n")

    def build(self, **rest: object) -> release.Built:
        return release.build(self.tree, self.out, **rest)  # type: ignore[arg-type]  # keyword maps in a test


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk where one release was built, for tests that work on a copy of it."""
    desk = Desk(tmp_path_factory.mktemp("office"))
    with pytest.MonkeyPatch.context() as patch:
        _settle(desk, patch)
        desk.build()
    return desk.folder


def _settle(desk: Desk, patch: pytest.MonkeyPatch) -> Desk:
    patch.setenv("YIWANG_CACHE", str(desk.folder / "cache"))
    patch.setenv("PIP_NO_INDEX", "1")
    patch.setenv("PIP_FIND_LINKS", str(desk.links))
    return desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A fresh desk: nothing was ever built here."""
    return _settle(Desk(tmp_path), monkeypatch)


@pytest.fixture
def busy_desk(office: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk where the release was built before."""
    shutil.copytree(office, tmp_path, dirs_exist_ok=True)
    return _settle(Desk(tmp_path), monkeypatch)


def test_two_builds_are_byte_identical(desk: Desk, tmp_path: Path) -> None:
    first = desk.build()
    elsewhere = tmp_path / "另一个 clone"
    shutil.copytree(desk.tree, elsewhere)
    second = release.build(elsewhere, tmp_path / "out2")
    assert first.manifest.digest() == second.manifest.digest()
    assert release.compare(first.folder, second.folder) == ()
    files = [path.relative_to(first.folder) for path in first.folder.rglob("*") if path.is_file()]
    assert len(files) == 8
    assert all((first.folder / path).read_bytes() == (second.folder / path).read_bytes() for path in files)


def test_the_wheel_of_this_very_tree_is_the_same_twice(tmp_path: Path) -> None:
    source = read_source(ROOT)
    wheels = [builder.build_wheel(source, None, tmp_path / name, release.silent) for name in ("one", "two")]
    assert wheels[0].read_bytes() == wheels[1].read_bytes()
    with zipfile.ZipFile(wheels[0]) as archive:
        names = set(archive.namelist())
    assert {"yiwang_kit/boot.py", "yiwang/operate/release.py", "yiwang_sites/440000.yaml"} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests/")]


def test_building_again_without_change_builds_nothing(busy_desk: Desk) -> None:
    assert busy_desk.build().reused
    busy_desk.write("services/src/yiwang_kit/more.py", "X = 1\n")
    assert not busy_desk.build().reused


def test_a_damaged_release_is_not_reused(busy_desk: Desk) -> None:
    built = busy_desk.build()
    (built.folder / "sbom.cdx.json").write_bytes(b"{}")
    assert not busy_desk.build().reused
    assert release.verify(built.folder) == ()


@pytest.mark.parametrize("kind", ["wheels", "dependencies", "locks"])
def test_a_tampered_artefact_is_named(busy_desk: Desk, kind: str) -> None:
    folder = busy_desk.build().folder
    file = next((folder / kind).iterdir())
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    (problem,) = release.verify(folder)
    assert problem.startswith(f"{kind}/{file.name}: ")


def test_missing_and_extra_files_are_named(busy_desk: Desk) -> None:
    folder = busy_desk.build().folder
    (folder / "sbom.cdx.json").unlink()
    (folder / "gift.whl").write_bytes(b"x")
    problems = release.verify(folder)
    assert [problem.split(":")[0] for problem in problems] == ["sbom.cdx.json", "gift.whl"]


@pytest.mark.parametrize("manifest", [b"", b"{}", b"[", b"\xff", None])
def test_an_unreadable_manifest_is_a_problem_not_a_trace(busy_desk: Desk, manifest: bytes | None) -> None:
    folder = busy_desk.build().folder
    (folder / "manifest.json").unlink()
    if manifest is not None:
        (folder / "manifest.json").write_bytes(manifest)
    assert len(release.verify(folder)) == 1


def test_a_manifest_with_other_spacing_is_refused(busy_desk: Desk) -> None:
    folder = busy_desk.build().folder
    path = folder / "manifest.json"
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(Refused, match="canonical"):
        release.read_manifest(folder)


def test_a_dependency_with_other_bytes_than_the_lock_is_refused(desk: Desk) -> None:
    make_wheel(desk.links, files={"dependency.py": "X = 'evil'\n"})
    with pytest.raises(Refused, match="does not match its locked hash"):
        desk.build()
    assert not (desk.out / "2026.11.0").exists()


def test_a_cache_that_was_tampered_with_is_refused_once_and_then_fetched_again(busy_desk: Desk) -> None:
    busy_desk.build()
    busy_desk.write("services/src/yiwang_kit/more.py", "X = 1\n")
    (cached,) = (busy_desk.folder / "cache" / "wheels").rglob("*.whl")
    cached.write_bytes(b"evil")
    with pytest.raises(Refused, match="not in the lock"):
        busy_desk.build()
    assert not busy_desk.build().reused


def test_a_registry_that_does_not_answer_is_not_ready(desk: Desk) -> None:
    desk.wheel.unlink()
    with pytest.raises(NotReady, match="pip download"):
        desk.build()


def test_a_tree_that_does_not_build_leaves_no_release(desk: Desk) -> None:
    desk.write("pyproject.toml", PYPROJECT.replace("platform/src/yiwang", "platform/src/nothing") + "[broken\n")
    with pytest.raises((NotReady, DefinitionError)):
        desk.build()
    assert list(desk.out.glob("[!.]*")) == []


def test_the_console_page_is_in_the_wheel_once_it_is_built(busy_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert busy_desk.build().manifest.console is None
    busy_desk.write("services/console/package.json", "{}")
    tools = busy_desk.folder / "tools"
    tools.mkdir()
    npm = tools / "npm"
    npm.write_text(
        '#!/bin/sh\n[ "$1" = ci ] || { mkdir -p dist; echo "<html>" > dist/index.html; }\n', encoding="utf-8"
    )
    npm.chmod(0o755)
    monkeypatch.setattr("yiwang.adapters.builder.tool", lambda name: str(tools / name))
    built = busy_desk.build()
    assert built.manifest.console is not None
    with zipfile.ZipFile(built.folder / built.manifest.wheel().path) as archive:
        assert archive.read("yiwang_console/index.html") == b"<html>\n"
    npm.write_text("#!/bin/sh\nexit 9\n", encoding="utf-8")
    busy_desk.write("services/src/yiwang_kit/more.py", "X = 1\n")
    assert busy_desk.build().manifest.console == built.manifest.console, "the same sources are not built twice"


def _run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main([*arguments])
    return int(ended.value.code or 0)


def test_the_command_line_builds_shows_and_verifies(busy_desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(busy_desk.out)]
    assert _run("release", "build", "--tree", str(busy_desk.tree), *out, "--json") == 0
    built = json.loads(capsys.readouterr().out)
    assert built["reused"] is True
    assert _run("release", "show", "2026.11.0", *out, "--json") == 0
    assert json.loads(capsys.readouterr().out)["release"] == "2026.11.0"
    assert _run("release", "diff", "2026.11.0", "2026.11.0", *out, "--json") == 0
    assert json.loads(capsys.readouterr().out) == []
    assert _run("release", "verify", built["folder"]) == 0
    (Path(built["folder"]) / "sbom.cdx.json").write_bytes(b"")
    capsys.readouterr()
    assert _run("release", "verify", built["folder"]) == 1
    said = capsys.readouterr()
    assert "sbom.cdx.json" in said.out
    assert "yiwang release build" in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["release", "show", "2031.1.0"], 4, "manifest.json"),
        (["release", "verify", "2031.1.0"], 1, "manifest.json"),
        (["release", "build", "--version", "v1"], 3, "CalVer"),
        (["release", "build", "--overlay", "no-such-folder"], 3, "overlay.yaml"),
    ],
)
def test_a_wrong_call_ends_with_its_code_and_the_next_command(
    arguments: list[str], code: int, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(*arguments) == code
    said = capsys.readouterr()
    assert word in said.out + said.err
    assert "next" in said.err


def test_a_release_travels_to_a_site_and_a_changed_wheel_does_not(busy_desk: Desk, tmp_path: Path) -> None:
    built = busy_desk.build()
    holder = trust.open_trust(tmp_path / "trust", tmp_path / "repository", demo=True, owner="test")
    assert trust.publish_release(holder, built.folder) == (built.manifest, True)
    assert trust.publish_release(holder, built.folder) == (built.manifest, False)
    client = TrustClient(holder.root(), str(tmp_path / "repository"), tmp_path / "site")
    manifest = trust.fetch_release(client, "2026.11.0", tmp_path / "fetched", lock="hub")
    assert manifest == built.manifest
    (wheel,) = (tmp_path / "repository" / "targets" / "releases" / "2026.11.0" / "wheels").iterdir()
    wheel.write_bytes(b"x" * wheel.stat().st_size)
    with pytest.raises(Refused, match=r"^releases/2026.11.0/wheels/yiwang.*tampered"):
        trust.fetch_release(client, "2026.11.0", tmp_path / "again")


def test_a_broken_release_is_not_published(busy_desk: Desk, tmp_path: Path) -> None:
    built = busy_desk.build()
    (built.folder / "sbom.cdx.json").write_bytes(b"{}")
    holder = trust.open_trust(tmp_path / "trust", tmp_path / "repository", demo=True, owner="test")
    with pytest.raises(Refused, match=r"sbom\.cdx\.json"):
        trust.publish_release(holder, built.folder)


def test_trust_opens_again_unchanged_and_a_lost_repository_is_not_replaced_silently(tmp_path: Path) -> None:
    first = trust.open_trust(tmp_path / "trust", tmp_path / "repository", demo=True, owner="test")
    before = (tmp_path / "repository" / "metadata" / "timestamp.json").read_bytes()
    again = trust.open_trust(tmp_path / "trust", tmp_path / "repository", demo=True, owner="test")
    assert again.root() == first.root()
    assert (tmp_path / "repository" / "metadata" / "timestamp.json").read_bytes() == before
    shutil.rmtree(tmp_path / "repository")
    with pytest.raises(Refused, match="a root is pinned"):
        trust.open_trust(tmp_path / "trust", tmp_path / "repository", demo=True, owner="test")


def test_revocations_only_grow(tmp_path: Path) -> None:
    holder = trust.open_trust(tmp_path / "trust", tmp_path / "repository", demo=True, owner="test")
    trust.revoke(holder, serials=(4,), fence={"441721": 2})
    after = trust.revoke(holder, serials=(3,), fence={"441721": 1})
    assert (after.serials, after.fenced) == ((3, 4), {"441721": 2})
    client = TrustClient(holder.root(), str(tmp_path / "repository"), tmp_path / "site")
    assert b'"serials":[3,4]' in client.session().read(trust.REVOCATIONS_TARGET)
