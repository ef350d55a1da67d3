"""The worse candidate: the same regression, trained years ago on the measurements of another microscope."""
