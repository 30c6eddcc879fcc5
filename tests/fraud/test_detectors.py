"""Every detector: the same score alone and in a batch, frozen, seeded, defined on odd inputs, equal to its model, explained."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from weilend.core.errors import InputError
from weilend.fraud.detectors import DETECTORS, Fitted, fit_ensemble, forest, from_bytes, kernels, to_bytes
from weilend.fraud.detectors.fitted import medians_of

RNG = np.random.default_rng(0)
USUAL = RNG.normal(size=(400, 4)) * [1, 5, 100, 0.1] + [0, 10, 1000, 0]
STRANGE = np.array([9.0, -60.0, 3000.0, 2.0])
NAMES = ("a", "b", "c", "d")
ENSEMBLE = fit_ensemble(USUAL, NAMES, seed=3)
EVERY = sorted(DETECTORS)
ODD = {
    "one row": np.array([[1.0, 2.0]]),
    "all alike": np.ones((50, 3)),
    "all missing": np.full((20, 2), np.nan),
    "a column missing": np.column_stack([np.arange(30.0), np.full(30, np.nan)]),
    "infinite": np.array([[0.0, np.inf], [1.0, -np.inf], [2.0, 5.0], [3.0, 6.0]]),
    "huge": np.array([[1e308, 1.0], [-1e308, 2.0], [0.0, 3.0]]),
    "two values": np.repeat([[0.0, 1.0], [1.0, 0.0]], 40, axis=0),
    "wide": RNG.normal(size=(3, 200)),
}


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(forest, "TREES", 20)  # growing takes most of the time


@pytest.mark.parametrize("name", EVERY)
class TestEveryDetector:
    def test_a_row_scores_the_same_alone_and_in_a_batch(self, name):
        fitted = DETECTORS[name].fit(USUAL, 7)
        rows = np.vstack([USUAL[:40], STRANGE, [np.nan] * 4, [1e300, -np.inf, 0, 0]])
        together = fitted.score(rows)
        assert [fitted.score(row.reshape(1, -1))[0] for row in rows] == together.tolist()
        assert [fitted.measure(row)[0] for row in rows] == together.tolist()
        assert fitted.score(rows[::-1]).tolist() == together[::-1].tolist()
        assert fitted.score(np.asfortranarray(rows)).tolist() == together.tolist()

    def test_higher_is_stranger_and_missing_is_not_strange(self, name):
        fitted = DETECTORS[name].fit(USUAL, 7)
        usual, strange, missing = fitted.score(np.vstack([np.median(USUAL, axis=0), STRANGE, [np.nan] * 4]))
        assert strange > np.quantile(fitted.score(USUAL), 0.99) > usual
        assert missing == usual

    def test_a_seed_says_it_all_and_nobody_writes(self, name):
        first, second = (DETECTORS[name].fit(USUAL, 5) for _ in range(2))
        assert all(np.array_equal(first.arrays[key], second.arrays[key]) for key in first.arrays)
        with pytest.raises(ValueError, match="read-only"):
            first.arrays["medians"][0] = 1

    @pytest.mark.parametrize("odd", ODD)
    def test_odd_inputs_have_defined_answers(self, name, odd):
        fitted = DETECTORS[name].fit(ODD[odd], 1)
        scores = fitted.score(np.vstack([ODD[odd], ODD[odd] / 3 + 1]))
        assert np.isfinite(scores).all()
        assert len(fitted.score(ODD[odd][:0])) == 0
        assert np.isfinite(fitted.measure(ODD[odd][0])[1]).all()

    def test_what_is_no_matrix_is_refused(self, name):
        for wrong in ([], [[]], [1.0, 2.0], [["x"]], [[1.0], [1.0, 2.0]]):
            with pytest.raises(InputError, match="matrix"):
                DETECTORS[name].fit(wrong, 1)
        with pytest.raises(InputError, match="3 features come, 4 were learned"):
            DETECTORS[name].fit(USUAL, 1).score(USUAL[:, :3])

    @given(hnp.arrays(np.float64, (6, 2), elements=st.floats(allow_nan=True, allow_infinity=True, width=64)))
    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_any_numbers_score_to_something_finite(self, name, matrix):
        fitted = DETECTORS[name].fit(matrix, 1)
        scores = fitted.score(matrix)
        assert np.isfinite(scores).all()
        assert [fitted.score(row.reshape(1, -1))[0] for row in matrix] == scores.tolist()


def test_the_forest_is_scikit_learns():
    from sklearn.ensemble import IsolationForest

    for rows in (2, 40, 400):
        grown = IsolationForest(n_estimators=50, max_samples=min(256, rows), random_state=4).fit(USUAL[:rows])
        ours = forest.flatten(grown, medians_of(USUAL))
        wild = np.vstack([USUAL, STRANGE, USUAL * 100])
        assert np.abs(ours.score(wild) + grown.score_samples(wild)).max() <= 1e-12


def test_the_same_test_catches_a_wrong_side():
    """A planted bug: a value equal to a threshold goes to the right."""
    from sklearn.ensemble import IsolationForest

    whole = np.round(USUAL * [1, 1, 0.01, 10])
    grown = IsolationForest(n_estimators=50, max_samples=256, random_state=4).fit(whole)
    ours = forest.flatten(grown, medians_of(whole))
    shifted = dict(ours.arrays) | {"threshold": ours.arrays["threshold"] - np.float32(0.6)}
    assert np.abs(Fitted(forest.NAME, shifted).score(whole) + grown.score_samples(whole)).max() > 1e-6


def test_a_forests_shares_add_up_to_what_was_saved_of_the_path():
    fitted = DETECTORS["forest"].fit(USUAL, 2)
    shares = np.zeros((1, 4))
    walked = (fitted.arrays[name] for name in ("roots", "feature", "threshold", "kids", "expected"))
    kernels.forest_shares(STRANGE.reshape(1, -1).astype(np.float32), shares, *walked)
    usual = fitted.arrays["usual"][0]
    path = -np.log2(fitted.score(STRANGE.reshape(1, -1))[0]) * usual
    assert shares.sum() == pytest.approx(usual - path, abs=1e-6)


def test_together_a_row_is_the_same_alone_in_a_batch_and_after_a_replay():
    rows = np.vstack([USUAL[:50], STRANGE])
    together = ENSEMBLE.score(rows)
    assert [ENSEMBLE.score(row.reshape(1, -1))[0] for row in rows] == together.tolist()
    assert [ENSEMBLE.explain(row).anomaly_ppm for row in rows] == [round(float(one) * 1_000_000) for one in together]
    identity, content = to_bytes(ENSEMBLE)
    again = from_bytes(content)
    assert (to_bytes(again)[0], again.score(rows).tolist()) == (identity, together.tolist())
    assert again.explain(STRANGE) == ENSEMBLE.explain(STRANGE)


def test_the_reasons_name_the_feature_that_is_strange_and_its_usual_range():
    for place, name in enumerate(NAMES):
        row = np.median(USUAL, axis=0)
        row[place] = STRANGE[place]
        told = ENSEMBLE.explain(row)
        first = told.features[0]
        assert (first.feature, first.value) == (name, STRANGE[place])
        assert not first.usual_low <= first.value <= first.usual_high
        assert first.share_ppm > 500_000
        assert set(told.by_detector) == set(DETECTORS)
    missing = ENSEMBLE.explain([None, None, None, None])
    assert all(feature.value is None for feature in missing.features)
    assert missing.anomaly_ppm < 500_000


def test_stranger_than_all_that_was_learned_is_still_ranked():
    far, farther = ENSEMBLE.score(np.vstack([STRANGE, STRANGE * 3]))
    assert 0.99 < far < farther < 1


def test_a_segment_has_its_own_tables_and_an_unknown_one_those_of_all():
    rows = np.vstack([USUAL, USUAL * 10])
    segments = ["small"] * 400 + ["large"] * 400
    both = fit_ensemble(rows, NAMES, seed=1, segments=segments)
    row = np.median(USUAL * 10, axis=0) + np.array([30, 100, 0, 0])
    in_small, in_large, unknown, overall = both.score(np.vstack([row] * 4), ["small", "large", "never seen", ""])
    assert in_small > 0.99
    assert in_large < in_small
    assert unknown == overall
    assert fit_ensemble(rows[:500], NAMES, seed=1, segments=segments[:500]).tables.keys() == {"", "small"}  # 100 are too few
    with pytest.raises(InputError, match="with 4 names and 1 segments"):
        fit_ensemble(rows, NAMES, seed=1, segments=["x"])
    with pytest.raises(InputError, match="with 1 names"):
        fit_ensemble(rows, ["a"], seed=1)


@pytest.mark.parametrize("odd", ODD)
def test_together_odd_inputs_have_defined_answers(odd):
    names = [str(number) for number in range(ODD[odd].shape[1])]
    ensemble = fit_ensemble(ODD[odd], names, seed=1)
    scores = ensemble.score(np.vstack([ODD[odd], ODD[odd] / 3 + 1]))
    assert ((scores > 0) & (scores < 1)).all()
    assert ensemble.explain(ODD[odd][0]).anomaly_ppm >= 0


def test_bytes_of_others_are_refused():
    content = to_bytes(fit_ensemble([[1.0], [2.0]], ["a"], seed=1))[1]
    for wrong in (b"", b"[]", content[:-9], content.replace(b'"format":1', b'"format":2'), content.replace(b'"<f8"', b'"|O8"')):
        with pytest.raises(InputError):
            from_bytes(wrong)
