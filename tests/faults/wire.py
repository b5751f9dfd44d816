"""A wire to a server, which can be cut and tampered with."""

import contextlib
import socket
import struct
import threading

NONSENSE = b"<html>\x00\xff{{{ neither XML nor JSON, and no RESP"
RESET = struct.pack("ii", 1, 0)


def http(status: int, body: bytes, kind: str = "application/x-amz-json-1.0") -> bytes:
    head = f"HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Wire:
    """Passes everything on to a port of this machine, until it is told to do something else."""

    def __init__(self, port: int):
        self.target = port
        self.how = "pass"
        self.answer = b""
        self.open: set[socket.socket] = set()
        self.lock = threading.Lock()
        self.listener = None
        self.port = 0
        self.listen()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def listen(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(512)
        self.port = listener.getsockname()[1]
        self.listener = listener
        threading.Thread(target=self.accept, args=[listener], daemon=True).start()

    def turn(self, how: str, answer: bytes = b""):
        """`pass`, `down`, `reset`, `slow` (takes everything and says nothing) or `answer`. Connections end by it."""
        self.how, self.answer = how, answer
        if how == "down" and self.listener:
            self.close_listener()
        if how != "down" and not self.listener:
            self.listen()
        with self.lock:
            ends, self.open = self.open, set()
        for end in ends:
            self.cut(end)

    def close_listener(self):
        listener, self.listener = self.listener, None
        with contextlib.suppress(OSError):
            # It ends the accept that waits.
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()

    @staticmethod
    def cut(end: socket.socket):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()

    def accept(self, listener: socket.socket):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=[client], daemon=True).start()

    def serve(self, client: socket.socket):
        with self.lock:
            self.open.add(client)
        with contextlib.suppress(OSError):
            if self.how == "pass":
                self.forward(client)
            elif self.how == "reset":
                client.recv(65_536)
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                client.close()
            else:
                while client.recv(65_536):
                    if self.how == "answer":
                        client.sendall(self.answer)

    def forward(self, client: socket.socket):
        server = socket.create_connection(("127.0.0.1", self.target))
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.lock:
            self.open.add(server)
        threading.Thread(target=self.pump, args=[server, client], daemon=True).start()
        self.pump(client, server)

    def pump(self, source: socket.socket, sink: socket.socket):
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)
        for end in (source, sink):
            with self.lock:
                self.open.discard(end)
            self.cut(end)

    def stop(self):
        self.turn("down")
