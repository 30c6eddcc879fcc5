"""In: the matrix of a sample and who is bad. Out: chances of going bad, by what modellers use. Used: by `bench.models`.

LightGBM tuned by Optuna (AUC over five folds, early stopping, then all rows), and FLAML with a budget of seconds. Both see the same
rows, the same columns and the categories as categories.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import lightgbm
import numpy as np
import numpy.typing as npt
import optuna
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def tuned_lightgbm(
    train: Floats, bad: Ints, test: Floats, categories: Sequence[int], *, trials: int, seconds: float, seed: int
) -> Floats:
    """Return the chances of the test rows by LightGBM with the settings that Optuna found in so many trials and seconds."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    fixed = {
        "objective": "binary",
        "metric": "auc",
        "verbosity": -1,
        "num_threads": 1,
        "seed": seed,
        "feature_pre_filter": False,
    }
    data = lightgbm.Dataset(train, bad, categorical_feature=list(categories), free_raw_data=False, params=fixed)
    rounds: dict[int, int] = {}

    def value(trial: optuna.Trial) -> float:
        found = lightgbm.cv({**fixed, **_suggest(trial)}, data, 1000, nfold=5, stratified=True, seed=seed,
                            callbacks=[lightgbm.early_stopping(50, verbose=False)])  # fmt: skip
        curve = found["valid auc-mean"]
        rounds[trial.number] = int(np.argmax(curve)) + 1
        return float(max(curve))

    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(value, n_trials=trials, timeout=seconds)
    best = study.best_trial
    model = lightgbm.train({**fixed, **best.params, "bagging_freq": 1}, data, rounds[best.number])
    return np.asarray(model.predict(test, num_threads=1))


def _suggest(trial: optuna.Trial) -> dict[str, float]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 4, 64, log=True),
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 5, 200, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.3, 1.0),
        "bagging_fraction": trial.suggest_float("bagging_fraction", 0.5, 1.0),
        "bagging_freq": 1,
        "lambda_l1": trial.suggest_float("lambda_l1", 1e-3, 10.0, log=True),
        "lambda_l2": trial.suggest_float("lambda_l2", 1e-3, 30.0, log=True),
    }


def flaml(train: Floats, bad: Ints, test: Floats, categories: Sequence[int], *, seconds: float, seed: int) -> Floats:
    """Return the chances of the test rows by the best that FLAML found in so many seconds."""
    from flaml import AutoML

    frames = [pd.DataFrame(part, columns=[f"x{at}" for at in range(part.shape[1])]) for part in (train, test)]
    for at in categories:
        kinds = pd.CategoricalDtype(
            [one for one in np.unique(np.concatenate([train[:, at], test[:, at]])) if not np.isnan(one)]
        )
        for frame in frames:
            frame[f"x{at}"] = frame[f"x{at}"].astype(kinds)
    model = AutoML()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(frames[0], bad, task="classification", metric="roc_auc", time_budget=seconds, verbose=0, n_jobs=1, seed=seed)
        return np.asarray(model.predict_proba(frames[1]))[:, 1]
