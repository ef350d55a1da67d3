"""`python -m offers_personal.train` fits the model on the log of last season, and writes model.json beside this file."""

from pathlib import Path

from offers.training import purchases, train

MODEL = Path(__file__).with_name("model.json")

if __name__ == "__main__":
    train(purchases, MODEL)
