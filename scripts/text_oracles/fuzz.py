"""Random expressions over random contents, the same ones every time."""

import random

PIECES = [
    "", " ", "\n", "a", "Bc", "你好", "😀", "</think>", "<think>", "\t", "x,y", "  z  ", "é", "<|im_end|>", '"q"', "\u3000",
    "1", "-2.5", "ß", "ŉ", "İ", "a.b", "\r\n", "\x85", "\x1c", "'", "\\", "%", "{}", "Ǆ",
]  # fmt: skip

STEPS = [
    ".strip()", ".lstrip('\\n ')", ".rstrip('a')", " | trim", ".split('</think>')[-1]", ".split(',')[0]", "[1:]", "[:-1]",
    "[::-1]", ".replace('a', 'XY')", " + '!'", " | upper", ".split() | join('-')", " | tojson", " ~ 'e'",
    ".splitlines() | join('/')", " | indent(3)", ".title()", " | replace('z', '')", " | first", "[0:3]", " | string",
    ".partition(',')[2]", " | truncate(9, true)", " | lower", ".capitalize()", " | title", ".swapcase()", " | list",
    " | length", " | wordcount", ".isalpha()", ".isdigit()", ".isspace()", ".islower()", ".isupper()", " | int", " | float",
    " | list | tojson", " | list | join('|')", ".count('a')", ".find('b')", ".center(12, '*')", ".zfill(7)",
    ".ljust(6, '.')", " | default('d', true)", " is string", " | sort | join", " | unique | join", " | batch(2) | list",
    " * 2", "[-2]", "[2:0:-1]", "[5:]", "[-3:]", " | last", " | trim('a ')", ".rsplit('a', 1)", ".split(none, 1)",
    " | select('ne', 'a') | list", " | map('upper') | join", " | capitalize", " | center(20)", ".startswith('a')",
    ".endswith(' ')", " in 'abc'", " == 'a'", " < 'b'", ".removeprefix('a')", ".splitlines(true)",
    " | string | tojson(indent=1)", " | list | tojson(ensure_ascii=true)", " | dictsort", ".get('x')", " | items | list",
]  # fmt: skip


def expressions(count):
    rng = random.Random(20240704)
    for _ in range(count):
        content = "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 5)))
        source = "x"
        for _ in range(rng.randint(1, 4)):
            source = f"({source}{rng.choice(STEPS)})"
        yield "[{{ " + source + " }}]", content


def floats():
    """Numbers of every size, halves and other hard cases for printing and rounding."""
    rng = random.Random(7)
    yield from [0.0, -0.0, 0.5, 1.5, 2.5, -2.5, 0.125, 0.375, 1.005, 2.675, 1e15, 1e16, 1e17, 123456789012345.6, 1e21, 1e22]
    yield from [1e-4, 1e-5, 0.00012345, 5e-324, 1.7976931348623157e308, 0.1, 1 / 3, 2**53 + 2.0, 99.995, 0.045, 1e100, 9.5, 10.5]
    for _ in range(150):
        yield rng.choice([-1, 1]) * rng.random() * 10 ** rng.randint(-12, 20)
    for _ in range(60):
        yield rng.randint(-(10**6), 10**6) / 2 ** rng.randint(0, 8)
