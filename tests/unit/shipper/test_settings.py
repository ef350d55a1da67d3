"""A bad environment is refused with the variable's name."""

from pathlib import Path

import pytest

from shadowlift.errors import InvalidInput
from shadowlift.shipper.settings import read_settings

UID = {"SHADOWLIFT_POD_UID": "u"}


def test_defaults_are_the_pods() -> None:
    """Only the pod's uid has no default."""
    settings = read_settings(UID)
    assert (settings.host, settings.port) == ("0.0.0.0", 9902)
    assert settings.admin_socket == Path("/var/lib/shadowlift/spool/admin.sock")


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, "SHADOWLIFT_POD_UID"),
        ({**UID, "SHADOWLIFT_LISTEN": "9902"}, "SHADOWLIFT_LISTEN"),
        ({**UID, "SHADOWLIFT_LISTEN": "0.0.0.0:0"}, "SHADOWLIFT_LISTEN"),
        ({**UID, "SHADOWLIFT_LISTEN": "0.0.0.0:70000"}, "SHADOWLIFT_LISTEN"),
        ({**UID, "SHADOWLIFT_SPOOL_DIR": "spool"}, "SHADOWLIFT_SPOOL_DIR"),
        ({**UID, "SHADOWLIFT_CONFIG_DIR": "../config"}, "SHADOWLIFT_CONFIG_DIR"),
        ({**UID, "SHADOWLIFT_TOKEN_FILE": "token"}, "SHADOWLIFT_TOKEN_FILE"),
    ],
)
def test_bad_values_name_their_variable(environment: dict[str, str], name: str) -> None:
    """The person who set it knows where to look."""
    with pytest.raises(InvalidInput) as caught:
        read_settings(environment)
    assert caught.value.field == name
