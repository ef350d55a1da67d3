"""A process in place on loopback, and a client that keeps its connection. Used by the tests of all of them."""

import http.client
import threading
from contextlib import contextmanager


@contextmanager
def serving(server):
    """It answers until the end of the block."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
        server.server_close()


@contextmanager
def connected(server):
    """One connection to it."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=5)
    try:
        yield connection
    finally:
        connection.close()


def ask(connection, method, path, body=None):
    """Status and body of the answer."""
    connection.request(method, path, body)
    response = connection.getresponse()
    return response.status, response.read()
