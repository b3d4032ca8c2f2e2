"""Trackers: what they write is read back with their own readers, and none can hurt a run."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import accelerate.tracking
import pytest
import torch
from accelerate.state import PartialState
from accelerate.tracking import GeneralTracker
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.unit.training.tracking.tracking_runs import SECRET, logged_losses, short_run, train
from tests.unit.training.tracking.wandb_files import history_of, read_wandb, wandb_files
from tests.unit.training.training_runs import (
    checkpoint_files,
    events_of,
    make_config,
    make_items,
    make_one_layer,
    with_fresh_network,
)
from trainer.config import RunConfig, TrackerSettings
from trainer.errors import ConfigError
from trainer.training.loop import run_training
from trainer.training.reports import TrainRequest
from trainer.training.tracking import trackers as trackers_module
from trainer.training.tracking.accelerate_tracker import AccelerateTracker
from trainer.training.tracking.backend import Backend, TrackedRun, TrackerError
from trainer.training.tracking.points import Point, PointMaker
from trainer.training.tracking.privacy import shareable_config
from trainer.training.tracking.trackers import Trackers
from trainer.training.tracking.worker import ALL_WAITING, STEPS_WAITING, TrackerWorker

BOTH = TrackerSettings(tensorboard=True, wandb="offline", project="figures", tags="demo, night")
STEP: dict[str, Any] = {
    "type": "step",
    "loss": 0.5,
    "lr": 0.1,
    "grad_norm": 1.0,
    "epoch": 1,
}


@pytest.fixture
def request_(tmp_path: Path) -> TrainRequest:
    """A quick run."""
    return short_run(tmp_path)


def read_tensorboard(folder: Path) -> EventAccumulator:
    reader = EventAccumulator(str(folder / "trackers" / "tensorboard"))
    reader.Reload()
    return reader


def curve_of(reader: EventAccumulator, name: str) -> dict[int, float]:
    events = reader.Scalars(name)
    curve = {event.step: event.value for event in events}
    assert len(curve) == len(events)
    return curve


# --- files read back ------------------------------------------------------------------------------


def more_events(folder: Path) -> list[dict[str, Any]]:
    """A validation and a preview, as a longer run would have."""
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (24, 16), (250, 10, 30)).save(folder / "samples" / "a.png")
    validation = {"type": "validation", "step": 6, "loss": 0.25, "part": "held_out"}
    validation |= {"sigmas": [0.1, 0.5], "per_sigma": [0.2, 0.3], "share": 0.05}
    validation |= {"held_out": [[0.2, 0.3]], "probe": [[0.1, 0.1]]}
    sample = {"type": "sample", "step": 6, "path": "samples/a.png", "prompt": 0, "seed": 5}
    sample |= {"text": "a red figure", "strength": 1.0}
    return [validation, sample]


def test_training_beside_tensorboard_and_wandb_writes_files_that_their_readers_read(
    request_: TrainRequest,
) -> None:
    folder = request_.run_folder
    assert train(request_, BOTH, more_events(folder)) == []
    losses = logged_losses(folder)
    assert len(losses) == 6
    reader = read_tensorboard(folder)
    assert curve_of(reader, "loss") == pytest.approx(losses)
    average = curve_of(reader, "loss_average70")
    assert average[6] == pytest.approx(sum(losses.values()) / 6)
    assert curve_of(reader, "validation/loss") == {6: pytest.approx(0.25)}
    assert curve_of(reader, "validation/sigma_0.5") == {6: pytest.approx(0.3)}
    assert curve_of(reader, "probe/loss") == {6: pytest.approx(0.1)}
    assert {"learning_rate", "prodigy_d", "gradient_norm", "seconds/step"} <= set(
        reader.Tags()["scalars"]
    )
    picture = reader.Images("samples/prompt_1")[0]
    assert (picture.width, picture.height, picture.step) == (24, 16, 6)
    text = reader.Tensors("verdict/text_summary")[-1].tensor_proto.string_val[0].decode()
    assert text == " ".join(events_of(folder, "verdict")[-1]["sentences"])
    (file,) = wandb_files(folder)
    records = read_wandb(file)
    rows = history_of(records)
    assert {row["step"]: row["loss"] for row in rows if "loss" in row} == pytest.approx(losses)
    assert rows[-1]["validation/loss"] == 0.25
    assert rows[-1]["samples/prompt_1.caption"] == "step 6, seed 5: a red figure"
    (run,) = (record["run"] for record in records if "run" in record)
    assert (run["project"], run["display_name"], run["tags"]) == (
        "figures",
        "run",
        ["demo", "night"],
    )
    config = {item["key"]: json.loads(item["value_json"]) for item in run["config"]["update"]}
    assert config["lora"] == {"rank": 2, "alpha": 2.0, "targets": "default", "dtype": "fp32"}


def test_resumed_run_goes_on_in_the_same_charts(request_: TrainRequest) -> None:
    folder = request_.run_folder
    assert train(request_, BOTH, polls=4) == []
    done = len(logged_losses(folder))
    assert 0 < done < 6
    assert train(with_fresh_network(request_), BOTH, resume=True) == []
    losses = logged_losses(folder)
    reader = read_tensorboard(folder)
    assert curve_of(reader, "loss") == pytest.approx(losses)
    average = curve_of(reader, "loss_average70")
    assert average[6] == pytest.approx(sum(losses.values()) / 6)
    first, second = (read_wandb(file) for file in wandb_files(folder))
    ids = [next(r["run"]["run_id"] for r in part if "run" in r) for part in (first, second)]
    assert ids[0] == ids[1]
    rows = history_of(first) + history_of(second)
    assert {row["step"]: row["loss"] for row in rows} == pytest.approx(losses)
    assert [row["_step"] for row in rows] == sorted({row["_step"] for row in rows})


def test_steps_done_again_replace_the_ones_before(tmp_path: Path) -> None:
    words: list[str] = []
    with Trackers(BOTH, tmp_path, {}, words.append) as trackers:
        trackers.on_event({"type": "start", "steps_done": 0})
        for step, loss in ((1, 5.0), (2, 4.0), (3, 3.0), (2, 2.0), (3, 1.0)):
            trackers.on_event(STEP | {"step": step, "loss": loss})
    assert words == []
    reader = read_tensorboard(tmp_path)
    assert curve_of(reader, "loss") == {1: 5.0, 2: 2.0, 3: 1.0}
    rows = history_of(read_wandb(wandb_files(tmp_path)[0]))
    assert [(row["step"], row["loss"]) for row in rows] == [(1, 5), (2, 4), (3, 3), (2, 2), (3, 1)]


def test_other_trackers_work_through_accelerate_without_its_distributed_state(
    request_: TrainRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ListTracker(GeneralTracker):
        name = "list_tracker"
        requires_logging_directory = True
        seen: list[Any] = []  # noqa: RUF012

        def __init__(self, run_name: str, logging_dir: str) -> None:
            super().__init__()
            self.seen.append((run_name, Path(logging_dir)))

        @property
        def tracker(self) -> object:
            return self

        @accelerate.tracking.on_main_process
        def store_init_configuration(self, values: dict[str, Any]) -> None:
            accelerate.tracking.logger.debug("stored", main_process_only=True)
            self.seen.append(values["lora.rank"])

        @accelerate.tracking.on_main_process
        def log(self, values: dict[str, float], step: int | None = None) -> None:
            self.seen.append((step, values["loss"]))

        @accelerate.tracking.on_main_process
        def finish(self) -> None:
            self.seen.append("finished")

    monkeypatch.setitem(accelerate.tracking.LOGGER_TYPE_TO_CLASS, "list_tracker", ListTracker)
    before = dict(PartialState._shared_state)
    settings = TrackerSettings(other="List_Tracker")
    assert train(request_, settings) == []
    folder = request_.run_folder
    expected = [("hunyuan-lora", folder / "trackers" / "list_tracker"), 2]
    assert [*expected, *logged_losses(folder).items(), "finished"] == ListTracker.seen
    assert dict(PartialState._shared_state) == before == {}


def test_accelerates_own_trackers_run_in_our_way(tmp_path: Path) -> None:
    tracker = AccelerateTracker("tensorboard")
    tracker.open(TrackedRun(tmp_path, "project", "name", config={"lora": {"rank": 2}}))
    tracker.write(Point(3, {"loss": 0.5}))
    tracker.close()
    reader = EventAccumulator(str(tmp_path / "project"))
    reader.Reload()
    assert curve_of(reader, "loss") == {3: 0.5}
    assert PartialState._shared_state == {}


@pytest.mark.parametrize(
    ("name", "words"),
    [("nosuch", "accelerate knows no tracker 'nosuch'"), ("comet_ml", "-m pip install comet-ml")],
)
def test_other_tracker_that_is_not_there_is_one_sentence(
    request_: TrainRequest, name: str, words: str
) -> None:
    (said,) = train(request_, TrackerSettings(other=name))
    assert words in said
    assert "training goes on without it" in said
    assert len(logged_losses(request_.run_folder)) == 6


@pytest.mark.parametrize("name", ["tensorboard", "wandb"])
def test_missing_library_is_one_sentence_that_says_how_to_get_it(
    request_: TrainRequest, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    settings = TrackerSettings(**{name: True if name == "tensorboard" else "offline"})
    (said,) = train(request_, settings)
    assert f"-m pip install {name}" in said
    assert len(logged_losses(request_.run_folder)) == 6


# --- no tracker can hurt a run --------------------------------------------------------------------


class BadTracker:
    """Breaks, or hangs, at one of its moments."""

    name = "bad"

    def __init__(self, moment: str, how: str) -> None:
        self.moment, self.how = moment, how
        self.release = threading.Event()

    def _act(self, moment: str) -> None:
        if moment == self.moment and self.how == "hangs":
            self.release.wait(60)
        elif moment == self.moment:
            torch.manual_seed(1)  # also the global random state may change under a run
            raise SystemExit(3) if self.how == "exits" else RuntimeError("no such\nserver")

    def open(self, run: TrackedRun) -> str:
        self._act("open")
        return ""

    def write(self, point: Point) -> None:
        self._act("write")

    def close(self) -> None:
        self._act("close")


@pytest.mark.parametrize("how", ["raises", "exits", "hangs"])
@pytest.mark.parametrize("moment", ["open", "write", "close"])
def test_broken_tracker_changes_neither_the_lora_nor_the_other_tracker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str, how: str
) -> None:
    items = make_items(tmp_path / "cache")
    plain = make_one_layer(tmp_path / "plain", make_config(), items)
    run_training(plain)
    tracked = with_fresh_network(plain, tmp_path / "tracked")
    bad = BadTracker(moment, how)
    real = trackers_module.make_backends

    def with_bad(settings: TrackerSettings) -> list[Backend]:
        return [bad, *real(settings)]

    monkeypatch.setattr(trackers_module, "make_backends", with_bad)
    monkeypatch.setattr(Trackers.close, "__defaults__", (1.5,))
    started = time.monotonic()
    words = train(tracked, TrackerSettings(tensorboard=True))
    assert time.monotonic() - started < 6
    bad.release.set()
    assert checkpoint_files(tmp_path / "tracked") == checkpoint_files(tmp_path / "plain")
    assert len(words) == 1
    assert "'bad'" in words[0]
    assert ("did not finish in time" if how == "hangs" else "training goes on") in words[0]
    losses = logged_losses(tmp_path / "tracked")
    assert curve_of(read_tensorboard(tmp_path / "tracked"), "loss") == pytest.approx(losses)


def test_slow_tracker_loses_steps_but_never_the_rest() -> None:
    bad = BadTracker("open", "hangs")
    worker = TrackerWorker(bad, TrackedRun(Path(), "p", "n"))
    worker.start(0)
    written: list[Point] = []
    bad.write = written.append  # type: ignore[method-assign]
    started = time.monotonic()
    for step in range(1, STEPS_WAITING + 500):
        worker.put(Point(step, {"loss": 1.0}, is_step=True))
    for step in range(100):
        worker.put(Point(step, texts={"checkpoint": "a"}))
    assert time.monotonic() - started < 1
    bad.release.set()
    worker.begin_closing()
    worker.finish(time.monotonic() + 5)
    assert sum(point.is_step for point in written) == STEPS_WAITING
    assert sum(not point.is_step for point in written) == 100 < ALL_WAITING - STEPS_WAITING
    (said,) = worker.take_words()
    assert "499 points are missing" in said


def test_warnings_are_told_in_the_thread_of_the_run_and_their_failure_is_swallowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers_module, "make_backends", lambda _: [BadTracker("open", "raises")])
    threads = []

    def warn(text: str) -> None:
        threads.append(threading.current_thread())
        raise OSError(text)

    trackers = Trackers(TrackerSettings(), tmp_path, {}, warn)
    trackers.on_event({"type": "start", "steps_done": 0})
    trackers.close()
    trackers.close()
    trackers.on_event(STEP | {"step": 1})
    assert threads == [threading.current_thread()]


def test_odd_events_do_not_stop_a_run(tmp_path: Path) -> None:
    words: list[str] = []
    with Trackers(TrackerSettings(tensorboard=True), tmp_path, {}, words.append) as trackers:
        for record in ({"type": "start"}, {"type": "step"}, {"type": "newer than this version"}):
            trackers.on_event(record)
    assert len(words) == 1
    assert "An event cannot be shown" in words[0]


def test_trackers_that_are_off_write_nothing_and_start_no_thread(request_: TrainRequest) -> None:
    before = threading.active_count()
    assert train(request_, TrackerSettings()) == []
    assert threading.active_count() == before
    assert not (request_.run_folder / "trackers").exists()


# --- names, settings, privacy ---------------------------------------------------------------------


def test_prodigy_and_memory_have_their_names_and_missing_values_none(tmp_path: Path) -> None:
    record = STEP | {"step": 1, "d": 1e-5, "host_mb": 900.0, "seconds": 2.0}
    record |= {"parts": {"load": 0.1, "model": 1.8}, "device_mb": None}
    point = PointMaker(tmp_path).point_of(record)
    assert point is not None
    assert set(point.scalars) == {
        *("loss", "loss_average70", "learning_rate", "gradient_norm", "prodigy_d", "epoch"),
        *("seconds/step", "seconds/load", "seconds/model", "memory/host_mb"),
    }


def test_settings_shown_to_trackers_hold_no_place_and_no_key() -> None:
    values = {
        "model": {"path": "/home/anna/models/h.safetensors", "device": "cpu"},
        "data": {"dataset": "C:\\Users\\Anna\\set\\dataset.toml", "latent_cache": "~/cache"},
        "output": {"trigger": SECRET, "name": "cats"},
    }
    shown = shareable_config(values)
    assert shown["model"] == {"path": "h.safetensors", "device": "cpu"}
    assert shown["data"] == {"dataset": "dataset.toml", "latent_cache": "cache"}
    assert shown["output"] == {"trigger": "(hidden)", "name": "cats"}


@pytest.mark.parametrize("field", ["project", "name", "tags"])
@pytest.mark.parametrize(
    "key",
    [SECRET, "wandb_v1_abcDEFghiJKLmno", "hf_abcdefghijklmnopqrstu", "https://me:pass@host/x"],
    ids=["wandb", "new_wandb", "hugging_face", "url"],
)
def test_text_that_looks_like_a_key_is_refused_without_repeating_it(field: str, key: str) -> None:
    with pytest.raises(ConfigError, match=f"'{field}' seems to hold a key") as caught:
        TrackerSettings(**{field: f"run {key}"})
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["my_character_rank32_prodigy_2026_11_25_second_try", "Rotkäppchen-und-der-böse-Wolf"]
)
def test_ordinary_long_names_are_no_keys(name: str) -> None:
    assert TrackerSettings(name=name, tags=name).tag_list == (name,)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"project": "a/b"}, "without / "),
        ({"project": " "}, "'project'"),
        ({"tags": "a\nb"}, "one line"),
        ({"other": "wandb"}, "Turn on 'wandb' instead"),
        ({"other": "my tracker!"}, "no tracker's name"),
        ({"key": "x"}, "not a known setting"),
    ],
)
def test_unusable_settings_are_refused(values: dict[str, Any], words: str) -> None:
    faults = TrackerSettings.find_faults(values)
    assert len(faults) == 1
    assert words in faults[0]


def test_trackers_are_in_the_file_and_may_change_on_resume() -> None:
    config = RunConfig.from_toml('[trackers]\ntensorboard = true\nother = "aim, Trackio"\n')
    assert config.trackers.other_list == ("aim", "trackio")
    assert RunConfig.from_toml(config.to_toml()) == config
    assert config.digest() == RunConfig().digest()


def test_error_of_a_tracker_is_a_sentence_for_the_user() -> None:
    assert issubclass(TrackerError, Exception)
    (said,) = _words_of(TrackerError("Install it."))
    assert said == "The tracker 'bad' is off, training goes on without it. Install it."


def _words_of(error: Exception) -> list[str]:
    class Failing(BadTracker):
        def open(self, run: TrackedRun) -> str:
            raise error

    worker = TrackerWorker(Failing("", ""), TrackedRun(Path(), "p", "n"))
    worker.start(0)
    worker.begin_closing()
    worker.finish(time.monotonic() + 5)
    return worker.take_words()
