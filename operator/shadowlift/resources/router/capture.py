"""What the router copies of an answer, and the line it writes: its fields are those of `api.capture.Line`."""

from shadowlift.api.capture import BODY_LIMIT, Track
from shadowlift.api.names import HEADER_ID
from shadowlift.resources.router.envoy import NAMESPACE, Json

# Labels on a copy: the shadow listener's route table is another file, which may be loaded at another moment.
HEADER_TRIAL = "x-shadowlift-trial"
HEADER_EPOCH = "x-shadowlift-epoch"
HEADER_CANDIDATE = "x-shadowlift-candidate"  # of several: whose copy it is; absent: the first's

# Reads chunks as they pass and never buffers the stream; the client gets each byte as it would without us.
LUA_SOURCE = f"""\
local LIMIT, NAMESPACE = {BODY_LIMIT}, "{NAMESPACE}"
function envoy_on_response(handle)
  local parts, count, total, cut = {{}}, 0, 0, false
  for chunk in handle:bodyChunks() do
    local length = chunk:length()
    if total + length > LIMIT then
      length, cut = LIMIT - total, true
    end
    if length > 0 then
      count = count + 1
      parts[count] = chunk:getBytes(0, length)
      total = total + length
    end
    if cut then break end
  end
  if total > 0 then
    local metadata = handle:streamInfo():dynamicMetadata()
    metadata:set(NAMESPACE, "body", handle:base64Escape(table.concat(parts)))
    if cut then metadata:set(NAMESPACE, "cut", true) end
  end
end
"""


def line_format(track: Track) -> Json:
    """Envoy's JSON log format of one track. Times in microseconds; what has no value is left out."""
    live = track is Track.LIVE
    return {
        "v": 1,
        "track": track.value,
        "id": f"%REQ({HEADER_ID})%",
        "t": "%START_TIME(%s%6f)%",
        "trial": f"%METADATA(ROUTE:{NAMESPACE}:trial)%" if live else f"%REQ({HEADER_TRIAL})%",
        "epoch": f"%METADATA(ROUTE:{NAMESPACE}:epoch)%" if live else f"%REQ({HEADER_EPOCH})%",
        "mirror": f"%METADATA(ROUTE:{NAMESPACE}:mirror)%",
        "unit": f"%DYNAMIC_METADATA({NAMESPACE}:unit)%",
        "key": f"%DYNAMIC_METADATA({NAMESPACE}:key)%",
        "code": "%RESPONSE_CODE%",
        "flags": "%RESPONSE_FLAGS%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "us": "%COMMON_DURATION(US_TX_BEG:US_RX_END:us)%",
        "us_all": "%COMMON_DURATION(DS_RX_BEG:US_RX_END:us)%",
        "candidate": "" if live else f"%REQ({HEADER_CANDIDATE})%",
        "split": f"%METADATA(ROUTE:{NAMESPACE}:split)%",
        "cluster": "%UPSTREAM_CLUSTER_RAW%",
        "answered": f"%METADATA(UPSTREAM_HOST:{NAMESPACE}:cluster)%",
        "tries": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
        "ctype": "%RESP(CONTENT-TYPE)%",
        "cenc": "%RESP(CONTENT-ENCODING)%",
        "pred": f"%DYNAMIC_METADATA({NAMESPACE}:pred)%",
        "cut": f"%DYNAMIC_METADATA({NAMESPACE}:cut)%",
        "body": f"%DYNAMIC_METADATA({NAMESPACE}:body)%",
    }
