"""The router's sidecar: reads the lines that Envoy leaves in the spool, extracts predictions, posts them to the recorder.

    run       starts all of this; two loops: watch (what Envoy and the ConfigMap say) and forward (rotate, read, post)
    spool     the files, their order and numbers, and what survives a kill at any moment
    extract   one line -> one row; pure
    account   how far everything has been sent, and how many lines never arrived; pure
    ship      one batch -> the recorder, until it says that it has it
    status    /ready /config /metrics of the router pod
    envoy, drain   the other two programs of the router pod: start Envoy; take it out of service without cutting a request

Only extracted values and hashed units leave the pod, never bodies.
"""
