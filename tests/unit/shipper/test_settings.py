"""A bad environment is refused with the variable's name."""

import subprocess
import sys
from pathlib import Path

import pytest

from shadowlift.api.capture import ADMIN_SOCKET
from shadowlift.errors import InvalidInput
from shadowlift.shipper.settings import read_settings

OPERATOR = str(Path(__file__).parents[3] / "operator")
UID = {"SHADOWLIFT_POD_UID": "u"}


def test_defaults_are_the_pods() -> None:
    """Only the pod's uid has no default."""
    settings = read_settings(UID)
    assert (settings.host, settings.port) == ("0.0.0.0", 9902)
    assert settings.admin_socket == Path("/var/lib/shadowlift/spool/admin.sock")
    assert settings.admin_socket.name == ADMIN_SOCKET


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


def test_the_hook_starts_with_the_standard_library_alone() -> None:
    """It must not need what a starving pod has no room for."""
    code = "import sys, shadowlift.shipper.drain, shadowlift.shipper.envoy; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": OPERATOR}, check=False).returncode == 0
