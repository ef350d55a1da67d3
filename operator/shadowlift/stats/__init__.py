"""Statistics of promotion: integer counters in, evidence and a decision out; safe to look at any time.

Called by whoever has to decide from counters whether a candidate is better than what is in place. Pure functions of counters and
of a test that was frozen before the first counted observation: no clock, no chance, no I/O, standard library only.

    counts.py     the sufficient statistics: what is counted, added up and stored
    bets.py       the fixed grid of bets, chosen before the data
    wealth.py     the one primitive: a mixture of betting wealths, its e-value and its confidence bound
    scales.py     the points at which continuous values are counted, and rounding to them without bias
    results.py    what one unit came to, between 0 and 1
    losses.py     how much less one of two predictions lost, and what is known of that without an outcome
    paired.py     two predictions on the same unit: counts -> wealth
    forecast.py   how many more observations until the bar
    deadline.py   one exact look at the end
    terms.py      the frozen test of a paired trial
    verdict.py    the rule, and the evidence that travels with the verdict
    combination.py   several tests, one verdict: guardrails, candidates that share a budget, whole cycles

Before a trial, when there are no counts yet:

    pairs.py      how pairs come out, imagined, with a lift that is known
    power.py      how probable a promotion is by the deadline
    plan.py       how many pairs it will want, and how many days those are
    simulate.py   the whole rule in many imagined trials

Units that were given to one of two arms, and one process on its own:

    arm_counts.py    what is counted there
    epochs.py        counts of equal weight together, and of unequal weight apart
    arms.py          the lift of a success rate or of a capped reward between arms: counts -> wealth
    arm_verdict.py   the rule for them, as verdict.py is for pairs
    cases.py         cases of either kind
    events.py        the ratio of rare events between arms: too many errors, or not many more
    threshold.py     a quantile as such events: the threshold beyond which an answer is slow
    rate.py          one rate against a fixed limit
    sample_ratio.py  whether units came to the arms as designed
    odds.py          what the tests of two numbers share

A further objective brings its own counts, and one module like `paired.py` or `arms.py` that turns them into `Wealth`; bets, wealth
and forecast carry over.

References, cited by name in the modules:
    Ville             J. Ville (1939), Étude critique de la notion de collectif: P(ever E >= 1/alpha) <= alpha for a nonnegative
                      supermartingale E that starts at 1.
    Betting           I. Waudby-Smith, A. Ramdas (2024), Estimating means of bounded random variables by betting, JRSS-B 86.
    Weak null         Y. J. Choe, A. Ramdas (2024), Comparing sequential forecasters, Operations Research, 10.1287/opre.2021.0792:
                      the null "average effect so far <= reference", which allows drift.
    Lindon and Malek  M. Lindon, A. Malek (2022), Anytime-valid inference for multinomial count data, NeurIPS, arXiv 2011.03567.
    Off-policy        I. Waudby-Smith, L. Wu, A. Ramdas, N. Karampatziakis, P. Mineiro, Anytime-valid off-policy inference for
                      contextual bandits, arXiv 2210.10768: the score of two arms, which `arms` weights by overlap.
    Wald              A. Wald (1945), Sequential tests of statistical hypotheses, Ann. Math. Statist. 16: expected sample size
                      is about bar / drift of the log wealth.
"""
