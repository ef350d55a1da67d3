"""What users and programs say to each other: the resource, its status, decision records, and the ledger's wire format.

Imported by every other room; imports nothing of theirs. Pydantic models at the edge, plain values inside.
"""
