"""The tumour-triage case as every service of the story reads it: its features, its two halves, a linear model's arithmetic."""
