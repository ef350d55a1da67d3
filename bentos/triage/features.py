"""Training, services and the traffic file name the measurements with this list: scikit-learn's names in snake case."""

MEASURES = (
    "radius",
    "texture",
    "perimeter",
    "area",
    "smoothness",
    "compactness",
    "concavity",
    "concave_points",
    "symmetry",
    "fractal_dimension",
)
MEAN = tuple(f"mean_{measure}" for measure in MEASURES)
ERROR = tuple(f"{measure}_error" for measure in MEASURES)
WORST = tuple(f"worst_{measure}" for measure in MEASURES)

FEATURES = MEAN + ERROR + WORST
"""In the column order of `sklearn.datasets.load_breast_cancer`."""
