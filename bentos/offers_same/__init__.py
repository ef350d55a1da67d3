"""The A/A candidate: the very rules of the process in place as a bento. It can neither win nor lose."""
