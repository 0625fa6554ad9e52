"""The folder camera's own matters: order, repeats, and files that are not what they seem."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge_inspector.camera.folder import FolderPictures, build
from edge_inspector.camera.registry import open_camera
from edge_inspector.errors import CameraError, CameraExhausted
from edge_inspector.records import Reason
from edge_inspector.settings.cameras import FolderCamera

RATE = 1000.0


def grey(level: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((24, 32), level, dtype=np.uint8)


def fill(folder: Path, names: tuple[str, ...]) -> None:
    for level, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), grey(10 * level + 10))


def settings(path: Path, **more: object) -> FolderCamera:
    return FolderCamera.model_validate({"driver": "folder", "path": path, "rate": RATE, **more})


def shown(camera_settings: FolderCamera, count: int) -> list[str]:
    pictures = FolderPictures(camera_settings)
    pictures.open()
    return [pictures.file(n).name for n in range(count)]


def test_by_name_recursively_over_every_format(tmp_path: Path) -> None:
    fill(tmp_path, ("a.png", "b.jpg", "c/d.bmp", "c/e/f.TIF", "g.jpeg", "h.tiff"))
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / "folder.png").mkdir()
    assert shown(settings(tmp_path), 6) == ["a.png", "b.jpg", "d.bmp", "f.TIF", "g.jpeg", "h.tiff"]


def test_random_order_is_seeded_and_each_round_shows_every_file_once(tmp_path: Path) -> None:
    fill(tmp_path, tuple(f"{n}.png" for n in range(12)))
    seeded = settings(tmp_path, order="random", seed=4)
    first = shown(seeded, 24)
    assert first == shown(seeded, 24)
    assert sorted(first[:12]) == sorted(first[12:]) == sorted(f"{n}.png" for n in range(12))
    assert first[:12] != first[12:]
    assert first[:12] != shown(settings(tmp_path, order="random", seed=5), 12)


def test_a_broken_file_is_a_failed_grab_that_names_it_and_the_next_one_comes(tmp_path: Path) -> None:
    fill(tmp_path, ("a.png", "b.png", "c.png", "d.png"))
    whole = (tmp_path / "b.png").read_bytes()
    (tmp_path / "b.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "c.png").write_bytes(b"")
    camera = build(settings(tmp_path))
    camera.open()
    camera.arm(0)
    grabs = [camera.grab(1.0) for _ in range(4)]
    camera.close()
    assert [g is not None and g.image is not None for g in grabs] == [True, False, False, True]
    for grab, name in ((grabs[1], "b.png"), (grabs[2], "c.png")):
        assert grab is not None
        assert grab.reason is Reason.GRAB_FAILED
        assert str(tmp_path / name) in grab.detail


def test_a_file_that_vanishes_is_a_failed_grab(tmp_path: Path) -> None:
    fill(tmp_path, ("a.png", "b.png"))
    camera = build(settings(tmp_path))
    camera.open()
    camera.arm(0)
    (tmp_path / "b.png").unlink()
    assert camera.grab(1.0) is not None
    lost = camera.grab(1.0)
    camera.close()
    assert lost is not None
    assert lost.image is None
    assert "b.png" in lost.detail


def test_repeat_goes_round(tmp_path: Path) -> None:
    fill(tmp_path, ("a.png", "b.png"))
    camera = build(settings(tmp_path, repeat=True))
    camera.open()
    camera.arm(0)
    grabs = [camera.grab(1.0) for _ in range(5)]
    camera.close()
    levels = [int(g.image[0, 0, 0]) for g in grabs if g is not None and g.image is not None]
    assert levels == [10, 20, 10, 20, 10]


def test_arming_again_goes_on_with_the_next_file(tmp_path: Path) -> None:
    fill(tmp_path, ("a.png", "b.png"))
    camera = build(settings(tmp_path))
    camera.open()
    camera.arm(0)
    first = camera.grab(1.0)
    camera.arm(40)
    second = camera.grab(1.0)
    with pytest.raises(CameraExhausted, match="all 2 pictures"):
        camera.grab(1.0)
    camera.close()
    assert first is not None
    assert second is not None
    assert (first.trigger_count, second.trigger_count) == (1, 41)
    assert Path(second.detail).name == "b.png"


def absent(tmp_path: Path) -> Path:
    return tmp_path / "nowhere"


def a_file(tmp_path: Path) -> Path:
    (tmp_path / "file.png").write_bytes(b"")
    return tmp_path / "file.png"


def empty(tmp_path: Path) -> Path:
    (tmp_path / "readme.txt").write_text("no image")
    return tmp_path


@pytest.mark.parametrize("place", [absent, a_file, empty])
def test_a_folder_without_images_is_an_error_that_names_it(tmp_path: Path, place: object) -> None:
    assert callable(place)
    path = place(tmp_path)
    camera = open_camera(settings(path))
    with pytest.raises(CameraError, match=str(path)):
        camera.open()
    camera.close()


def test_real_parts_replay(edge_data: Path) -> None:
    root = edge_data / "mvtec_bottle" / "test"
    if not root.is_dir():
        pytest.skip(f"{root} is absent")
    camera = build(settings(root))
    camera.open()
    camera.arm(0)
    grabs = [camera.grab(5.0) for _ in range(3)]
    camera.close()
    assert all(g is not None and g.image is not None and g.image.shape[2] == 3 for g in grabs)
