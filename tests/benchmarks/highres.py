"""Large frames of the textured product: specks of 8 x 8 pixels at 15 % contrast found, good frames accepted, and what tiling costs.

python -m tests.benchmarks.highres train [--out DIR] [--minutes M] [--seen 10] [--steps 800] [--more 50 --more-steps 1500]
                                                                      a tile bundle, on frames written for it; retrained with more specks
python -m tests.benchmarks.highres found --bundle DIR [--good 200] [--bad 50] [--minutes M] [--keep FILE] [--share 1/2] [--first 0]
python -m tests.benchmarks.highres time --bundle DIR [--rounds 5] [--size 5472x3648]
                                                                      one frame against its tiles x the time of a tile, interleaved, medians
python -m tests.benchmarks.highres picture --bundle DIR               docs/pictures/tiles.png: a frame, its tiles, its map

``found`` renders each frame, judges it by the judge of the line at float32 and the bundle's own thresholds, and keeps the verdict at once:
given again, it goes on. ``--first`` begins with another frame, for some that no change was tried on. With ``--share`` several side by side
do a part each; the same without it then sums up. Test frames have a seed of their own; none is ever on disk. A speck is found where its
frame is not accepted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from edge_inspector.camera.simulator.sheet import tiled, write_sheet
from edge_inspector.camera.simulator.wide import Wide, render_wide
from edge_inspector.decision import top_means
from edge_inspector.engine.base import Engine, best_batch
from edge_inspector.engine.bundle import bundle_hash, load_bundle
from edge_inspector.engine.registry import open_engine
from edge_inspector.evaluation.evaluate import judge_image, proposed_judge
from edge_inspector.geometry import Size
from edge_inspector.images import overlay, to_rgb
from edge_inspector.judge import Judge
from edge_inspector.prepare.tiles import grid_of, tiling_of
from edge_inspector.records import AnomalyMap, Decision, Image
from tests.benchmarks import ledger

SEED, TRAIN_SEED = 9000, 500  # of the test frames, and of those trained on
BAD_FROM = 1_000_000  # number of the first frame with a speck
CLOTH = ("--product", "texture", "--size", "4096x3000")
SET = ("--good", "48", "--test-good", "2", "--seed", str(TRAIN_SEED))
MORE = ("--good", "1", "--test-good", "1", "--seed", str(TRAIN_SEED + 1))
RULES = {"5": (5,), "20": (20,), "5, 100, 1200": (5, 100, 1200)}  # numbers of pixels; what other rules would score
AROUND = 8  # map pixels about a speck that its highest value is looked for in
LIKE = {"frames": "4096x3000", "speck": "8x8 at 15 %"}


def train(asked: argparse.Namespace) -> None:
    """A tile bundle from 48 good frames and ``seen`` with a speck; two more of these are there to be tested.

    With ``more`` it is the parent, beside ``out``, of one that is retrained with so many newly labelled specks, as a plant would.
    """
    out = asked.out.with_name(f"{asked.out.name}-parent") if asked.more else asked.out
    with tempfile.TemporaryDirectory() as name:
        data, more = Path(name) / "frames", Path(name) / "more"
        _edge("simulate", "dataset", str(data), *CLOTH, *SET, "--bad", str(asked.seen + 2))
        options = ("--seen", str(asked.seen), "--seed", "0", "--steps", str(asked.steps), "--max-minutes", str(asked.minutes))
        _edge("train", "--tile", "--data", str(data), "--layout", "mvtec", *options, "--out", str(out))
        if asked.more:
            _edge("simulate", "dataset", str(more), *CLOTH, *MORE, "--bad", str(asked.more))
            options = ("--model", str(out), "--data", str(data), "--steps", str(asked.more_steps), "--out", str(asked.out))
            _edge("retrain", "--add", str(more), "--layout", "mvtec", *options)


def _edge(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "edge_inspector", *arguments, "--json"], check=True, stdout=sys.stderr)


def found(bundle: Path, good: int, bad: int, minutes: float, keep: Path, share: tuple[int, int], first: int) -> dict[str, Any]:
    """Judge what is not judged yet, at most so long; the counts over all that are, from the ``first`` of each kind on.

    ``share`` (k, n): each n-th frame, from the k-th on.
    """
    with closing(_engine(bundle, threads=0 if share[1] == 1 else 1)) as engine:
        mark = bundle_hash(engine.manifest)[:16]
        done = {(row["bad"], row["number"]) for row in _rows(keep, mark)}
        judge, until = proposed_judge(engine), time.monotonic() + 60.0 * minutes
        engine.warm_up()
        todo = [frame for frame in islice(_order(good, bad, first), share[0] - 1, None, share[1]) if frame not in done]
        for is_bad, number in track(todo, "frames", console=Console(stderr=True)):
            if time.monotonic() > until:
                break
            row = {"bundle": mark, **_judged(judge, is_bad, number)}
            with keep.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    rows = [row for row in _rows(keep, mark) if first <= row["number"] < first + (bad if row["bad"] else good)]
    return {**summary(rows), "bundle": mark, "of": {"good": good, "bad": bad}}


def _engine(bundle: Path, threads: int = 0) -> Engine:
    engine = open_engine(load_bundle(bundle), precision="f32", threads=threads)
    tiling_of(engine.manifest)  # raises where it is no tile bundle
    return engine


def _rows(keep: Path, mark: str) -> list[dict[str, Any]]:
    lines = keep.read_text(encoding="utf-8").splitlines() if keep.exists() else []
    return [row for row in map(json.loads, lines) if row["bundle"] == mark]


def _order(good: int, bad: int, first: int) -> Iterator[tuple[bool, int]]:
    """Both kinds by their shares, so that a run that is cut short has some of each."""
    parts = [((n + 0.5) / count, is_bad, first + n) for is_bad, count in ((False, good), (True, bad)) for n in range(count)]
    return ((is_bad, n) for _, is_bad, n in sorted(parts))


def _judged(judge: Judge, is_bad: bool, number: int) -> dict[str, Any]:
    wide = render_wide(SEED, number + BAD_FROM * is_bad, int(is_bad))
    began = time.perf_counter()
    judgement = judge_image(judge, wide.image, f"{number}")
    took, seen = time.perf_counter() - began, judgement.maps[0]
    return {
        "bad": is_bad,
        "number": number,
        "accepted": judgement.verdict.decision is Decision.ACCEPT,
        "score": judgement.verdict.score,
        "threshold": judge.recipe.decision.accept_threshold,
        "regions": len(judgement.verdict.regions),
        "at_speck": _at_speck(seen, wide),
        "rules": {name: top_means(seen, pixels) for name, pixels in RULES.items()},
        "s": round(took, 3),
        "outside_ms": round(took * 1e3 - judgement.engine_ns / 1e6, 1),
    }


def _at_speck(seen: AnomalyMap, wide: Wide) -> float | None:
    """The map's highest value on and near the speck."""
    if not wide.specks:
        return None
    speck, stride = wide.specks[0], round(wide.image.shape[0] / seen.shape[0])
    x, y = (place // stride for place in (speck.x, speck.y))
    return float(seen[max(0, y - AROUND) : y + 2 * AROUND, max(0, x - AROUND) : x + 2 * AROUND].max())


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts at the bundle's threshold; by other score rules, how many specks score above all good frames but two."""
    bad, good = ([row for row in rows if row["bad"] is kind] for kind in (True, False))
    result: dict[str, Any] = {
        "specks": len(bad),
        "found": sum(not row["accepted"] for row in bad),
        "good": len(good),
        "false_rejects": sum(not row["accepted"] for row in good),
    }
    if not rows:
        return result
    result |= {"threshold": rows[0]["threshold"], "s_per_frame": statistics.median(row["s"] for row in rows)}
    result["outside_ms"] = statistics.median(row["outside_ms"] for row in rows)
    for name in RULES if good and bad else ():
        scores = sorted((row["rules"][name] for row in good), reverse=True)
        lowest = min(row["rules"][name] for row in bad)
        result[f"rule {name}"] = {"highest good": round(scores[0], 4), "lowest speck": round(lowest, 4)}
    return result


def timed(bundle: Path, rounds: int, size: Size) -> dict[str, Any]:
    """Median time of a frame by the judge, of one tile by the engine, and their ratio; and that of a frame to its own calls of the engine.

    The second says the same where others use the machine: what else runs while a frame is judged slows its tiles as it slows the rest.
    """
    frame = render_wide(SEED, 0, 0, size).image
    with closing(_engine(bundle)) as engine:
        judge, cut = proposed_judge(engine), grid_of(size, engine.manifest)
        engine.warm_up()
        batch = np.repeat(np.repeat(frame[:256, :256], 3, axis=2)[np.newaxis], best_batch(engine), 0)
        whole, tile, own = list[float](), list[float](), list[float]()
        for _ in range(rounds):
            began = time.perf_counter()
            judgement = judge_image(judge, frame, "frame")
            whole.append(time.perf_counter() - began)
            own.append(whole[-1] * 1e9 / judgement.engine_ns)
            tile += _tiles(engine, batch, len(cut.tiles))
    tiles, one = len(cut.tiles), statistics.median(tile)
    ratios = [took / (tiles * statistics.median(tile[n * tiles : (n + 1) * tiles])) for n, took in enumerate(whole)]
    return {
        "tiles": tiles,
        "tile_ms": round(one * 1e3, 2),
        "frame_s": round(statistics.median(whole), 3),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_to_own_tiles": round(statistics.median(own), 4),
    }


def _tiles(engine: Engine, batch: np.ndarray[Any, np.dtype[np.uint8]], count: int) -> list[float]:
    """Seconds a tile, ``count`` of them."""
    took = list[float]()
    while len(took) < count:
        began = time.perf_counter()
        engine.infer(batch)
        took += [(time.perf_counter() - began) / len(batch)] * len(batch)
    return took[:count]


def picture(bundle: Path) -> Image:
    """A corner of cloth of three by two tiles with a speck, the tiles on it, and the map; uint8 (H, W, 3)."""
    size = (480, 704)
    wide = render_wide(SEED, 6, 1, size)
    with closing(_engine(bundle)) as engine:
        judge, cut = proposed_judge(engine), grid_of(size, engine.manifest)
        judgement = judge_image(judge, wide.image, "picture")
    frame = to_rgb(wide.image)
    tiles = frame.copy()
    for number, tile in enumerate(cut.tiles):
        top, left = cut.rows.starts[tile.row], cut.columns.starts[tile.column]
        colour = ((235, 60, 50), (40, 110, 200), (60, 150, 70))[(tile.row + tile.column) % 3]
        corner = (left + cut.columns.tile - 2, top + cut.rows.tile - 2)
        cv2.rectangle(tiles, (left + 1, top + 1), corner, colour, 3)
        cv2.putText(tiles, str(number + 1), (left + 112, top + 140), cv2.FONT_HERSHEY_SIMPLEX, 1.2, colour, 3, cv2.LINE_AA)
    threshold = judge.recipe.decision.region_threshold or 0.5
    shown = overlay(wide.image, judgement.maps[0], judgement.verdict.regions, threshold)
    heat = np.rint(cv2.resize(judgement.maps[0], size[::-1], interpolation=cv2.INTER_LINEAR) * 255).astype(np.uint8)
    coloured = np.asarray(cv2.cvtColor(cv2.applyColorMap(heat, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB), np.uint8)
    small = [np.asarray(cv2.resize(one, (352, 240), interpolation=cv2.INTER_AREA), np.uint8) for one in (frame, tiles, coloured, shown)]
    return tiled([small[:2], small[2:]])


def _share(text: str) -> tuple[int, int]:
    part, _, of = text.partition("/")
    if not (part.isdecimal() and of.isdecimal() and 1 <= int(part) <= int(of)):
        raise argparse.ArgumentTypeError(f"{text}: K/N with K from 1 to N is expected, such as 1/2")
    return int(part), int(of)


def _size(text: str) -> Size:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal() and min(int(width), int(height)) >= 256):
        raise argparse.ArgumentTypeError(f"{text}: WIDTHxHEIGHT in pixels is expected, at least 256x256, such as 5472x3648")
    return int(height), int(width)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("train", "found", "time", "picture"))
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--out", type=Path, default=Path("models/wide"))
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "highres.jsonl", help="the verdicts so far")
    parser.add_argument("--good", type=int, default=200)
    parser.add_argument("--bad", type=int, default=50)
    parser.add_argument("--first", type=int, default=0, help="number of the first frame of each kind")
    parser.add_argument("--minutes", type=float, default=24 * 60.0)
    parser.add_argument("--share", type=_share, default=(1, 1), help="K/N: each N-th frame, from the K-th on")
    parser.add_argument("--seen", type=int, default=10, help="frames with a speck to learn from")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--more", type=int, default=0, help="frames with a speck to be retrained with")
    parser.add_argument("--more-steps", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", type=_size, default=(3000, 4096), help="WIDTHxHEIGHT of the frame that is timed (default 4096x3000)")
    given = parser.parse_args()
    if given.what == "train":
        train(given)
        return
    if given.bundle is None:
        parser.error("--bundle: which tile bundle?")
    if given.what == "picture":
        write_sheet(ledger.ROOT / "docs" / "pictures" / "tiles.png", picture(given.bundle))
        return
    if given.what == "found":
        result = found(given.bundle, given.good, given.bad, given.minutes, given.keep, given.share, given.first)
        if given.share[1] > 1:
            return
        key = {"good": given.good, "bad": given.bad, **LIKE} | ({"first": given.first} if given.first else {})
    else:
        key = {"rounds": given.rounds, **LIKE, "frames": f"{given.size[1]}x{given.size[0]}"}
        result = timed(given.bundle, given.rounds, given.size)
    ledger.record(f"highres {given.what}", key, result)
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
