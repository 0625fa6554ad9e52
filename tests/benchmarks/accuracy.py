"""How good training makes a bundle on real parts: trained and evaluated by the commands, as a user would.

python -m tests.benchmarks.accuracy --set magnetic_tile --seen 10 --max-minutes 25
python -m tests.benchmarks.accuracy --set mvtec_bottle --seen 10 --max-minutes 12 --masks box
python -m tests.benchmarks.accuracy --set mvtec_bottle --seen 10 --max-minutes 12 --options --early-stop

The bundle stays in build/accuracy (never in the repository: the parts are for measuring only), so that tests.benchmarks.sizes can look at
it. A measurement taken while the machine did other work says so (``loaded``: the load average at the start was above 1.2).
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Sequence
from typing import Any

from tests.benchmarks.ledger import ROOT
from tests.benchmarks.line import DATA, edge, measure

FOLDER = ROOT / "build" / "accuracy"
BUSY = 1.2  # load average


def run(asked: argparse.Namespace, name: str) -> dict[str, Any]:
    """Train, evaluate, and what both said."""
    out, data = FOLDER / name, ("--data", str(DATA / asked.set), "--layout", "mvtec")
    loaded = os.getloadavg()[0] > BUSY
    shutil.rmtree(out, ignore_errors=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    options = ("--seen", str(asked.seen), "--seed", str(asked.seed), "--masks", asked.masks, "--max-minutes", str(asked.max_minutes))
    trained = edge("train", *data, *options, *asked.options, "--out", str(out))
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    found = edge("evaluate", "--model", str(out), *data)
    trained.pop("out")  # a folder of this machine
    return {**found, "train": trained, "bundle_mb": round(size / 1e6, 1), "loaded": loaded}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what the ledger does not have for this commit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="magnetic_tile")
    parser.add_argument("--seen", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--masks", default="exact")
    parser.add_argument("--max-minutes", type=float, default=25)
    parser.add_argument("--options", nargs=argparse.REMAINDER, default=[], help="further options of train")
    asked = parser.parse_args(arguments)
    key = {"set": asked.set, "seen": asked.seen, "seed": asked.seed, "masks": asked.masks, "max_minutes": asked.max_minutes}
    if asked.options:
        key["options"] = " ".join(asked.options)
    name = "-".join(str(part).replace(" ", "") for part in key.values())
    measure("accuracy", key, lambda: run(asked, name))


if __name__ == "__main__":
    main()
