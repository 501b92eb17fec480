"""A client in a process of its own, so that nothing else this one does shows in its times.

    asker.py ADDRESS PORT SECONDS INTERVAL_MS NAME [flood]

Asks for NAME, with "{}" replaced by a number that grows, waits for the answer, or as a flood for none, and rests for
INTERVAL_MS. Prints the milliseconds of each answer (null: none, or not NOERROR) and the number asked as JSON."""
import json
import socket
import struct
import sys
import time

PATIENCE = 5


def query(name, number):
    labels = name.format(number).strip(".").split(".")
    question = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0\0\1\0\1"
    return struct.pack("!6H", number & 0xFFFF, 0x0100, 1, 0, 0, 0) + question


def ask(sock, name, number):
    """Milliseconds until the answer, None without one."""
    wire = query(name, number)
    began = time.perf_counter()
    sock.send(wire)
    while True:
        try:
            reply = sock.recv(4096)
        except TimeoutError:
            return None
        if reply[:2] == wire[:2]:
            taken = (time.perf_counter() - began) * 1000
            return taken if reply[3] & 15 == 0 else None


def main():
    address, port, seconds, interval_ms, name = sys.argv[1:6]
    is_flood = sys.argv[6:] == ["flood"]
    times, end = [], time.monotonic() + float(seconds)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((address, int(port)))
        sock.settimeout(PATIENCE)
        number = 0
        while time.monotonic() < end:
            number += 1
            if is_flood:
                sock.send(query(name, number))
            else:
                times.append(ask(sock, name, number))
            time.sleep(float(interval_ms) / 1000)
    print(json.dumps({"asked": number, "times": times}))


if __name__ == "__main__":
    main()
