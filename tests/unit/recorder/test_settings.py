"""The recorder's environment."""

import pytest

from shadowlift.errors import InvalidInput
from shadowlift.recorder.settings import Rules, read_settings

LEAST = {"SHADOWLIFT_OPERATOR_ACCOUNT": "system:serviceaccount:s:o", "KUBERNETES_SERVICE_HOST": "10.0.0.1"}


def test_defaults() -> None:
    """In a pod, only the operator's account must be said."""
    settings = read_settings(LEAST)
    assert settings.database_url == "sqlite:////var/lib/shadowlift/ledger.db"
    assert (settings.host, settings.port, settings.api_server) == ("0.0.0.0", 8080, "https://10.0.0.1:443")
    assert settings.rules == Rules()


def test_everything_can_be_said() -> None:
    """Durations as in the resource."""
    said = {
        "SHADOWLIFT_RETENTION": "7d",
        "SHADOWLIFT_GRACE": "500ms",
        "SHADOWLIFT_SILENT_AFTER": "1m30s",
        "SHADOWLIFT_PENDING_QUOTA": "7",
        "SHADOWLIFT_LISTEN": "[::]:9000",
        "KUBERNETES_SERVICE_HOST": "fd00::1",
        "KUBERNETES_SERVICE_PORT": "6443",
    }
    settings = read_settings(LEAST | said)
    assert settings.rules == Rules(7 * 86_400_000_000, 500_000, 90_000_000, 7)
    assert (settings.host, settings.port, settings.api_server) == ("::", 9000, "https://[fd00::1]:6443")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SHADOWLIFT_OPERATOR_ACCOUNT", ""),
        ("SHADOWLIFT_DATABASE_URL", "postgresql://user:secret@host/db"),
        ("SHADOWLIFT_DATABASE_URL", "sqlite://"),
        ("SHADOWLIFT_DATABASE_URL", "sqlite:///relative.db"),
        ("SHADOWLIFT_LISTEN", "8080"),
        ("SHADOWLIFT_LISTEN", "0.0.0.0:http"),
        ("SHADOWLIFT_LISTEN", "0.0.0.0:70000"),
        ("SHADOWLIFT_RETENTION", "30"),
        ("SHADOWLIFT_GRACE", "0s"),
        ("SHADOWLIFT_SILENT_AFTER", "-1s"),
        ("SHADOWLIFT_PENDING_QUOTA", "many"),
        ("SHADOWLIFT_PENDING_QUOTA", "0"),
        ("SHADOWLIFT_KUBERNETES_URL", "10.0.0.1:443"),
        ("KUBERNETES_SERVICE_HOST", ""),
    ],
)
def test_mistakes_name_their_variable(name: str, text: str) -> None:
    """And never show what may be a secret."""
    with pytest.raises(InvalidInput) as error:
        read_settings(LEAST | {name: text})
    assert error.value.field == name
    assert "secret" not in str(error.value)
