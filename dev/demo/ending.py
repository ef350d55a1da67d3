"""The last page of the demo: what was found, where to look next, how to clean up, how long it took."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dev.demo import figures, resources
from dev.demo.feed import View
from dev.demo.figures import differences


@dataclass(frozen=True)
class Facts:
    """What the page tells: the last pictures, the table of `kubectl get`, stages in seconds, whose cluster it was."""

    views: Iterable[View]
    table: Sequence[Sequence[str]]
    times: Sequence[tuple[str, float]]
    local: bool


def page(facts: Facts) -> str:
    """All of it as plain text."""
    times = [*([name, f"{seconds:.1f} s"] for name, seconds in facts.times), total(facts.times)]
    parts = [
        "$ kubectl -n clinic get modeldeployments\n" + columns(facts.table),
        *(found(view) for view in facts.views),
        look_next(resources.NAMESPACE, resources.BETTER),
        clean_up(resources.NAMESPACE, facts.local),
        "How long it took\n" + columns(times),
    ]
    return "\n\n".join(parts)


def found(view: View) -> str:
    """The evidence of one ModelDeployment, from its status."""
    if view.status is None or view.status.trial is None:
        return f"{view.name}: no trial"
    seen, serving = view.status.trial.evidence, view.status.serving
    better, harm = figures.evidence(seen.e_value), figures.evidence(seen.harm_e_value)
    lines = [
        f"{view.name}: {view.phase}. Served by {serving.name} since {serving.since}" if serving else view.name,
        f"  {figures.count(seen.n)} cases counted: {differences(seen, 'the candidate')}",
        f"  lift {figures.points(seen.estimate)} (from {figures.points(seen.lower)} to {figures.points(seen.upper)})",
        f"  evidence that it is better: {better} (promoted at {figures.evidence(seen.bar)})",
        f"  evidence that it does harm: {harm} (rejected at {figures.evidence(seen.harm_bar)})",
    ]
    lines += [f"  {entry.at}  {entry.kind} {entry.reason}: {entry.message}" for entry in view.status.history]
    return "\n".join(lines)


def look_next(namespace: str, name: str) -> str:
    """What a person may ask the cluster now."""
    return f"""Where to look next (a shell with kubectl: make cluster-shell)
  all of them                    kubectl -n {namespace} get modeldeployments
  the whole evidence, and why    kubectl -n {namespace} get modeldeployment {name} -o yaml
  the decisions, unchangeable    kubectl -n {namespace} get controllerrevisions -l shadowlift.dev/component=record
  a decision, reached again      docs/how-to/plan-a-trial.md, 4. Afterwards
  what happened, in words        kubectl -n {namespace} get events --field-selector involvedObject.kind=ModelDeployment
  roll back, and keep it so      kubectl -n {namespace} patch modeldeployment {name} \\
                                   --type merge -p '{{"spec":{{"serve":"Current"}}}}'"""


def clean_up(namespace: str, local: bool) -> str:
    """How to get rid of it all, on the local cluster or on somebody's own."""
    if not local:
        return (
            f"To clean up: kubectl delete namespace {namespace}, then python -m dev.install uninstall "
            "(the CRD with all ModelDeployments, the ledger and their namespaces stay)"
        )
    return "To clean up: make cluster-down (the whole cluster goes; nothing else was touched)"


def total(times: Sequence[tuple[str, float]]) -> list[str]:
    """The last line of the times."""
    return ["in all", f"{sum(seconds for _, seconds in times):.1f} s"]


def columns(table: Sequence[Sequence[str]]) -> str:
    """Rows with their columns below each other."""
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    rows = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table)
    return "\n".join(f"  {row}" for row in rows)
