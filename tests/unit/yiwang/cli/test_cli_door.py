"""The door: every error ends with its exit code and the next command, data goes to stdout and talk to stderr."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from unicodedata import east_asian_width

import pytest

from yiwang.cli import errors, main, output
from yiwang.errors import Broken, DefinitionError, NotReady, Refused, Unreachable, YiwangError

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("YIWANG_WORKSPACE", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main.main(list(arguments))
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return call


def cells(line: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in line)


def test_init_validate_and_list_work_alone(run: Run) -> None:
    assert run("init", "workspace")[0] == 0
    assert run("validate")[0] == 0
    code, out, _ = run("site", "list", "--json")
    assert code == 0
    assert [site["id"] for site in json.loads(out)] == ["440000", "441700", "441721"]


def test_a_wrong_site_file_ends_with_3_and_names_file_line_key_and_next(run: Run) -> None:
    run("init", "workspace")
    file = Path("workspace/sites/441721.yaml")
    file.write_text(file.read_text(encoding="utf-8") + "chanel: x\n", encoding="utf-8")
    code, out, err = run("validate")
    assert code == 3
    line = len(file.read_text(encoding="utf-8").splitlines())
    for words in (f"441721.yaml:{line}", "chanel", "did you mean channel?", "下一步 next"):
        assert words in err
    assert "chanel" not in out
    code, out, _ = run("validate", "--json")
    assert code == 3
    assert json.loads(out)["problems"][0]["line"] == line


def test_commands_that_need_the_tree_refuse_a_wrong_one_with_all_its_problems(run: Run) -> None:
    run("init", "workspace")
    file = Path("workspace/sites/441721.yaml")
    file.write_text(file.read_text(encoding="utf-8") + "a: 1\nb: 2\n", encoding="utf-8")
    code, _, err = run("site", "list")
    assert code == 3
    assert err.count("错误 定义有误") == 2


def test_an_unknown_option_is_a_usage_error(run: Run) -> None:
    assert run("validate", "--frobnicate")[0] == 2


def test_a_missing_workspace_is_an_environment_that_is_not_ready(run: Run) -> None:
    code, out, _ = run("site", "new", "441704", "--json")
    assert code == 4
    assert json.loads(out)["next"] == "yiwang init workspace"


def test_an_unforeseen_error_gets_an_id_and_no_stack(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fall(*_: object) -> None:
        raise RuntimeError("the floor is gone")

    monkeypatch.setattr("yiwang.cli.commands.validate.validate", fall)
    code, _, err = run("validate")
    assert code == 1
    assert "the floor is gone" in err
    assert "Traceback" not in err


def test_every_table_fits_eighty_columns(run: Run) -> None:
    run("init", "workspace")
    commands = [["site", "list"], ["site", "list", "--reference"], ["validate"], ["explain", "service"],
                ["explain", "site", "440000"], ["explain", "setting"], ["explain", "site"]]  # fmt: skip
    for command in commands:
        too_wide = [line for line in run(*command)[1].splitlines() if cells(line.rstrip()) > output.NARROWEST]
        assert too_wide == [], command


def test_render_check_tells_whether_pages_are_as_emitted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yiwang.operate.render.checkout", Path.cwd)
    assert run("render", "--check")[0] == 1
    assert run("render")[0] == 0
    assert run("render", "--check")[0] == 0


ERRORS: list[tuple[YiwangError, int]] = [
    (DefinitionError("sites/441721.yaml", 6, "a list", "yiwang validate"), 3),
    (Refused("rule", "who", "yiwang status"), 1),
    (Unreachable("control", "09:00", "yiwang up"), 1),
    (Broken("a1b2c3"), 1),
    (NotReady("no workspace", "yiwang init workspace"), 4),
]


@pytest.mark.parametrize(("error", "code"), ERRORS, ids=lambda value: type(value).__name__)
def test_every_error_says_what_and_ends_with_the_next_command(
    error: YiwangError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert errors.report(error) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[0].startswith("错误 ")
    assert lines[-1].strip().startswith("下一步 next")
    assert lines[-1].endswith(error.next)


def test_labels_are_aligned_by_their_width_on_screen(capsys: pytest.CaptureFixture[str]) -> None:
    errors.report(Refused("R", "W", "N"))
    values = capsys.readouterr().err.splitlines()[1:]
    assert len({cells(line[:-1]) for line in values}) == 1
