"""What nobody should send, for the walk over every call and for the benchmark of its slowest answer."""

from calls import ACCESS

BODIES = {
    "empty": b"",
    "not json": b"{",
    "bad utf-8": b'{"a": "\xff"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "duplicate key": b'{"a": 1, "a": 2}',
    "nan": b'{"a": NaN}',
    "infinite": b'{"a": 1e999}',
    "huge integer": b'{"a": ' + b"9" * 10_000 + b"}",
    "nul": b'{"a": "\\u0000"}',
    "lone surrogate": b'{"a": "\\ud800"}',
    "very deep": b'{"a": ' + b"[" * 100_000,
    "list": b"[]",
    "text": b'"a"',
    "too large": b'{"a": "' + b"x" * 300_000 + b'"}',
    "unknown field": b'{"is_superuser": true}',
}
QUERIES = [
    "page_size=0",
    "page_size=999999999999",
    "cursor=%00",
    "cursor=%FF%FE",
    # A position that the list is not ordered by: p=foo.
    "cursor=cD1mb28=",
    "status=%00",
    "status[]=1",
    "user=%27%20OR%201=1--",
    "from=9999-99-99",
    "search=" + "x" * 5000,
    "policy=%F0%9F%92%A3",
]
IDS = ["0", "null", "%00", "..%2f..%2fetc%2fpasswd", "9" * 400, "00000000-0000-0000-0000-000000000000", "%F0%9F%92%A3"]
HEADERS = [
    {"Accept": "text/html"},
    {"Accept": "a/b; x*=a; x*0=b"},
    {"Accept-Language": "x" * 2000},
    {"X-Correlation-ID": "\t{}"},
    {"X-Forwarded-For": "' OR 1=1 --, ::::"},
    {"Idempotency-Key": "\x01"},
    {"Content-Encoding": "gzip"},
]
TOKENS = ["", "x", "a.b.c", "e30.e30.e30", "\xff", "Bearer Bearer", "null", "eyJhbGciOiJub25lIn0.e30."]

API_CALLS = sorted(call for call in ACCESS if call not in ("GET docs/", "GET schema/"))
COLD_CATALOG = ("payment-methods/", "pse/institutions/")
"""Answer 503 until the worker has asked the provider for the first time."""
