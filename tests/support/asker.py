"""Asks one resolver very many questions, as fast as it answers: over UDP with a bounded number on the way, then over
TCP what was truncated or is to be asked so."""
import collections
import select
import socket
import struct
import time

WINDOW = 50          # questions on the way
SOCKETS = 4          # ports they leave from, so that all threads of a resolver get some
RESEND_SECONDS = 2.5
GIVE_UP_SECONDS = 12
TCP_BATCH = 20       # questions on one connection at a time
SERVFAIL = 2

Replies = collections.namedtuple("Replies", "udp tcp")  # lists of octets or None


def ask_all(address, port, queries, over_tcp, is_patient=False):
    """`queries`: wires whose id is their index. `over_tcp`: indices of those to be asked by TCP whatever UDP says. With
    patience, what failed is asked once more at the end: another resolver's weakness under load is no opinion."""
    udp = ask_over_udp(address, port, queries, range(len(queries)))
    if is_patient:
        failed = [i for i, reply in enumerate(udp) if reply is None or reply[3] & 15 == SERVFAIL]
        for index, reply in enumerate(ask_over_udp(address, port, queries, failed)):
            udp[index] = reply or udp[index]
    wanted = [i for i, reply in enumerate(udp) if i in over_tcp or (reply is not None and reply[2] & 2)]
    tcp = [None] * len(queries)
    for first in range(0, len(wanted), TCP_BATCH):
        batch = wanted[first:first + TCP_BATCH]
        for index, reply in ask_over_tcp(address, port, [queries[i] for i in batch]):
            tcp[index] = reply
    return Replies(udp, tcp)


def open_sockets(address, port):
    sockets = []
    for _ in range(SOCKETS):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        sock.setblocking(False)
        sock.connect((address, port))
        sockets.append(sock)
    return sockets


def receive(sockets, replies, waiting):
    for sock in select.select(sockets, [], [], 0.05)[0]:
        try:
            while True:
                reply = sock.recv(65535)
                index = struct.unpack_from("!H", reply)[0]
                if index in waiting and replies[index] is None:
                    replies[index] = reply
                    del waiting[index]
        except OSError:
            pass


def ask_over_udp(address, port, queries, indices):
    sockets = open_sockets(address, port)
    replies, waiting = [None] * len(queries), {}  # waiting: index -> first sent, last sent
    ahead = collections.deque(indices)
    while ahead or waiting:
        now = time.monotonic()
        while ahead and len(waiting) < WINDOW:
            index = ahead.popleft()
            send(sockets, queries, index)
            waiting[index] = (now, now)
        receive(sockets, replies, waiting)
        for index, (first, last) in list(waiting.items()):
            if now - first > GIVE_UP_SECONDS:
                del waiting[index]
            elif now - last > RESEND_SECONDS:
                send(sockets, queries, index)
                waiting[index] = (first, now)
    for sock in sockets:
        sock.close()
    return replies


def send(sockets, queries, index):
    try:
        sockets[index % SOCKETS].send(queries[index])
    except OSError:
        pass  # sent again later


def ask_over_tcp(address, port, queries):
    """Index and reply of those that were answered; all on one connection."""
    replies = []
    try:
        with socket.create_connection((address, port), GIVE_UP_SECONDS) as sock, sock.makefile("rb") as stream:
            sock.sendall(b"".join(struct.pack("!H", len(query)) + query for query in queries))
            for _ in queries:
                length = stream.read(2)
                if len(length) < 2:
                    break
                reply = stream.read(struct.unpack("!H", length)[0])
                replies.append((struct.unpack_from("!H", reply)[0], reply))
    except OSError:
        pass
    return replies
