from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge_inspector.cli import build
from edge_inspector.errors import SettingsError, WireError
from edge_inspector.wire.keys import read_pair, read_public


def test_a_pair_is_made_and_never_written_over(tmp_path: Path) -> None:
    made = CliRunner().invoke(build(), ["keys", "new", str(tmp_path / "keys" / "plc"), "--json"])
    assert made.exit_code == 0
    paths = json.loads(made.stdout)
    assert read_public(Path(paths["public"])) == read_pair(Path(paths["secret"]))[0]
    again = CliRunner().invoke(build(), ["keys", "new", str(tmp_path / "keys" / "plc")])
    assert isinstance(again.exception, WireError)
    assert "exists" in str(again.exception)


@pytest.mark.parametrize("command", [["plc-sim"], ["gateway", "modbus"], ["gateway", "opcua"]], ids=" ".join)
def test_a_key_without_the_lines_is_wrong_use(command: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(build(), [*command, "--connect", "tcp://127.0.0.1:9", "--key", str(tmp_path / "plc.key_secret")])
    assert isinstance(done.exception, SettingsError)
    assert "--line-key" in str(done.exception)
