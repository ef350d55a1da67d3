"""Traffic for the demo and the end-to-end tests: clients that ask, and a hospital system that later knows the truth.

`dev.demo` and `tests/e2e` start these as pods on any cluster and read them through the API server. The files:

    rows         the recorded cases that are asked          outcomes    pod: sends what turned out to be true
    tally        what became of each request                delivery    one batch to the recorder, until it is accepted
    visitors     users who come back; what an answer earns  manifests   the pods as plain data
    load         the open loop that sends, never twice      stand       starts the pods, reads their reports
    direct       are live answers byte for byte current's?  audit       is every accepted outcome in the ledger?
    handover     answered cases, to the outcome sender      cluster_api the API server, for tools and tests
    driver       pod: the clients

What runs in pods (the left column, `outcomes`, `delivery`) needs nothing but aiohttp and is mounted from a ConfigMap.
"""
