#!/usr/bin/python3
"""Runs what image.py made: image-run.py IMAGE.json [NAME=VALUE...].

As the image's user, in its root, with its environment and the given one, in a network namespace
that has nothing but a loopback interface. The process is replaced, so its id stays the same.
"""
import fcntl
import json
import os
import socket
import struct
import sys

SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def main(words):
    with open(words[0], encoding="utf-8") as file:
        image = json.load(file)
    # unshare(1) made the namespace; its loopback interface is still down.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
    os.execvp("chroot", [
        "chroot", f"--userspec={image['user']}", image["root"],
        "env", "-i", f"--chdir={image['workdir']}", "PATH=/usr/bin:/bin",
        *[f"{k}={v}" for k, v in image["environment"].items()], *words[1:], *image["command"]])


if __name__ == "__main__":
    main(sys.argv[1:])
