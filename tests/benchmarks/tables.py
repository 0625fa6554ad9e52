"""The paper's tables and ours, on a real set, by ``edge-inspector ablate``; the rows go into the ledger.

python -m tests.benchmarks.tables leave-one-out [--set magnetic_tile] [--steps 200] [--seed 0]    6 rows, 30 minutes on two cores
python -m tests.benchmarks.tables ratio|seen|modules|generation [...]                             4 to 18 rows of 5 minutes

A killed run goes on with the next row (``--out``, default ``build/tables/SET``).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from edge_inspector.training.tables import TABLES
from tests.benchmarks import ledger
from tests.benchmarks.line import DATA, measure

LAYOUTS = {"magnetic_tile": "mvtec", "mvtec_bottle": "mvtec"}


def main() -> None:
    """Make a table, record it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=sorted(TABLES))
    parser.add_argument("--set", choices=sorted(LAYOUTS), default="magnetic_tile", dest="name")
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    out = asked.out or ledger.ROOT / "build" / "tables" / asked.name
    options = ["--data", str(DATA / asked.name), "--layout", LAYOUTS[asked.name], "--table", asked.table, "--out", str(out)]
    options += ["--steps", str(asked.steps), "--seed", str(asked.seed), "--json"]

    def run() -> dict[str, Any]:
        command = [sys.executable, "-m", "edge_inspector", "ablate", *options]
        answer = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        return {"rows": answer["rows"]}

    measure(f"table-{asked.table}", {"set": asked.name, "steps": asked.steps, "seed": asked.seed}, run)


if __name__ == "__main__":
    main()
