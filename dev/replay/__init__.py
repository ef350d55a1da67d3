"""A year of real flights through the statistics, without a cluster: `python -m dev.replay CSV --out FOLDER`.

Run by whoever changes the statistics or writes about them; turns the rows of `python -m flights.replay` (in `bentos/`) into the
verdicts, the tables and the pictures of `docs/explanation/statistics.md`.

    flights.py    the CSV -> the flights of the traffic's days, in the order in which they count
    questions.py  what is asked of them: the objectives of two ModelDeployments
    trial.py      flights and a question -> the frozen test, the looks, the verdict, the months
    tables.py     trials -> Markdown
    plots.py      trials -> SVG
    scales.py     what rounding to the points of a scale costs: a measurement of its own
"""
