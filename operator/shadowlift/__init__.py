"""Shadowlift: shadow the simplest model on live traffic, promote it when its lift is proven."""
