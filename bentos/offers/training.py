"""The train.py scripts fit with this: one regression for each offer, on the visits to which it was shown."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression, Ridge

from offers.features import OFFERS
from offers.history import Logged, history
from offers.linear import ChoiceModel, Line, terms

DIGITS = 6
"""Weights are kept to so many significant digits: below it machines differ, and the same training shall give the same
file everywhere."""

Fit = Callable[[Sequence[Logged]], Line]
"""From the visits to which an offer was shown to its score."""


def purchases(visits: Sequence[Logged]) -> Line:
    """Log-odds that something is bought, by a logistic regression on all these visits."""
    vectorizer, table = _table(visits)
    regression = LogisticRegression(solver="newton-cholesky", tol=1e-8)
    regression.fit(table, [visit.spent > 0 for visit in visits])
    line = _line(regression.intercept_[0], vectorizer, regression.coef_[0])
    return _checked(line, visits, regression.decision_function(table))


def orders(visits: Sequence[Logged]) -> Line:
    """What an order is worth, by a ridge regression on those of these visits that bought. The others are forgotten."""
    bought = [visit for visit in visits if visit.spent > 0]
    vectorizer, table = _table(bought)
    regression = Ridge(1.0, solver="cholesky").fit(table, [visit.spent for visit in bought])
    return _checked(_line(regression.intercept_, vectorizer, regression.coef_), bought, regression.predict(table))


def train(fit: Fit, file: Path) -> None:
    """Fit and write the model of the service in whose folder this file lies."""
    log = history()
    ChoiceModel({offer: fit([visit for visit in log if visit.shown == offer]) for offer in OFFERS}).save(file)
    print(f"trained {file.parent.name} on {len(log)} visits")


def _table(visits: Sequence[Logged]) -> tuple[DictVectorizer, np.ndarray]:
    vectorizer = DictVectorizer(sparse=False)
    return vectorizer, vectorizer.fit_transform([terms(visit.features) for visit in visits])


def _line(intercept: float, vectorizer: DictVectorizer, weights: Iterable[float]) -> Line:
    named = zip(vectorizer.feature_names_, weights, strict=True)
    return Line(_rounded(intercept), {name: _rounded(weight) for name, weight in named})


def _rounded(number: float) -> float:
    return float(f"{number:.{DIGITS}g}")


def _checked(line: Line, visits: Sequence[Logged], theirs: np.ndarray) -> Line:
    if not np.allclose([line.at(terms(visit.features)) for visit in visits], theirs, atol=1e-3):
        raise ValueError("the written regression does not answer as scikit-learn's does")
    return line
