"""Gives a certificate a common name that no tool would put there, and signs it again.

    rename.py CERT CA-KEY HEX[*COUNT] [TAG]     CERT is replaced; TAG 0c is UTF8String, 1e BMPString

The name stands in the subject alone. What else is in the certificate stays as it is, byte for byte.
"""
import base64
import subprocess
import sys


def read(data):
    """(tag, content, rest) of the DER value that `data` begins with."""
    length, at = data[1], 2
    if length & 0x80:
        at += length & 0x7f
        length = int.from_bytes(data[2:at], 'big')
    return data[0], data[at:at + length], data[at + length:]


def write(tag, content):
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, 'big')
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def parts(content):
    while content:
        tag, value, content = read(content)
        yield tag, value


def name_of(common_name, tag):
    attribute = write(0x06, bytes([0x55, 4, 3])) + write(tag, common_name)
    return write(0x31, write(0x30, attribute))


def main(path, key, common_name, tag='0c'):
    digits, _, count = common_name.partition('*')
    lines = open(path).read().splitlines()
    der = base64.b64decode(''.join(line for line in lines if '-----' not in line))
    tbs, algorithm, _ = parts(read(der)[1])
    members = list(parts(tbs[1]))
    # [0] version, serial, algorithm, issuer, validity, subject, ...
    members[5] = (members[5][0], name_of(bytes.fromhex(digits) * int(count or 1), int(tag, 16)))
    signed = write(0x30, b''.join(write(*member) for member in members))
    signature = subprocess.run(['openssl', 'dgst', '-sha256', '-sign', key], input=signed,
                               stdout=subprocess.PIPE, check=True).stdout
    made = write(0x30, signed + write(*algorithm) + write(0x03, b'\0' + signature))
    text = base64.encodebytes(made).decode()
    with open(path, 'w') as file:
        file.write(f'-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n')


main(*sys.argv[1:])
