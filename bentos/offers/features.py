"""Training, services and the shoppers name with this what is known of a visit, and what can be shown.

What the visitor has bought in the end is in none of it: that depends on the offer, and comes later.
"""

NUMBERS = (
    "basket",  # currency units in the basket when the offer is to be shown
    "visits",  # earlier visits
)
NAMES = ("segment", "device")

FEATURES = NUMBERS + NAMES

SEGMENTS = ("student", "family", "business")
DEVICES = ("phone", "desktop")

OFFERS = ("free-shipping", "discount", "points", "bundle")
"""One of them is shown at each visit."""

CAP = 100
"""What one visitor spends, in currency units, is from 0 to this: the declared range of the reward."""
