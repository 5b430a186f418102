"""Records of all sorts: nearly right ones, wrong ones, and noise."""

import struct

from hypothesis import strategies as st

from grpc_kafka.protocol import CALL_ID_LENGTH, Arity, FrameKind

type AnyHeaders = list[tuple[str, bytes | None]]

_LENGTHS = [0, 1, CALL_ID_LENGTH - 1, CALL_ID_LENGTH, CALL_ID_LENGTH + 1]
NAMES = [
    *(":version", ":frame", ":path", ":reply-to", ":arity", ":parts", ":to", ":source"),
    *(":sequence", ":credit", ":more", ":sizes", ":later", "grpc-timeout", "grpc-status"),
    *("grpc-message", "k", "K", "k-bin", "", "-bin", "ключ", "a b", ":", "traceparent"),
]
_NUMBERS = [b"%d" % number for number in (0, 1, 2, 16, 17, 2**31, 2**32, 2**53 + 1)]
_LARGE = [b"%d" % number for number in (2**63 - 1, 2**63, 10**18, 10**40)]
_ADDRESSES = [
    b"blue.tests.inbox/0/me",
    b"blue.tests.inbox/007/me",
    b"green.x.inbox/1/a",
    b"a/2147483647/b",
    b"a/2147483648/b",
    b"//",
    b"a/0/" + b"i" * 65,
    b"a" * 250 + b"/0/i",
]
_SIZES = [struct.pack(">I", 0), struct.pack(">2I", 1, 2), struct.pack(">I", 2**32 - 1), b"\0"]
VALUES = [
    *(kind.encode() for kind in FrameKind),
    *(arity.encode() for arity in Arity),
    *_NUMBERS, *_LARGE, *_ADDRESSES, *_SIZES,
    *(b"", b"-1", b"+1", b" 1", b"1_0", b"\xd9\xa1", b"\xff", "é".encode("latin-1"), b"/a.B/C"),
    *("ошибка".encode(), b"me", b"\xed\xa0\x80", b"\0"),
]  # fmt: skip

keys = st.one_of(
    st.binary(min_size=CALL_ID_LENGTH, max_size=CALL_ID_LENGTH),
    st.sampled_from([bytes(length) for length in _LENGTHS]),
    st.none(),
)
_raw = st.one_of(st.sampled_from(VALUES), st.binary(max_size=40), st.none())
_header = st.tuples(st.one_of(st.sampled_from(NAMES), st.text(max_size=5)), _raw)
_tail = st.lists(_header, max_size=8)
_some = st.sampled_from([b"me", b"/a.B/C", *_ADDRESSES[:3]])
_number = st.sampled_from([*_NUMBERS, *_LARGE])
# What the frames of each kind begin with, behind version and kind.
BEGINNINGS = {
    FrameKind.PART: (":source", ":sequence"),
    FrameKind.REQUEST: (":path", ":reply-to"),
    FrameKind.RESPONSE: (":to", "grpc-status"),
    FrameKind.RESPONSES: (":to",),
    FrameKind.CANCEL: (":to",),
    FrameKind.PING: (":to", ":reply-to"),
    FrameKind.ACCEPT: (":to", ":sequence", ":reply-to", ":credit"),
    FrameKind.HEADERS: (":to", ":sequence"),
    FrameKind.MESSAGE: (":to", ":sequence"),
    FrameKind.HALF_CLOSE: (":to", ":sequence", ":credit"),
    FrameKind.WINDOW: (":to", ":sequence", ":credit"),
    FrameKind.TRAILERS: (":to", ":sequence", ":source", "grpc-status"),
}
_ADDRESSED = st.sampled_from(_ADDRESSES[:3])
_STATUS = st.sampled_from([b"0", b"5", b"16", b"17"])


def _value_for(name: str) -> st.SearchStrategy[bytes | None]:
    fitting = {
        ":reply-to": _ADDRESSED,
        ":sequence": _number,
        ":credit": _number,
        "grpc-status": _STATUS,
    }.get(name, _some)
    # Mostly what fits, so that most records get past their first headers.
    return st.one_of(fitting, fitting, fitting, _raw)


@st.composite
def _nearly(draw: st.DrawFn) -> AnyHeaders:
    kind = draw(st.sampled_from(FrameKind))
    beginning = [(name, draw(_value_for(name))) for name in BEGINNINGS[kind]]
    return [(":version", b"1"), (":frame", kind.encode()), *beginning, *draw(_tail)]


headers: st.SearchStrategy[AnyHeaders | None] = st.one_of(
    _nearly(), _nearly(), _nearly(), _tail, st.none()
)
_answers = st.lists(st.binary(max_size=9), max_size=4).map(
    lambda messages: b"".join(
        bytes(CALL_ID_LENGTH) + struct.pack(">I", len(message)) + message for message in messages
    )
)
values = st.one_of(st.none(), st.binary(max_size=50), st.just(bytes(20_000)), _answers)
