"""Every error of the product, raised by all rooms and translated at the doors.

Three kinds only matter to a caller: *try again* (`Unavailable`, `Conflict`), *tell the user* (`InvalidInput`, `NameTaken`),
and everything else, which is a bug.

    ShadowliftError
    ├── InvalidInput      what somebody wrote cannot be accepted; the message names the field and the remedy
    │   └── NameTaken     an object of that name exists and is not ours
    ├── Unavailable       the other side did not answer or answered that it cannot; nothing is known
    ├── Conflict          somebody else wrote first; observe again
    ├── NotFound          the named thing does not exist
    └── Refused           the other side knows us and says no (identity, permission)
"""


class ShadowliftError(Exception):
    """Root of the tree; never raised itself."""


class InvalidInput(ShadowliftError):
    """What somebody wrote cannot be accepted; the message names the field and the remedy."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class NameTaken(InvalidInput):
    """An object of that name exists and was not made for this ModelDeployment."""


class Unavailable(ShadowliftError):
    """The other side did not answer, or says that it cannot now; nothing is known, try again."""


class Conflict(ShadowliftError):
    """Somebody else wrote first; observe again and decide anew."""


class NotFound(ShadowliftError):
    """The named thing does not exist."""


class Refused(ShadowliftError):
    """The other side knows who asks and says no."""
