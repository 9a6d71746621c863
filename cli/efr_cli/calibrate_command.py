"""The command that measures the running engine on labelled photos."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import click
import numpy as np
from tqdm import tqdm

from core.faces.accuracy.own_photos import Curve, Measured, TooFewPhotos, measure
from core.faces.accuracy.trials import People
from core.faces.decision import DEFAULT_FALSE_NAME_RATE
from core.faces.results import Model
from core.faces.similarity import SIMILARITY_AT_THRESHOLD
from efr_cli.context import CliContext, open_context
from efr_cli.enroll.folder import Found, Unused, Wanted, find_face, photos_of
from efr_cli.errors import FalseNameRate, Quality, Refused, finish, printable
from efr_cli.output import json_option, say
from efr_cli.words import PEOPLE, counted

_NO_COLLECTION: Final = ""


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, resolve_path=True))
@click.option(
    "--false-name-rate",
    type=FalseNameRate(),
    default=DEFAULT_FALSE_NAME_RATE,
    show_default=True,
    help="How often a stranger may be given a name.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path, resolve_path=True, dir_okay=False),
    help="Draw the rates into this SVG file.",
)
@click.option("--largest", is_flag=True, help="Take the largest of several large faces.")
@click.option(
    "--min-quality", type=Quality(), help="Lowest quality of a face, instead of the service's own."
)
@json_option
@click.pass_context
def calibrate(
    context: click.Context,
    folder: Path,
    *,
    false_name_rate: float,
    plot: Path | None,
    largest: bool,
    min_quality: float | None,
) -> None:
    """Measure on your own photos how often the engine is wrong.

    Photos are FOLDER/<Person Name>/*.jpg, as for enroll. Nothing is stored but the plot.

    The command proposes a collection's threshold, and the false name rate that is the same.
    """
    if not folder.is_dir():
        raise Refused("NO_FOLDER", f"{folder} is not a folder")
    photos = list(photos_of(folder))
    if not photos:
        raise Refused("NO_PHOTOS", f"{folder} has no photos in folders of people")
    if plot is not None:
        _check_plots()
    parts = open_context(context)
    wanted = Wanted(
        largest=largest,
        min_quality=parts.min_enrol_quality if min_quality is None else min_quality,
    )
    found, unused = _faces(parts, photos, wanted)
    for photo in unused:
        click.echo(f"not used: {printable(photo.path)}: {photo.reason}", err=True)
    if not found:
        raise Refused("TOO_FEW_PHOTOS", "no photo could be used")
    model, people = found[0].model, _people(found)
    try:
        measured = measure(people, parts.calibration(model), wanted_rate=false_name_rate)
    except TooFewPhotos as error:
        raise Refused("TOO_FEW_PHOTOS", str(error)) from error
    if plot is not None:
        plot.write_text(_plot(measured, model), encoding="utf-8")
    used = f"{counted(len(found), 'photo')} of {counted(len(people), *PEOPLE)}"
    head = f"{used}, {model.name} {model.version}"
    answer = {"model": asdict(model), **asdict(measured)}
    say("\n".join([head, *_lines(measured)]), answer)
    finish(unused)


def _faces(
    parts: CliContext, photos: Sequence[tuple[str, Path]], wanted: Wanted
) -> tuple[list[Found], list[Unused]]:
    """Return the faces of different photos; a second copy tells nothing."""
    found: dict[str, Found] = {}
    unused: list[Unused] = []
    with (
        parts.recognizer(parts.threads) as recognizer,
        ThreadPoolExecutor(max_workers=parts.threads) as executor,
    ):
        answers = executor.map(
            lambda photo: find_face(recognizer, _NO_COLLECTION, *photo, wanted=wanted), photos
        )
        for answer in tqdm(answers, total=len(photos), unit="photo", disable=None):
            if isinstance(answer, Unused):
                unused.append(answer)
            elif answer.face.face_id in found:
                unused.append(Unused(path=answer.path, reason="SAME_PHOTO: a copy of another one"))
            else:
                found[answer.face.face_id] = answer
    return list(found.values()), unused


def _people(found: Sequence[Found]) -> People:
    return People.of(
        np.stack([each.face.embedding for each in found]),
        np.array([each.person for each in found]),
    )


def _lines(measured: Measured) -> Iterator[str]:
    usual, proposal = SIMILARITY_AT_THRESHOLD, measured.proposal
    pairs = measured.two_photos
    yield (f"two photos: {pairs.positives} pairs of one person, {pairs.negatives} of two people")
    for least in (usual, proposal.threshold):
        rates = pairs.at(least)
        yield f"  from {least:5.1f}  FMR {rates.negatives:7.3%}  FNMR {rates.positives:6.2%}"
    for curve in measured.galleries:
        yield (
            f"{counted(measured.people, *PEOPLE)} by up to {curve.photos} photos: "
            f"{curve.negatives} searches for strangers, {curve.positives} for people"
        )
        for least in (usual, proposal.threshold):
            rates = curve.at(least)
            yield f"  from {least:5.1f}  FPIR {rates.negatives:6.2%}  FNIR {rates.positives:6.2%}"
    yield (
        f"proposed: threshold {proposal.threshold:g}, "
        f"or false_name_rate {proposal.false_name_rate:g}"
    )


def _check_plots() -> None:
    if find_spec("matplotlib") is None:
        raise Refused(
            "NOT_INSTALLED", "--plot needs an extra: pip install '.[calibrate]' in a checkout"
        )


def _plot(measured: Measured, model: Model) -> str:
    # Only here: matplotlib is an extra, and slow to load.
    from core.ground.plots import Line, line_chart

    def lines(curve: Curve, negatives: str, positives: str) -> list[Line]:
        return [
            Line(
                name=name,
                points=tuple(
                    (each.similarity, getattr(each, side))
                    for each in curve.rates
                    if getattr(each, side) > 0
                ),
            )
            for name, side in ((negatives, "negatives"), (positives, "positives"))
        ]

    drawn = lines(measured.two_photos, "FMR, two photos", "FNMR, two photos")
    for curve in measured.galleries:
        what = f"{counted(measured.people, *PEOPLE)}, {curve.photos} photos"
        drawn += lines(curve, f"FPIR, {what}", f"FNIR, {what}")
    return line_chart(f"{model.name} {model.version}", "lowest similarity", "rate", drawn)
