"""Composition root: settings and clients in, a ready operator out. The only place that constructs everything."""

from dataclasses import dataclass

import aiohttp
from kubernetes.aio import client as api

from shadowlift.adapters.clock import SystemClock
from shadowlift.adapters.kubernetes import KubernetesCluster
from shadowlift.adapters.lease import Lease
from shadowlift.adapters.recorder import RecorderClient
from shadowlift.adapters.router_pods import RouterPodsClient
from shadowlift.adapters.token import TokenFile
from shadowlift.reconcile.apply import Applier
from shadowlift.reconcile.loops import Loops
from shadowlift.reconcile.memory import Memory
from shadowlift.reconcile.observe import Observer
from shadowlift.reconcile.queue import KeyedQueue
from shadowlift.reconcile.reconciler import Reconciler
from shadowlift.reconcile.store import Key, Store
from shadowlift.reconcile.tell import Teller
from shadowlift.settings import Settings
from shadowlift.telemetry.metrics import Metrics


@dataclass(frozen=True)
class App:
    """What the doors in `handlers` use."""

    settings: Settings
    store: Store
    queue: KeyedQueue[Key]
    loops: Loops
    lease: Lease
    metrics: Metrics
    cluster: KubernetesCluster


def build(settings: Settings, client: api.ApiClient, session: aiohttp.ClientSession) -> App:
    """Construct the operator."""
    metrics, clock, store, memory = Metrics(), SystemClock(), Store(), Memory()
    queue: KeyedQueue[Key] = KeyedQueue()
    cluster = KubernetesCluster(client, metrics)
    evidence = RecorderClient(session, settings.installation.recorder_url, TokenFile(settings.token_file))
    observer = Observer(store, memory, RouterPodsClient(session), clock)
    applier = Applier(cluster, evidence, store, memory, clock)
    reconciler = Reconciler(observer, applier, cluster, store, Teller(cluster, metrics))
    loops = Loops(queue, reconciler, settings.installation, evidence, memory, clock, metrics)
    lease = Lease(cluster, settings.pod_namespace, settings.lease, settings.pod_name)
    return App(settings, store, queue, loops, lease, metrics, cluster)
