"""The somewhat better candidate still: gradient-boosted trees, one forest for the minutes, one for being late."""
