"""PRN beside anomalib: ``python -m tests.benchmarks.rivals --set mvtec_bottle|magnetic_tile [--seen 10|0] [options]``.

Writes CACHE/<set>-seen<N>.md and .json anew after each row. What is done is not done again: stages are kept in the cache, rows of whole
sets in the ledger (anomalib's by its version, its script and the data; PRN's by the commit).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from edge_inspector.errors import EdgeInspectorError
from tests.benchmarks import ledger
from tests.benchmarks.rivals.environment import say
from tests.benchmarks.rivals.process import ChildError, busy
from tests.benchmarks.rivals.rows import OWN, Bench, row
from tests.benchmarks.rivals.sets import SETS, images_of, limited
from tests.benchmarks.rivals.table import Row, markdown

CACHE = ledger.ROOT / "build" / "rivals"
METHODS = ("padim", "patchcore", "prn")
DATA = Path(os.environ.get("EDGE_DATA", ledger.ROOT.parent / "shared" / "data"))


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="python -m tests.benchmarks.rivals", description=__doc__.split("\n\n")[0])
    made.add_argument("--set", required=True, choices=tuple(SETS), dest="name")
    made.add_argument("--seen", type=int, default=10, help="seen anomalies of PRN; every method is tested without them (default 10)")
    made.add_argument("--models", default=",".join(METHODS), help=f"of {', '.join(METHODS)}; separated by commas")
    made.add_argument("--limit", type=int, help="the first N images of each folder only; nothing goes into the ledger")
    made.add_argument("--coreset", type=float, help="share of the patches that PatchCore keeps (default 0.01 bottle, 0.003 magnetic tile)")
    made.add_argument(
        "--normalise-as",
        default=OWN,
        choices=(OWN, "anomalib"),
        help="what PatchCore and PaDiM see: the range that the backbone's weights were trained with (default), or anomalib's own default",
    )
    made.add_argument("--max-minutes", type=float, help="that PRN may train (default 12 bottle, 25 magnetic tile)")
    made.add_argument("--bundle", type=Path, help="a PRN bundle to test in place of training one")
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--cache", type=Path, default=CACHE, help="environment, models and maps (default build/rivals)")
    made.add_argument("--remeasure-times", action="store_true", help="fit and run again what is on disk, on a quiet machine")
    return made


def bench_of(options: argparse.Namespace) -> Bench:
    """What all rows share. Raises DatasetError, BundleError."""
    cache, bar = options.cache.resolve(), SETS[options.name]
    name = options.name + (f"-{options.limit}" if options.limit else "")
    root = limited(DATA / options.name, options.limit, cache / "data" / name) if options.limit else DATA / options.name
    return Bench(
        name=name,
        images=images_of(root.resolve(), options.seen, options.bundle),
        seen=options.seen,
        threads=options.threads,
        cache=cache,
        loaded=busy(),
        minutes=options.max_minutes or bar.minutes,
        coreset=options.coreset or bar.coreset,
        normalisation=options.normalise_as,
        bundle=options.bundle.resolve() if options.bundle else None,
        record=not options.limit,
        again=options.remeasure_times,
    )


def write(bench: Bench, rows: list[Row]) -> str:
    """Both files; returns the Markdown."""
    good, bad = bench.images.counts
    title = f"{bench.name}, seen {bench.seen}: {len(bench.images.train)} normals; {good} good and {bad} defective test images"
    table = markdown(title, rows)
    stem = bench.cache / (f"{bench.name}-seen{bench.seen}" + ("" if bench.normalisation == OWN else "-default-normalisation"))
    stem.with_suffix(".md").write_text(table, encoding="utf-8")
    stem.with_suffix(".json").write_text(json.dumps([made.as_json() for made in rows], indent=1) + "\n", encoding="utf-8")
    return table


def main() -> None:
    """Rows one after the other; exit 1 where one fails, the others kept."""
    options = parser().parse_args()
    methods = options.models.split(",")
    if unknown := set(methods) - set(METHODS):
        sys.exit(f"--models: unknown {', '.join(sorted(unknown))}; of {', '.join(METHODS)}")
    try:
        bench = bench_of(options)
        if bench.loaded:
            say("the machine has other work: the times of this run are marked as loaded")
        rows: list[Row] = []
        for method in methods:
            rows.append(row(bench, method))
            table = write(bench, rows)
    except (EdgeInspectorError, ChildError) as error:
        sys.exit(f"error: {error}")
    sys.stdout.write(table)


if __name__ == "__main__":
    main()
