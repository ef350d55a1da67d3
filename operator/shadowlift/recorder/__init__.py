"""The recorder: one program that authenticates, stores, joins and counts what shippers and outcome senders post.

Started by `python3 -m shadowlift recorder` (`run`). Routers' shippers post batches, the owners of the truth post
outcomes, the operator registers trials and reads counters. Bad news is an answer (4xx, 503), never a silent loss: 202
means durable.

From the door inwards: `http` (routes) > `identity`, `access` (who asks, who may) > `ledger` (one writer, many readers)
> `trials`, `booking`, `outcomes`, `closing`, `upkeep` (what one transaction does) > `fold`, `watermark`, `values` (pure
rules) > `schema`.
"""
