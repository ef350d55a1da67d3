"""The demo: one story on a real cluster, told on one live screen; `make demo` runs it once everything is installed.

    story      the chapters: what is done, awaited, said         feed     the cluster -> one frozen View
    resources  the ModelDeployments that a person would write    screen   a View -> the live screen
    proof      did live traffic move? asks the candidate's pods  plain    a View -> one line, without a terminal
    ending     what was found, where to look, how to clean up    figures  numbers as people read them
    stages     how long each stage of `make demo` took

It exits 0 only if what it tells is true: see `proof`.
"""
