"""The hub's rights against OpenFGA: random organisations, the same questions to both, not one different answer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import rights_lab as lab
from support.postgres import Server
from support.site_lab import SERVICES, Site, opening
from yiwang_kit.database import Database
from yiwang_kit.migrations import migrate

QUESTIONS = int(os.environ.get("YIWANG_RIGHTS_QUESTIONS", "5000"))
WORLDS, SIZE, LISTS = 10, 12, 20
LISTED = WORLDS * LISTS


@pytest.fixture(scope="module")
def county(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A county's hub with its divisions and roles."""
    template = postgres.create()
    database = Database(postgres.url(template))
    migrate(database, ["yiwang_kit", *(f"yiwang_services.{service}" for service in SERVICES)])
    database.dispose()
    with opening(postgres, template, tmp_path_factory.mktemp("rights")) as open_one:
        yield open_one("441721")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(WORLDS))
def test_both_engines_answer_every_check_and_every_list_alike(county: Site, tmp_path: Path, seed: int) -> None:
    now = county.runtime.clock.now()
    with county.runtime.database.transaction("management") as session:
        lab.fresh(session)
        world = lab.build(session, seed, now, size=SIZE)
        asked = lab.questions(world, (QUESTIONS - LISTED) // WORLDS)
        answers = {question: lab.by_sql(session, question) for question in asked}
        people = [(person, relation) for person in world.people for relation in lab.PERMISSIONS]
        lists = {
            (person, relation): lab.listed_by_sql(session, world, person, relation)
            for person, relation in world.dice.sample(people, LISTS)
        }
    yes = sum(answers.values()) / len(answers)
    assert 0.1 < yes < 0.9, "questions that are nearly all yes or nearly all no prove little"
    code, right, said = lab.ask_fga(tmp_path, lab.relations(world, asked), answers, lists)
    assert code == 0, said[-3000:]
    assert right["Checks"] == (len(answers), len(answers))
    assert right["ListObjects"] == (LISTS, LISTS)


def test_the_other_engine_does_say_no_to_a_wrong_answer(county: Site, tmp_path: Path) -> None:
    with county.runtime.database.transaction("management") as session:
        lab.fresh(session)
        world = lab.build(session, 99, county.runtime.clock.now(), size=8)
        asked = lab.questions(world, 20)
        answers = {question: lab.by_sql(session, question) for question in asked}
    wrong = next(iter(answers))
    answers[wrong] = not answers[wrong]
    code, right, _ = lab.ask_fga(tmp_path, lab.relations(world, asked), answers, {})
    assert code != 0
    assert right["Checks"][0] == len(answers) - 1
