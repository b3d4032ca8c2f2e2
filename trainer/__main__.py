"""The command line: train, resume, plan, pick, convert and cache verify, without ComfyUI."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from PIL import Image

from .cli.plan import add_plan_options
from .cli.run import StopFlag, load_run, make_request
from .config import RunConfig
from .data.cache.caching import verify_cache
from .errors import CacheError, ConfigError, TrainerError
from .export.formats import FORMATS
from .export.lora_file import FILE_DTYPES, convert_lora
from .files import write_bytes
from .training.loop import run_training
from .training.reports import Hooks, StepReport, TrainRequest
from .training.results.choosing import RULES, choose
from .training.results.exported_curves import read_any_history
from .training.results.plot import draw_loss
from .training.results.verdict import judge
from .training.runs.run_folder import Run
from .training.tracking.trackers import Trackers

BAD_INPUT = 2


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One plain sentence instead of the usage text."""
        print(f"{message[:1].upper()}{message[1:]}. See '{self.prog} --help'.", file=sys.stderr)
        sys.exit(BAD_INPUT)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 on success, 2 on bad input, which is then explained on stderr.
    """
    options = _make_parser().parse_args(arguments)
    try:
        options.run(options)
    except TrainerError as error:
        print(error, file=sys.stderr)
        return BAD_INPUT
    return 0


def _make_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m trainer", description="Train HunyuanVideo LoRAs.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    train = commands.add_parser("train", help="train a LoRA")
    train.add_argument("config", type=Path, metavar="RUN.toml")
    train.set_defaults(run=_train)
    resume = commands.add_parser("resume", help="go on with a stopped run")
    resume.add_argument("run_folder", type=Path, metavar="RUN_DIR")
    resume.set_defaults(run=_resume)
    add_plan_options(commands.add_parser("plan", help="show the memory that a run needs"))
    pick = commands.add_parser("pick", help="choose a checkpoint from the loss curve")
    pick.add_argument(
        "source", type=Path, metavar="RUN_DIR", help="or a CSV or event file of another trainer"
    )
    pick.add_argument("--rule", default="guide", choices=RULES)
    pick.add_argument("--loras", type=Path, metavar="DIR", help="LoRA files of another trainer")
    pick.add_argument("--window", type=int, default=70, help="steps of the running average")
    pick.add_argument("--plot", type=Path, metavar="PNG", help="also draw the curve")
    pick.set_defaults(run=_pick)
    convert = commands.add_parser("convert", help="rewrite a LoRA in another naming scheme")
    convert.add_argument("source", type=Path, metavar="IN")
    convert.add_argument("target", type=Path, metavar="OUT")
    convert.add_argument("--format", required=True, choices=FORMATS)
    convert.add_argument("--dtype", choices=tuple(FILE_DTYPES), help="default: as it is")
    convert.set_defaults(run=_convert)
    cache = commands.add_parser("cache", help="check a cache folder")
    verify = cache.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = verify.add_parser("verify", help="read every file of a cache")
    check.add_argument("folder", type=Path, metavar="DIR")
    check.set_defaults(run=_verify)
    return parser


def _train(options: argparse.Namespace) -> None:
    config, folder = load_run(options.config)
    _run(make_request(config, folder), resume=False)


def _resume(options: argparse.Namespace) -> None:
    folder = options.run_folder.resolve()
    config = RunConfig.load(folder / "config.toml")
    _run(make_request(config, folder), resume=True)


def _run(request: TrainRequest, *, resume: bool) -> None:
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise ConfigError(
            "Training uses one process, but was started with "
            f"{os.environ['WORLD_SIZE']}. Use 'accelerate launch --num_processes 1'."
        )
    stop = StopFlag()
    with stop.listening(), _trackers(request) as trackers:
        hooks = Hooks(on_step=_show_step, on_event=trackers.on_event, should_stop=stop)
        result = run_training(request, hooks, resume=resume)
    if result.stopped:
        if result.stop_cause is not None:
            raise result.stop_cause
        print(f"Stopped at step {result.steps_done}. Go on with: resume {request.run_folder}")
    else:
        print(f"Done: {result.last_checkpoint}")


def _trackers(request: TrainRequest) -> Trackers:
    config = request.config
    run = Run(request.run_folder)

    def warn(text: str) -> None:
        print(text, file=sys.stderr)
        run.append_event("warning", text=text)

    return Trackers(config.trackers, run.folder, config.to_dict(), warn)


def _show_step(report: StepReport) -> None:
    minutes, seconds = divmod(round(report.remaining_seconds), 60)
    print(
        f"step {report.step}/{report.steps_total}  epoch {report.epoch}/{report.epochs_total}  "
        f"loss {report.loss:.4f}  lr {report.lr:.3g}  {minutes}:{seconds:02d} left",
        flush=True,
    )


def _pick(options: argparse.Namespace) -> None:
    history = read_any_history(options.source, options.loras)
    choice = choose(history, options.rule, options.window)
    verdict = judge(history, options.window)
    if options.plot is not None:
        _save_png(options.plot, draw_loss(history, options.window, choice.pick, verdict=verdict))
    lines = list(choice.sentences)
    if options.rule != "verdict":
        lines += ["", *verdict.sentences, ""]
    print("\n".join(lines))
    print(choice.pick.path if choice.pick else f"step {choice.step}")


def _save_png(path: Path, image: Image.Image) -> None:
    stream = io.BytesIO()
    image.save(stream, format="PNG")
    try:
        write_bytes(path, stream.getvalue())
    except OSError as error:
        raise ConfigError(f"Cannot write '{path}': {error}. Choose another place.") from error


def _convert(options: argparse.Namespace) -> None:
    count = convert_lora(options.source, options.target, options.format, dtype=options.dtype)
    print(f"{count} layers written to {options.target}")


def _verify(options: argparse.Namespace) -> None:
    problems = verify_cache(options.folder)
    if problems:
        raise CacheError("\n".join(problems))
    print(f"All files in {options.folder} are sound.")


if __name__ == "__main__":
    sys.exit(main())
