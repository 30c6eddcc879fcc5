"""In: a forest, a curve and what the columns mean. Out: `BoostedModel`, points and PD of a table. Used: by every booster.

The forest's margin is a whole number on its grid, the curve turns it into points by whole numbers, and PD is a table over points
as on a card: one model gives one answer whoever computes it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

import msgspec
import numpy as np

from weilend.core.errors import CheckError, InputError
from weilend.core.ids import bytes_hash, canonical_json, content_hash
from weilend.core.money import PPM
from weilend.models.calibration import Calibrated, Update, pd_of_points
from weilend.models.curve import Curve
from weilend.models.encoding import Slot, encode
from weilend.models.forest import GRID, Forest
from weilend.models.prediction import Prediction
from weilend.models.prior import logit_ppm
from weilend.models.sample import Column
from weilend.models.table import Floats, Integers, Table

if TYPE_CHECKING:
    import lightgbm

MODEL_FILE: Final = "model.json"
TREES_FILE: Final = "trees.txt"
#: Points outside these read as these: odds beyond 2²⁰ to 1 either way are more than any book can show.
LEAST_POINTS, MOST_POINTS = 90, 900


class BoostedModel(msgspec.Struct, frozen=True, kw_only=True):
    """Boosted trees that give points and a PD; `pd_ppm[points - LEAST_POINTS]` is the PD.

    `trees` is the content hash of the forest's text; `settings` are what the search chose, in millionths; `intercept_micro` and
    `slope_micro` are repairs of the PD since it was built (0 and a million: none). `model_id` hashes all of it.
    """

    libraries: ClassVar[tuple[str, ...]] = ("lightgbm",)

    model_id: str = ""
    recipe: str
    columns: tuple[Column, ...]
    slots: tuple[Slot, ...]
    trees: str
    curve: Curve
    shape: str
    pd_ppm: tuple[int, ...] = ()
    intercept_micro: int = 0
    slope_micro: int = PPM
    sample_ppm: int
    rows: int
    bads: int
    seed: int
    settings: dict[str, int]
    forest: Forest = Forest("")

    @property
    def reads(self) -> tuple[str, ...]:
        """The features that it reads."""
        return tuple(column.name for column in self.columns)

    def units(self, table: Table) -> Integers:
        """Return the margin (n,) of each row in units of the forest's grid: exact, whatever the batch."""
        return self.units_of(encode(table, self.slots))

    def units_of(self, matrix: Floats) -> Integers:
        """Return the margin (n,) of each row of a matrix that was encoded in the model's slots."""
        if not len(matrix):
            return np.zeros(0, dtype=np.int64)
        margin = loaded(self.forest.text).predict(matrix, raw_score=True, num_threads=1)
        return np.rint(np.asarray(margin, dtype=np.float64) * GRID).astype(np.int64)

    def points_of(self, matrix: Floats) -> Integers:
        """Return the points (n,) of each row of a matrix that was encoded in the model's slots."""
        return np.clip(self.curve.points(self.units_of(matrix)), LEAST_POINTS, MOST_POINTS)

    def predict(self, table: Table) -> Prediction:
        """Return points and PD of each row of a table."""
        points = self.points_of(encode(table, self.slots))
        return Prediction(points, np.array(self.pd_ppm, dtype=np.int64)[points - LEAST_POINTS])


@lru_cache(maxsize=64)
def loaded(text: str) -> lightgbm.Booster:
    """Return the library's booster of a text; the latest 64 are kept."""
    import lightgbm  # late: the command line starts without it

    return lightgbm.Booster(model_str=text)


def assemble(
    recipe: str, forest: Forest, slots: tuple[Slot, ...], columns: tuple[Column, ...], calibrated: Calibrated, *,
    rows: int, bads: int, sample_ppm: int, seed: int, settings: dict[str, int],
) -> BoostedModel:  # fmt: skip
    """Return a sealed model of its parts; the PDs are at the sample's own bad rate."""
    return seal(
        BoostedModel(recipe=recipe, columns=columns, slots=slots, trees=bytes_hash(forest.text.encode()), curve=calibrated.curve,
                     shape=calibrated.shape, sample_ppm=sample_ppm, rows=rows, bads=bads, seed=seed, settings=settings,
                     forest=forest)
    )  # fmt: skip


