"""Statistics of promotion: integer counters in, evidence and a decision out; safe to look at any time.

Called by whoever has to decide from counters whether a candidate is better than what is in place. Pure functions of counters and
of a test that was frozen before the first counted observation: no clock, no chance, no I/O, standard library only.

    counts.py     the sufficient statistics: what is counted, added up and stored
    bets.py       the fixed grid of bets, chosen before the data
    wealth.py     the one primitive: a mixture of betting wealths, its e-value and its confidence bound
    paired.py     two predictions on the same unit, right or wrong: counts -> wealth
    forecast.py   how many more observations until the bar
    verdict.py    the frozen test, the rule, and the evidence that travels with the decision

A further objective (two-sample proportion, bounded loss) brings its own counts, and one module like `paired.py` that turns them
into `Wealth`; bets, wealth and forecast carry over.

References, cited by name in the modules:
    Ville             J. Ville (1939), Étude critique de la notion de collectif: P(ever E >= 1/alpha) <= alpha for a nonnegative
                      supermartingale E that starts at 1.
    Betting           I. Waudby-Smith, A. Ramdas (2024), Estimating means of bounded random variables by betting, JRSS-B 86.
    Weak null         Y. J. Choe, A. Ramdas (2024), Comparing sequential forecasters, Operations Research, 10.1287/opre.2021.0792:
                      the null "average effect so far <= reference", which allows drift.
    Wald              A. Wald (1945), Sequential tests of statistical hypotheses, Ann. Math. Statist. 16: expected sample size
                      is about bar / drift of the log wealth.
"""
