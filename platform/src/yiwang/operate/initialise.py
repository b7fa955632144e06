"""Makes a workspace: the operator's own tree, taken from the reference tree, and a key to speak to control with."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from yiwang.adapters.files import naming
from yiwang.errors import NotReady, Refused
from yiwang.model.site import SiteTree
from yiwang.model.workspace import Profile
from yiwang.operate.validate import reference_folder, reference_tree
from yiwang.operate.workspace import FILE, Workspace, open_workspace
from yiwang.operate.writing import compare, write

FIRST_SITES = ("440000", "441700", "441721")

README = """# 工作区 / workspace {id}

本目录属于运维方，不属于发行版。 This folder is the operator's, not the distribution's: keep it under version control
(except `trust/`, which holds keys).

| 内容 what | 含义 meaning |
|---|---|
| `workspace.yaml` | 名称与用途 name and profile |
| `sites/<id>.yaml` | 每个站点一个文件 one file a site; `yiwang explain site` lists the keys |
| `trust/` | 固定的信任根与本机持有的密钥 pinned root and the keys held here; back it up, never share it |

```
yiwang validate          # 校验站点树 judge the tree
yiwang site new 441702   # 新增站点 add a site
yiwang up                # 启动 start everything
```
"""


def initialise(
    folder: Path, *, profile: Profile = Profile.DEMO, sites: Sequence[str] | None = FIRST_SITES, id: str | None = None
) -> Workspace:
    """Make a workspace of reference sites (None = all of them) and return it. Raises Refused if there is one already.

    A workspace whose making was cut off before its operator key is given that key.
    """
    if (folder / FILE).exists():
        if not (cut_off := open_workspace(folder)).operator_key.exists():
            make_operator_key(cut_off)
            return cut_off
        raise Refused(
            rule=f"工作区已存在 / there is a workspace already: {folder / FILE}", who="工作区的所有者 / its owner",
            next=f"yiwang validate --workspace {folder}",
        )  # fmt: skip
    files = _chosen(sites) | _own(id or f"{profile}-{secrets.token_hex(3)}", profile)
    with naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _refuse_foreign_sites(folder, files)
        write(folder, files, compare(folder, files))
        workspace = open_workspace(folder)
        make_operator_key(workspace)
    return workspace


def _refuse_foreign_sites(folder: Path, files: dict[str, str]) -> None:
    """Refuse site files that a half-finished run of ours can't have left: they are somebody's work."""
    for path in sorted((folder / "sites").glob("*")):
        if path.read_bytes() != files.get(f"sites/{path.name}", "").encode():
            raise NotReady(what=f"{path} 不是由 init 写入 / was not written by init", next=f"ls {path.parent}")


def make_operator_key(workspace: Workspace) -> Path:
    """Make the key that signs this operator's requests to control, if there is none yet."""
    from yiwang.adapters.signing.keys import HybridSigner

    if not workspace.operator_key.exists():
        workspace.trust.mkdir(mode=0o700, parents=True, exist_ok=True)
        HybridSigner.generate().save(workspace.operator_key)
    return workspace.operator_key


def _own(workspace_id: str, profile: Profile) -> dict[str, str]:
    """Return the files that are the workspace's own; workspace.yaml is written last, so that a half one has none."""
    declared = f"schema: 1\nid: {workspace_id}\nprofile: {profile}\ntree: sites/\ntrust: trust/\n"
    return {".gitignore": "/trust/\n", "README.md": README.format(id=workspace_id), FILE: declared}


def _chosen(sites: Sequence[str] | None) -> dict[str, str]:
    """Return site files of the reference tree, with every site that stands above a chosen one."""
    tree = reference_tree()
    wanted = [site.id for site in tree] if sites is None else _with_ancestors(tree, sites)
    folder = reference_folder()
    return {f"sites/{site_id}.yaml": (folder / f"{site_id}.yaml").read_text(encoding="utf-8") for site_id in wanted}


def _with_ancestors(tree: SiteTree, sites: Sequence[str]) -> list[str]:
    """Return the sites and all above them, parents first. Raises Refused for one that isn't in the reference tree."""
    for site_id in sites:
        if site_id not in tree:
            raise Refused(
                rule=f"参考树中没有 {site_id} / the reference tree has no site {site_id}", who="",
                next="yiwang site list --reference",
            )  # fmt: skip
    chosen = {above.id for site_id in sites for above in (*tree.ancestors(site_id), tree[site_id])}
    return [site.id for site in tree if site.id in chosen]
