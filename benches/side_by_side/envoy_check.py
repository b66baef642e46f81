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
