"""The better model in a process that can be told to fail, for tests of what a failing candidate may not do to others."""
