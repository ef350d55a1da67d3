"""Container images without Docker and without a registry: `python3 -m dev.images build` packs OCI archives.

`catalogue` says what the images are, `build` makes them: each step is an entry of `cache`, named by a hash of all that it
is made of. `debian` makes the root layer, `wheels` the dependency layers and environments, `bentos` trains and builds the
services, `packing` writes layers, `oci` archives. `bentoml containerize` and the Containerfile give the same where Docker is.
"""
