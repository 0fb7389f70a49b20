#!/usr/bin/env python3
"""A file as C: `embed.py NAME FILE OUT.c` defines `const unsigned char NAME[]` and `const size_t NAME_size`."""
import pathlib
import sys

name, source, out = sys.argv[1:]
data = pathlib.Path(source).read_bytes()
rows = [', '.join(map(str, data[at:at + 24])) for at in range(0, len(data), 24)]
with open(out, 'w') as f:
    print(f'#include <stddef.h>\nextern const unsigned char {name}[];\nextern const size_t {name}_size;', file=f)
    print(f'const unsigned char {name}[] = {{\n' + ',\n'.join(rows) + ',\n0};', file=f)
    print(f'const size_t {name}_size = {len(data)};', file=f)
