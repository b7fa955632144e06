"""`yiwang release build | show | diff | verify` work alone; `publish` gives a release to control."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yiwang.cli import output
from yiwang.errors import ExitCode
from yiwang.model.release import Manifest
from yiwang.operate import release as releases
from yiwang.operate.fleet import control_client
from yiwang.operate.workspace import find_workspace

OUT = Path("build") / "releases"

OutOption = Annotated[
    Path | None, typer.Option("--out", help="发布目录的上级 / folder of releases", show_default=str(OUT))
]
TreeOption = Annotated[
    Path | None, typer.Option("--tree", help="源码目录 / checkout to build from", show_default=False)
]
OverlayOption = Annotated[Path | None, typer.Option("--overlay", help="叠加层目录 / an overlay's folder")]
VersionOption = Annotated[str | None, typer.Option("--version", help="版本号 CalVer / release id")]
ReleaseArgument = Annotated[str, typer.Argument(help="版本号或目录 / release id or folder")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(
        no_args_is_help=True, help="构建、查看、比较、验证发布版本 / build, show, compare, verify releases"
    )
    group.command("build")(build)
    group.command("show")(show)
    group.command("diff")(diff)
    group.command("verify")(verify)
    group.command("publish")(publish)
    app.add_typer(group, name="release")


def build(
    overlay: OverlayOption = None,
    version: VersionOption = None,
    out: OutOption = None,
    tree: TreeOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """构建发布版本 / build a release from the tree; the same source gives the same bytes."""
    source = releases.source_tree(tree)
    target = out or source / OUT
    built = releases.build(source, target, version=version, overlay=overlay, say=lambda text: output.say(f"› {text}"))
    if as_json:
        output.data({"folder": built.folder, "reused": built.reused, "release": built.manifest.release,
                     "manifest_sha256": built.manifest.digest()})  # fmt: skip
        return
    _print(built.manifest)
    output.say(
        "没有变化，沿用已有构建 / nothing changed, the earlier build stands" if built.reused else "已构建 / built"
    )
    output.say_next(f"yiwang release verify {built.folder}")


def show(release: ReleaseArgument, out: OutOption = None, as_json: output.JsonFlag = False) -> None:
    """查看清单 / show what a release consists of."""
    manifest = releases.read_manifest(_folder(release, out))
    if as_json:
        output.data(manifest)
    else:
        _print(manifest)


def diff(
    before: ReleaseArgument, after: ReleaseArgument, out: OutOption = None, as_json: output.JsonFlag = False
) -> None:
    """比较两个发布版本 / show what changes from one release to another."""
    changes = releases.compare(_folder(before, out), _folder(after, out))
    if as_json:
        output.data(changes)
    elif changes:
        rows = [(item.what, item.name, _short(item.before), _short(item.after)) for item in changes]
        output.table(("类别 kind", "名称 name", "原 before", "新 after"), rows)
    else:
        output.say("没有差别 / no difference")


def verify(release: ReleaseArgument, out: OutOption = None, as_json: output.JsonFlag = False) -> None:
    """核对每个产物的摘要 / check every artefact against its digest."""
    folder = _folder(release, out)
    problems = releases.verify(folder)
    if as_json:
        output.data({"folder": folder, "problems": problems})
    elif problems:
        output.table(("问题 problem",), [(problem,) for problem in problems], keep=())
        output.say_next("yiwang release build")
    else:
        manifest = releases.read_manifest(folder)
        output.say(f"{manifest.release} 完整 / whole: {len(manifest.artefacts)} artefacts, {manifest.digest()}")
    output.finish(ExitCode.PROBLEMS if problems else ExitCode.OK)


def publish(
    release: ReleaseArgument,
    out: OutOption = None,
    workspace: output.WorkspaceOption = None,
    as_json: output.JsonFlag = False,
) -> None:
    """交给管控签名并发布 / let control check, sign and publish a release, so that sites may fetch it."""
    with control_client(find_workspace(workspace)) as client:
        done = client.publish_release(_folder(release, out).resolve())
    if as_json:
        output.data(done)
        return
    output.say(f"已发布 {done['release']} / published, {done['manifest_sha256']}")
    output.say_next(f"yiwang rollout plan {done['release']}")


def _folder(release: str, out: Path | None) -> Path:
    """Return a release's folder, from its id or its path."""
    given = Path(release)
    return given if given.is_dir() else (out or OUT) / release


def _short(text: str | None) -> str:
    """Return a digest or value as people read it."""
    return (text or "—")[:24]


def _print(manifest: Manifest) -> None:
    """Print a manifest's facts for people."""
    size = sum(item.size for item in manifest.artefacts)
    content = ", ".join(f"{item.pack}@{item.version}" for item in manifest.content)
    output.facts(
        [
            ("版本 release", manifest.release),
            ("清单 manifest", manifest.digest()),
            ("产物 artefacts", f"{len(manifest.artefacts)}, {size / 1e6:.0f} MB"),
            ("解释器 Python", "; ".join(sorted({item.title() for item in manifest.interpreters()}))),
            ("控制台 console", manifest.console or "未构建 / not built"),
            ("迁移 migrations", ", ".join(f"{name}={head}" for name, head in manifest.migrations.items())),
            ("契约 contracts", ", ".join(manifest.contracts)),
            ("内容包 content", content),
            ("可从 enter from", ", ".join(manifest.policy.may_enter_from) or "仅全新安装 / fresh sites only"),
            ("回退下限 floor", manifest.policy.rollback_floor or "不可回退 / none"),
        ]
    )
