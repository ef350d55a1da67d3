"""Names and uids by content: the same wish always gives the same name, so that a crash can never make a second object.

Called by `rollout` and the builders. A workload is named by what it runs, a trial by everything that is frozen in it.
"""

import hashlib
import json
from typing import Any

from shadowlift.api.spec import Bento, Current, Spec


def digest(value: Any, length: int = 10) -> str:
    """First `length` hex digits of the SHA-256 of the canonical JSON of `value`."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def _plain(model: Any) -> Any:
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def bento_content(bento: Bento) -> dict[str, Any]:
    """What a bento *is*: everything but how many of it run."""
    content: dict[str, Any] = _plain(bento)
    content.pop("replicas", None)
    return content


def workload_name(owner: str, bento: Bento) -> str:
    """Name of the Deployment and Service that run this content for this ModelDeployment."""
    return f"{owner}-{digest(bento_content(bento))}"


def current_identity(current: Current) -> str:
    """What `spec.current` is: a change of it supersedes a promotion and starts a new trial."""
    if current.bento is not None:
        return f"bento/{digest(bento_content(current.bento))}/{current.revision}"
    if current.service is None:  # refused by the schema; an empty identity matches nothing
        return ""
    return f"service/{current.service.name}:{current.service.port}/{current.revision}"


def bento_identity(bento: Bento) -> str:
    """Identity of a promoted candidate, as what serves."""
    return f"bento/{digest(bento_content(bento))}/"


def frozen_hash(spec: Spec) -> str:
    """Hash of the fields that may not change within a trial."""
    candidates = [{"name": c.name, "bento": bento_content(c.bento)} for c in spec.candidates]
    frozen = {
        "candidates": candidates,
        "current": current_identity(spec.current),
        "currentPrediction": _plain(spec.current.prediction) if spec.current.prediction else None,
        "prediction": _plain(spec.prediction) if spec.prediction else None,
        "unit": _plain(spec.unit) if spec.unit else None,
        "objective": _plain(spec.objective),
        "strategy": _plain(spec.strategy),
        **({"guardrails": [_plain(guardrail) for guardrail in spec.guardrails]} if spec.guardrails else {}),
        "answerWithin": spec.answer_within,
        "deadline": spec.deadline,
        "trial": spec.trial,
    }
    return digest(frozen, 16)


def trial_uid(resource_uid: str, frozen: str, images: dict[str, str], attempt: int, against: str) -> str:
    """Uid of a trial: a hash, so that deciding twice is deciding once."""
    return digest([resource_uid, frozen, images, attempt, against], 12)


def trial_salt(resource_uid: str, uid: str) -> str:
    """Salt (hex) under which units are hashed in this trial; differs between trials so that no unit is recognised."""
    return hashlib.sha256(f"{resource_uid}/{uid}/units".encode()).hexdigest()[:32]
