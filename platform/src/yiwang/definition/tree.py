"""Reads a folder of site files as one tree, and judges what no single file can know.

All problems of a tree are found in one run: an operator who fixed the first must not meet the second a minute later.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from yiwang.definition.divisions import Division
from yiwang.definition.reading import Document, read_document, validated
from yiwang.definition.rules import RULES, Judged, Question
from yiwang.errors import DefinitionError
from yiwang.model.distribution import Distribution
from yiwang.model.site import Site, SiteFile, SiteTree, is_site_id

SUFFIX = ".yaml"


def read_tree(
    folder: Path, distribution: Distribution, divisions: Mapping[str, Division]
) -> tuple[SiteTree, tuple[DefinitionError, ...]]:
    """Return the sites that could be read, and everything that is wrong with the folder."""
    judged, problems = _read_files(folder)
    tree = SiteTree(item.site for item in judged)
    question = Question(tree, {item.site.id: item for item in judged}, distribution, divisions)
    for item in judged:
        for rule in RULES:
            problems.extend(rule(item, question))
    return tree, tuple(problems)


def load_tree(folder: Path, distribution: Distribution, divisions: Mapping[str, Division]) -> SiteTree:
    """Return a valid tree. Raises the first DefinitionError with the others beside it."""
    tree, problems = read_tree(folder, distribution, divisions)
    if problems:
        problems[0].others = problems[1:]
        raise problems[0]
    return tree


def _read_files(folder: Path) -> tuple[list[Judged], list[DefinitionError]]:
    """Return what every file says, and what is wrong with single files."""
    judged: list[Judged] = []
    problems: list[DefinitionError] = []
    for path in _listed(folder):
        try:
            judged.append(_read_site(path))
        except DefinitionError as error:
            problems.extend([error, *error.others])
            error.others = ()
    return judged, problems


def _listed(folder: Path) -> list[Path]:
    """Return the entries of a tree's folder. Raises DefinitionError if there is none."""
    entries = sorted(path for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []
    if not entries:
        raise DefinitionError(
            folder, None, "含站点文件的目录 / a folder with site files", "yiwang init",
            found="没有站点文件 / no site file there",
        )  # fmt: skip
    return entries


def _read_site(path: Path) -> Judged:
    """Return one site file. Raises DefinitionError."""
    if path.suffix != SUFFIX or not path.is_file() or not is_site_id(path.stem):
        raise DefinitionError(
            path, None, "只有 <站点标识>.yaml，平铺 / only files named <site id>.yaml, none in sub-folders",
            f"mv {path} elsewhere, then: yiwang validate", found=path.name,
        )  # fmt: skip
    document = read_document(path)
    declared = validated(document, SiteFile)
    return Judged(_identified(document, declared), document)


def _identified(document: Document, declared: SiteFile) -> Site:
    """Return the site with the id that its file name gives it. Raises DefinitionError if it can't be this site's."""
    site = Site.model_construct(**dict(declared), id=document.path.stem)
    if site.id in site.allowed_ids():
        return site
    expected = " 或 / or ".join(f"{allowed}{SUFFIX}" for allowed in site.allowed_ids())
    raise document.error(("code",), f"文件名 / file name {expected}", found=document.path.name)
