"""Programs for a person at a terminal: files in, text, JSON and pictures out. They reach no cluster and change nothing.

simulate.py   before a trial: what it will want, and what the rule does with better, equal and worse candidates
replay.py     after a trial: the verdict of a decision record, reached again from the counts in it

files.py      from a file to the one object in it
question.py   from a ModelDeployment and what is assumed to the engine's question
report.py     what was found, as text or JSON
bar.py, chance.py, plots.py   how far it is, drawing lots, pictures
"""
