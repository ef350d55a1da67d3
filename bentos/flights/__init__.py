"""The arrival-delay case as every service of it reads it: what is known at departure, the year's flights, two models' arithmetic."""
