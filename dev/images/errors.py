"""The one error of this package: every module raises it, `__main__` prints it as one line and exits 1."""


class BuildError(Exception):
    """Something the user can act on: the text names what is wrong and the remedy."""
