"""What is emitted is what the other side reads: the supervisor its table, the hub the limits that the kit keeps too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.trees import DIVISIONS, context, write_tree
from yiwang.definition import distribution
from yiwang.definition.tree import load_tree
from yiwang.emit.context import ControlContext
from yiwang.emit.processes import control_processes, site_processes
from yiwang.model.paths import StatePaths
from yiwang.supervisor.table import parse_table
from yiwang_kit.exchange import envelope

D = distribution()


@pytest.mark.parametrize("site", ["440000", "441721"])
def test_the_supervisor_reads_a_sites_table(site: str, tmp_path: Path) -> None:
    tree = load_tree(write_tree(tmp_path), D, DIVISIONS)
    emitted = json.loads(json.dumps(site_processes(D, tree[site], context(tree, site))))
    assert list(parse_table(emitted)) == ["postgres", "nats", "hub"]


def test_the_supervisor_reads_controls_table() -> None:
    paths = StatePaths(root=Path("/state"), runtime=Path("/run/yw")).control()
    table = parse_table(control_processes(D, ControlContext(paths, "127.64.0.1", "/python", "/settings.json")))
    assert dict(table["postgres"].ready)["port"] == D.port("postgres")
    assert table["control"].after == ("postgres",)


def test_the_kit_keeps_the_limits_that_the_definition_states() -> None:
    stated = (D.exchange.envelope_bytes, D.exchange.batch_envelopes, D.exchange.batch_bytes)
    assert stated == (envelope.ENVELOPE_LIMIT, envelope.BATCH_COUNT_LIMIT, envelope.BATCH_BYTES_LIMIT)
