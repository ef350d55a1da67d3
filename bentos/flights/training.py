"""The linear candidates' train.py fit with this: a ridge regression for the minutes, a logistic one for being late."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression, Ridge

from flights.features import LATE, cut
from flights.linear import Line, LinearModel, terms
from flights.year import Flight

PENALTY = 10.0
"""Of the ridge: what it asks of a level's weight is worth as much as ten flights. The logistic regression's is 1."""

DIGITS = 6
"""Weights are kept to so many significant digits: below it machines differ, and the same training shall give the same
file everywhere."""


def fit(flights: Iterable[Flight], late: int = LATE) -> LinearModel:
    """Both regressions on landed flights, late from `late` minutes on; checked against scikit-learn's own answers."""
    landed = list(flights)
    known = [terms(flight.features) for flight in landed]
    vectorizer = DictVectorizer(sparse=False)
    table = vectorizer.fit_transform(known)
    delays = np.array([flight.delay for flight in landed])
    ridge = Ridge(PENALTY, solver="cholesky").fit(table, [cut(delay) for delay in delays])
    logistic = LogisticRegression(solver="newton-cholesky", tol=1e-8).fit(table, delays >= late)
    names = vectorizer.feature_names_
    model = LinearModel(
        _line(ridge.intercept_, names, ridge.coef_), _line(logistic.intercept_[0], names, logistic.coef_[0])
    )
    _compare("ridge", [model.minutes.at(each) for each in known], ridge.predict(table))
    _compare("logistic", [model.late.at(each) for each in known], logistic.decision_function(table))
    return model


def train(flights: Iterable[Flight], file: Path, late: int = LATE) -> None:
    """Fit and write the model of the service in whose folder this file lies."""
    landed = list(flights)
    fit(landed, late).save(file)
    print(f"trained {file.parent.name} on {len(landed)} flights")


def _line(intercept: float, names: list[str], weights: Iterable[float]) -> Line:
    return Line(rounded(intercept), {name: rounded(weight) for name, weight in zip(names, weights, strict=True)})


def rounded(number: float) -> float:
    """To the digits that a model keeps."""
    return float(f"{number:.{DIGITS}g}")


def _compare(which: str, ours: list[float], theirs: np.ndarray) -> None:
    if not np.allclose(ours, theirs, atol=1e-3):
        raise ValueError(f"the written {which} regression does not answer as scikit-learn's does")
