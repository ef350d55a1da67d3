"""The shop's case as every service of it reads it: what is known of a visit, the offers, a model's arithmetic, the shoppers."""
