"""The life of a ModelDeployment: which phase may follow which. The diagram in the docs is generated from this table."""

from shadowlift.api.status import Phase

# Every phase may be paused, and a paused one resumes where its records say. A new trial starts over from any end.
EDGES: dict[Phase, frozenset[Phase]] = {
    Phase.PENDING: frozenset(
        {Phase.SHADOWING, Phase.CANARY, Phase.EXPIRED, Phase.PROMOTED, Phase.REJECTED, Phase.PAUSED}
    ),
    Phase.SHADOWING: frozenset(
        {Phase.PENDING, Phase.CANARY, Phase.PROMOTED, Phase.REJECTED, Phase.EXPIRED, Phase.PAUSED}
    ),
    Phase.CANARY: frozenset({Phase.PENDING, Phase.PROMOTED, Phase.REJECTED, Phase.EXPIRED, Phase.PAUSED}),
    Phase.PROMOTED: frozenset({Phase.PENDING, Phase.REJECTED, Phase.PAUSED}),
    Phase.REJECTED: frozenset({Phase.PENDING, Phase.PROMOTED, Phase.PAUSED}),
    Phase.EXPIRED: frozenset({Phase.PENDING, Phase.PROMOTED, Phase.PAUSED}),
    Phase.PAUSED: frozenset(Phase) - {Phase.PAUSED},
}


def mermaid() -> str:
    """The life cycle as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> Pending"]
    lines += [
        f"    {phase.value} --> {after.value}"
        for phase, followers in EDGES.items()
        for after in sorted(followers)
        if Phase.PAUSED not in (phase, after)
    ]
    return "\n".join(lines)
