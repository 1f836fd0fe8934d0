import hashlib

import numpy as np
import pytest

from nasutils.spaces.md5 import md5


# Around the lengths at which the padding needs another block.
@pytest.mark.parametrize("length", [0, 1, 55, 56, 63, 64, 119, 120, 252])
def test_agrees_with_hashlib(length):
    messages = np.random.default_rng(length).integers(256, size=(7, length), dtype=np.uint8)
    expected = [hashlib.md5(message.tobytes()).digest() for message in messages]
    assert [digest.tobytes() for digest in md5(messages)] == expected


def test_joins_parts_and_repeats_a_single_row():
    left = np.frombuffer(b"abcd", dtype=np.uint8).reshape(2, 2)
    bar = np.frombuffer(b"|", dtype=np.uint8)[None]
    expected = [hashlib.md5(text).digest() for text in (b"ab|ab", b"cd|cd")]
    assert [digest.tobytes() for digest in md5(left, bar, left)] == expected


def test_many_rows():
    numbers = [f"{i:05d}".encode() for i in range(3000)]
    messages = np.frombuffer(b"".join(numbers), dtype=np.uint8).reshape(-1, 5)
    expected = [hashlib.md5(number).digest() for number in numbers]
    assert [digest.tobytes() for digest in md5(messages)] == expected