def seal(model: BoostedModel) -> BoostedModel:
    """Return the model with its PD table and its identity filled in."""
    points = np.arange(LEAST_POINTS, MOST_POINTS + 1)
    pd_ppm = pd_of_points(points, intercept=model.intercept_micro / PPM, slope=model.slope_micro / PPM)
    whole = msgspec.structs.replace(model, pd_ppm=tuple(pd_ppm.tolist()))
    return msgspec.structs.replace(whole, model_id=identity(whole))


def identity(model: BoostedModel) -> str:
    """Return the content hash of a model, its own id left out; the trees are in it by their hash.

    >>> from weilend.models.recipes.monotone_boosting import example_model
    >>> identity(example_model()) == example_model().model_id
    True
    """
    return content_hash(_plain(msgspec.structs.replace(model, model_id="")))


def _plain(model: BoostedModel) -> BoostedModel:
    return msgspec.structs.replace(model, forest=Forest(""))


def with_prior(model: BoostedModel, prior_ppm: int) -> BoostedModel:
    """Return the model for a book with another bad rate than its sample had: PDs move (Elkan 2001), points do not.

    >>> from weilend.models.recipes.monotone_boosting import example_model
    >>> model = example_model()
    >>> half = with_prior(model, model.sample_ppm // 2)
    >>> half.curve == model.curve, all(a <= b for a, b in zip(half.pd_ppm, model.pd_ppm))
    (True, True)
    """
    move = logit_ppm(prior_ppm) - logit_ppm(model.sample_ppm)
    return seal(msgspec.structs.replace(model, intercept_micro=round(PPM * move), slope_micro=PPM))


def repaired(model: BoostedModel, update: Update) -> BoostedModel:
    """Return the model with its PDs repaired as outcomes ask (see `choose_update`): points and trees stay.

    >>> from weilend.models.recipes.monotone_boosting import example_model
    >>> model = example_model()
    >>> repaired(model, Update("none", 0, PPM, PPM, PPM)) == model
    True
    """
    slope = round(model.slope_micro * update.slope_micro / PPM)
    intercept = round(model.intercept_micro * update.slope_micro / PPM) + update.intercept_micro
    return seal(msgspec.structs.replace(model, intercept_micro=intercept, slope_micro=slope))


def save(model: BoostedModel, folder: Path) -> None:
    """Write a model into a folder: `model.json` without floats, and the trees as LightGBM's text. Nothing is pickled.

    >>> from tempfile import TemporaryDirectory
    >>> from weilend.models.recipes.monotone_boosting import example_model
    >>> with TemporaryDirectory() as folder:
    ...     save(example_model(), Path(folder))
    ...     load(Path(folder)) == example_model()
    True
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / TREES_FILE).write_bytes(model.forest.text.encode())
    (folder / MODEL_FILE).write_bytes(canonical_json(_plain(model)))


def load(folder: Path) -> BoostedModel:
    """Return the model in a folder; `InputError` where there is none, `CheckError` where model or trees were changed.

    >>> load(Path("no-such-folder"))
    Traceback (most recent call last):
    weilend.core.errors.InputError: no model.json and trees.txt in no-such-folder. Hint: build the model first
    """
    model, trees = folder / MODEL_FILE, folder / TREES_FILE
    if not model.is_file() or not trees.is_file():
        raise InputError(f"no {MODEL_FILE} and {TREES_FILE} in {folder}", hint="build the model first")
    try:
        plain = msgspec.json.decode(model.read_bytes(), type=BoostedModel)
        text = trees.read_bytes().decode()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{folder} does not hold a boosted model: {error}", hint="take it from where it was built") from None
    return check_boosted(plain, text)


def check_boosted(plain: BoostedModel, trees: str) -> BoostedModel:
    """Return a model that was kept apart from its trees, with them; `CheckError` where either is not what its id says.

    >>> from weilend.models.recipes.monotone_boosting import example_model
    >>> check_boosted(example_model(), "no trees")
    Traceback (most recent call last):
    weilend.core.errors.CheckError: model ... is not what its id says. Hint: take it from where it was built
    """
    if identity(plain) != plain.model_id or bytes_hash(trees.encode()) != plain.trees:
        raise CheckError(f"model {plain.model_id or '(no id)'} is not what its id says", hint="take it from where it was built")
    return msgspec.structs.replace(plain, forest=Forest(trees))
