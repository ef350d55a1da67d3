"""Installs the chart on the cluster of `$KUBECONFIG` (by default the local one) without a helm binary.

    python -m dev.install --image IMAGE [--namespace NS] [--set k=v]...    install, or upgrade what this has installed
    python -m dev.install uninstall [--purge]       remove it; with --purge also CRD, ledger, namespace

Called by developers, the demo and the end-to-end tests. `release` turns values into a Helm release, `readiness` waits
until what it holds is Ready and says what is in the way. Run with the project's environment (`make venv`).
"""
