"""The project's local Kubernetes cluster: one real node without Docker, in namespaces of its own.

Developers, the demo and the end-to-end tests call it as `python3 -m dev.cluster up|down|status|shell|exec|load|...`
from the repository's root. It turns three Go modules and a few Debian packages into a running cluster that the host
sees only as one process, one state folder and one loopback port. The files, in the order of a start:

    packages   Debian programs that must be there          toolchain, build   Go, and the binaries made with it
    state      the folder of one cluster, its lock         cgroups            its control groups
    pki        certificates and kubeconfigs                config, commands   what programs read, how they start
    lifecycle  up, down, status: the host's side           init               PID 1 inside: starts everything
    namespaces the kernel calls and the mounts             relay              a loopback port into the cluster
    volumes    PersistentVolumes that are given again      inside             exec and shell
    images     the pause image; loading archives           api                HTTPS to the API server

Standard library only, so that it runs before any environment of the project exists.
"""
