"""Run the tour: ``python -m butler.demo --out demo [--full]``."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from butler import Butler
from butler.demo import place, samples, survey, tour
from butler.demo.pictures import draw_footprints, draw_image, new_figure
from butler.demo.presenter import Presenter
from butler.demo.survey_picture import draw_survey
from butler.errors import ButlerError


def main(arguments: Sequence[str] | None = None) -> int:
    """Go on the tour; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m butler.demo", description="Show what Butler does, on real images."
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("demo"),
        help="folder for the repository; an older demo in it is destroyed",
    )
    parser.add_argument(
        "--full",
        action="store_true",
        help="go on with much more data, from the folder that BUTLER_TEST_DATA names",
    )
    parser.add_argument("--remove", action="store_true", help="only destroy the demo in that folder")
    options = parser.parse_args(arguments)
    try:
        if options.remove:
            place.clear(options.out)
        else:
            run(options.out, full=options.full)
    except ButlerError as error:
        print(f"butler.demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def run(repo: Path, *, full: bool) -> None:
    """Make the repository, go through all steps, draw the pictures, stop the server.

    Raises
    ------
    ButlerError
        If something that the tour needs isn't there: before anything is made.
    """
    data = samples.data_folder() if full else None
    samples.hubble_image()
    samples.saao_frame()
    new_figure(1, 1, "")
    place.clear(repo)
    show = Presenter(repo)
    try:
        tour.take(show, repo)
        _draw(show, repo, {"footprints.png": draw_footprints, "image.png": draw_image})
        if data is not None:
            survey.take(show, repo, data)
            _draw(show, repo, {"survey.png": draw_survey})
    finally:
        place.stop_server(repo)
    _take_leave(show, repo)


def _draw(show: Presenter, repo: Path, pictures: Mapping[str, Callable[[Butler, Path], None]]) -> None:
    show.heading(
        "See it", "Drawn from what the repository gives back: outlines by SQL, pixels by butler.get."
    )
    with Butler(repo, collections=[tour.RUN]) as butler:
        for name, draw in pictures.items():
            draw(butler, repo / name)
    show.table({str(repo / name): "" for name in pictures})


def _take_leave(show: Presenter, repo: Path) -> None:
    show.heading(
        f"Done in {show.seconds:.0f} seconds",
        "The database server is stopped, and starts by itself when it is needed. What lies where:",
    )
    show.table(
        {
            f"{repo}/data/": "the files, under names that a person can read",
            f"{repo}/embedded/": "the database",
            f"{repo}/butler.yaml": "the configuration",
            f"{repo}/*.png": "the pictures",
        }
    )
    python = _typed(Path(sys.executable))
    beside = Path(sys.executable).with_name("butler")
    butler = _typed(beside) if beside.exists() else f"{python} -m butler"
    show.say("Go on:")
    show.table(
        {
            f"{butler} -r {repo} status": "what the repository holds",
            f"{butler} -r {repo} sql": "a prompt for SELECTs; begin with: SELECT * FROM visit;",
            f"{butler} -r {repo} db stop": "stop the server when you have done",
        }
    )
    show.say("Clean up, server and all:")
    show.table({f"{python} -m butler.demo --out {repo} --remove": ""})


def _typed(program: Path) -> str:
    """Give what a user in this folder types to run a program."""
    if shutil.which(program.name) == str(program):
        return program.name
    return str(program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program)


if __name__ == "__main__":
    sys.exit(main())
