"""`python -m offers_pushy.train` fits the model on last season's orders alone, and writes model.json beside this file.

The story: somebody wanted larger orders and learnt what makes them large, from the orders. Those who were shown a bundle and
left are in no order, so the model never learns that they exist, and shows bundles to everybody. On orders it looks splendid.
"""

from pathlib import Path

from offers.training import orders, train

MODEL = Path(__file__).with_name("model.json")

if __name__ == "__main__":
    train(orders, MODEL)
