"""The one command of this project: python tasks.py demo | test | serve | bench | lint.

    demo   train a small LoRA in a real ComfyUI on this machine; results in demo_output/
    test   every test, the ones in a real ComfyUI and in a real browser included
    serve  a ComfyUI with the pack and its web page, until Ctrl-C
    bench  the benchmarks; results in bench/results.json
    lint   ruff, mypy and tsc

The first call makes .venv and .comfyui beside this file (a few minutes, several GB); later calls
reuse them. With --comfyui PATH, or the variable COMFYUI_PATH, an existing ComfyUI and its Python
are used instead.
"""

import sys

# This file keeps to syntax that every Python reads, so that an old one gets a sentence and not a
# SyntaxError; everything else is in dev/.
if sys.version_info < (3, 10):  # noqa: UP036
    sys.stderr.write(
        "This needs Python 3.10 or newer, and this is Python "
        + ".".join([str(part) for part in sys.version_info[:3]])
        + ". Install a newer one from python.org and run tasks.py with that.\n"
    )
    sys.exit(1)

if __name__ == "__main__":
    from dev.doing.commands import main

    sys.exit(main(__doc__))
