"""A name server in a process of its own, which nothing else slows down: every name has the same address.

    responder.py ADDRESS PORT"""
import socket
import sys


def reply_to(query):
    end = query.index(b"\0", 12) + 5
    return (query[:2] + b"\x84\0\0\1\0\1\0\0\0\0" + query[12:end] +
            b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton("198.18.9.1"))


def main():
    address, port = sys.argv[1:]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # beside one that serves all other addresses
        sock.bind((address, int(port)))
        while True:
            query, peer = sock.recvfrom(4096)
            sock.sendto(reply_to(query), peer)


if __name__ == "__main__":
    main()
