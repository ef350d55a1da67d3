"""The train.py scripts fit with this: a standardised logistic regression, folded into one weight per feature."""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from triage.features import FEATURES
from triage.linear import LinearModel

DECIMALS = 9
"""Weights are kept to this many significant digits: below it machines differ, and the same training shall give the
same file everywhere."""


def fit(features: np.ndarray, malignant: np.ndarray, columns: Sequence[str]) -> LinearModel:
    """The logistic regression on the named columns of `features` (cases x 30).

    Folding: w·(x - mean)/scale + b = (w/scale)·x + (b - sum(w·mean/scale)). Checked here against scikit-learn's own
    probabilities.
    """
    chosen = features[:, [FEATURES.index(name) for name in columns]]
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, tol=1e-10)).fit(chosen, malignant)
    scaler, regression = pipeline.named_steps["standardscaler"], pipeline.named_steps["logisticregression"]
    weights = regression.coef_[0] / scaler.scale_
    intercept = regression.intercept_[0] - weights @ scaler.mean_
    folded = 1 / (1 + np.exp(-(chosen @ weights + intercept)))
    if not np.allclose(folded, pipeline.predict_proba(chosen)[:, 1], atol=1e-9):
        raise ValueError("the folded model does not answer as scikit-learn's pipeline does")
    return LinearModel(_rounded(intercept), {name: _rounded(w) for name, w in zip(columns, weights, strict=True)})


def _rounded(number: float) -> float:
    return float(f"{number:.{DECIMALS}g}")
