"""A collector of traces, as OTLP has it over HTTP: on loopback, and in this process."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, slots=True)
class Collected:
    """A span as it arrived.

    Attributes:
        process: which one made it; each has a name of its own.
        parent: empty for the first of a trace.
    """

    process: str
    name: str
    id: bytes
    parent: bytes


@dataclass(slots=True)
class Collector:
    """What arrived.

    Attributes:
        bodies: byte by byte.
    """

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)

    def trace(self, request_id: UUID) -> list[Collected]:
        """Return what belongs to a request."""
        found: list[Collected] = []
        for body in tuple(self.bodies):
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                facts = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
                found += [
                    Collected(facts["service.instance.id"], s.name, s.span_id, s.parent_span_id)
                    for scope in resource.scope_spans
                    for s in scope.spans
                    if s.trace_id == request_id.bytes
                ]
        return found


def to(url: str, **more: str) -> dict[str, str]:
    """Return the settings of a gateway that sends its traces there."""
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": url, "OTEL_BSP_SCHEDULE_DELAY": "100", **more}


@contextmanager
def collecting() -> Iterator[Collector]:
    """Collect for as long as the block lasts."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/v1/traces":
                collector.bodies.append(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            collector.url = f"http://127.0.0.1:{server.server_address[1]}"
            yield collector
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def hanging() -> Iterator[str]:
    """Take connections, and never say anything; yield the address."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/token-in-the-path"
