"""The operator's environment: read once, every wrong value named."""

import pytest

from shadowlift.errors import InvalidInput
from shadowlift.resources.routers import RouterSettings
from shadowlift.rollout.observed import Prices
from shadowlift.settings import read_settings

GOOD = {
    "SHADOWLIFT_IMAGE": "shadowlift:1",
    "SHADOWLIFT_RECORDER_URL": "http://recorder.shadowlift-system:8080",
    "POD_NAME": "operator-0",
    "POD_NAMESPACE": "shadowlift-system",
}


def test_the_least_environment_gives_stated_defaults():
    """Four variables are needed; everything else has a default."""
    settings = read_settings(GOOD)
    assert settings.installation.routers == RouterSettings(
        image="shadowlift:1", pull_policy="IfNotPresent", spool_size="64Mi"
    )
    assert settings.pod_name == "operator-0"
    assert (settings.namespaces, settings.lease, settings.log_level) == ((), "shadowlift-operator", "INFO")
    assert (settings.evaluate_s, settings.listen, settings.workers) == (2.0, ("0.0.0.0", 9090), 4)
    assert str(settings.token_file) == "/var/run/secrets/shadowlift/token"


def test_every_variable_is_heard():
    """Each one changes exactly its setting."""
    settings = read_settings(
        {
            **GOOD,
            "SHADOWLIFT_IMAGE_PULL_POLICY": "Always",
            "SHADOWLIFT_TOKEN_FILE": "/token",
            "SHADOWLIFT_LEASE": "other",
            "SHADOWLIFT_NAMESPACES": "clinic, lab,",
            "SHADOWLIFT_ROUTER_SPOOL": "1Gi",
            "SHADOWLIFT_EVALUATE": "500ms",
            "SHADOWLIFT_LISTEN": "127.0.0.1:1234",
            "SHADOWLIFT_LOG_LEVEL": "DEBUG",
            "SHADOWLIFT_PRICE_CPU_HOUR": "0.031",
            "SHADOWLIFT_PRICE_MEMORY_HOUR": "0.004",
            "SHADOWLIFT_CURRENCY": "EUR",
        }
    )
    assert (settings.installation.routers.pull_policy, settings.installation.routers.spool_size) == ("Always", "1Gi")
    assert (str(settings.token_file), settings.lease) == ("/token", "other")
    assert (settings.namespaces, settings.evaluate_s) == (("clinic", "lab"), 0.5)
    assert (settings.listen, settings.log_level) == (("127.0.0.1", 1234), "DEBUG")
    assert settings.installation.prices == Prices(0.031, 0.004, "EUR")


@pytest.mark.parametrize(
    "nothing", [{}, {"SHADOWLIFT_PRICE_CPU_HOUR": "", "SHADOWLIFT_CURRENCY": "EUR"}, {"SHADOWLIFT_PRICE_CPU_HOUR": "0"}]
)
def test_without_a_price_there_are_none(nothing: dict[str, str]):
    """A currency alone is no price."""
    assert read_settings({**GOOD, **nothing}).installation.prices is None


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("how", ["absent", "empty"])
def test_what_must_be_set_is_named(name: str, how: str):
    """Absent and empty are the same mistake."""
    environment = {**GOOD, name: ""} if how == "empty" else {key: value for key, value in GOOD.items() if key != name}
    with pytest.raises(InvalidInput, match=f"^{name}: must be set in the environment"):
        read_settings(environment)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SHADOWLIFT_EVALUATE", "2"),
        ("SHADOWLIFT_EVALUATE", "soon"),
        ("SHADOWLIFT_LISTEN", "9090"),
        ("SHADOWLIFT_LISTEN", "host:"),
        ("SHADOWLIFT_LISTEN", "host:http"),
        ("SHADOWLIFT_LISTEN", ":9090"),
        ("SHADOWLIFT_LISTEN", "0.0.0.0:99999"),
        ("SHADOWLIFT_ROUTER_SPOOL", "64M"),
        ("SHADOWLIFT_ROUTER_SPOOL", "0Mi"),
        ("SHADOWLIFT_EVALUATE", "0s"),
        ("SHADOWLIFT_EVALUATE", "2h"),
        ("SHADOWLIFT_IMAGE_PULL_POLICY", "Sometimes"),
        ("SHADOWLIFT_PRICE_CPU_HOUR", "cheap"),
        ("SHADOWLIFT_PRICE_MEMORY_HOUR", "-1"),
        ("SHADOWLIFT_LOG_LEVEL", "LOUD"),
        ("SHADOWLIFT_NAMESPACES", "clinic lab"),
        ("SHADOWLIFT_NAMESPACES", "Clinic"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str):
    """The variable, and what it should look like."""
    with pytest.raises(InvalidInput, match=f"^{name}: .*(such as|one of|between|separate)"):
        read_settings({**GOOD, name: value})


def test_settings_do_not_change():
    """One frozen object for the life of the process."""
    with pytest.raises(AttributeError):
        read_settings(GOOD).lease = "other"  # type: ignore[misc]
