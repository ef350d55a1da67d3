"""`python -m flights_ridge.train` fits the model on the training days and writes model.json beside this file."""

from pathlib import Path

from flights.training import train
from flights.year import training

MODEL = Path(__file__).with_name("model.json")

if __name__ == "__main__":
    train(training(), MODEL)
