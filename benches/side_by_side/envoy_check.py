"""Envoy's question as bytes: a gRPC message with one CheckRequest (envoy.service.auth.v3), for
h2load to send over and over. The field numbers are those of Envoy's .proto files."""


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number: int, content) -> bytes:
    """A length-delimited field: text, bytes or a message."""
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def check_request(host: str, path: str, headers: dict) -> bytes:
    pairs = b"".join(field(3, field(1, name) + field(2, value)) for name, value in headers.items())
    http = (field(1, "1") + field(2, "GET") + pairs + field(4, path) + field(5, host)
            + field(6, "https") + field(10, "HTTP/1.1"))
    socket = field(2, "192.0.2.7") + varint(3 << 3) + varint(4711)
    peer = field(1, field(1, socket))
    attributes = field(1, peer) + field(4, field(2, http))
    return field(1, attributes)


def grpc_message(message: bytes) -> bytes:
    """Not compressed, with its length in front."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def fields(message: bytes):
    """Number and content of each field; a number's content is a number."""
    at = 0

    def number() -> int:
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        key = number()
        if key & 7 == 0:
            yield key >> 3, number()
        elif key & 7 == 2:
            size = number()
            yield key >> 3, message[at:at + size]
            at += size
        else:
            raise ValueError(f"a field of wire type {key & 7}")


def code_of(answer: bytes) -> int | None:
    """The status (google.rpc.Code) of a CheckResponse in its gRPC frame; None without one."""
    if len(answer) < 5 or len(answer) != 5 + int.from_bytes(answer[1:5], "big"):
        return None
    for name, content in fields(answer[5:]):
        if name == 1:
            return dict(fields(content)).get(1, 0)
    return 0
