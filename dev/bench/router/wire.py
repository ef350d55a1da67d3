"""What goes over the wire: the requests that `load` sends, and the answers that `upstream` gives."""

import json

CURRENT, CANDIDATE = "benign", "malign"
"""What each process predicts, always."""

UNIT_HEADER = "x-user-id"
PREDICTION_HEADER = "x-prediction"
PREDICTION_FIELD = "diagnosis"

ANSWER_BYTES = 293
_TEXT = "what a small model says of its reasons, so that there is something to copy and to encode; "

BODY = b'{"age":54,"lesion":"x","features":[1,2,3,4,5,6,7,8,9,10,11]}'
UNITS = 4096

OK = b"HTTP/1.1 200 "


def _body(prediction: str) -> bytes:
    fields = {PREDICTION_FIELD: prediction, "score": 0.1234567, "reasons": ""}
    fields["reasons"] = (_TEXT * 4)[: ANSWER_BYTES - len(json.dumps(fields))]
    return json.dumps(fields).encode()


def answer(prediction: str) -> bytes:
    """A whole answer: a prediction in its JSON and in a header."""
    body = _body(prediction)
    head = f"content-type: application/json\r\n{PREDICTION_HEADER}: {prediction}\r\ncontent-length: {len(body)}\r\n\r\n"
    return OK + b"OK\r\n" + head.encode() + body


ANSWER_END = _body(CURRENT)[-24:]
BY_CANDIDATE = CANDIDATE.encode()


def _request(unit: int) -> bytes:
    head = (
        "POST /predict HTTP/1.1\r\n"
        "host: triage.clinic\r\n"
        "user-agent: bench\r\n"
        "authorization: Bearer a-token-of-a-client\r\n"
        "content-type: application/json\r\n"
        f"{UNIT_HEADER}: patient-{unit:06}\r\n"
        f"content-length: {len(BODY)}\r\n\r\n"
    )
    return head.encode() + BODY


REQUESTS = [_request(unit) for unit in range(UNITS)]
"""One for each unit."""
