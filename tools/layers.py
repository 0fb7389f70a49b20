#!/usr/bin/env python3
"""Checks the written layers (layers.txt) against the sources.

Each `#include "x/y.h"` in lib/ and src/ must be allowed by the line of the including module; y.h must be x's public
header (x/x.h) unless the two share a folder. In lib/ nothing may do I/O, read a clock or use floating point.
Prints one line per breach, exits 1 when there is one."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RULES = ROOT / 'tools' / 'layers.txt'

CALLS = '''
fopen fdopen freopen fclose fread fwrite fgets fputs fputc fgetc getc putc getline fprintf vfprintf printf vprintf
dprintf vdprintf puts putchar perror scanf fscanf fflush remove rename tmpfile popen system
open openat creat close read write pread pwrite readv writev lseek ftruncate fsync stat fstat lstat opendir readdir mmap
socket connect bind listen accept send recv sendto recvfrom poll select epoll_wait pipe dup dup2 ioctl fcntl
time clock clock_gettime gettimeofday localtime localtime_r gmtime gmtime_r mktime timegm strftime strptime
rand random srand srandom drand48 getrandom arc4random randombytes_buf randombytes_uniform
getenv secure_getenv setenv fork execve signal sigaction exit _exit atof strtod strtof
'''.split()
WORDS = 'FILE stdin stdout stderr float double'.split()
FORBIDDEN = re.compile(r'\b(?:(%s)\s*\(|(%s)\b)' % ('|'.join(CALLS), '|'.join(WORDS)))
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)
NOISE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def read_rules():
    parts, allow, part, problems = {'lib': {}, 'src': {}}, set(), None, []
    for number, line in enumerate(RULES.read_text().splitlines(), 1):
        line = line.split('#')[0].strip()
        if not line:
            continue
        if line.startswith('['):
            part = line.strip('[]')
            continue
        name, _, rest = line.partition(':')
        if part == 'allow':
            allow.update((name.strip(), word) for word in rest.split())
            continue
        known = set(parts[part]) | ({'lib'} if part == 'src' else set())
        for used in rest.split():
            if used not in known:
                problems.append(f'tools/layers.txt:{number}: {name} names {used}, which is not above it')
        parts[part][name.strip()] = set(rest.split())
    return parts, allow, problems


def without_noise(text):
    """Comments and literals become blanks; lines keep their numbers."""
    return NOISE.sub(lambda m: re.sub(r'[^\n]', ' ', m.group()), text)


def check_includes(parts, part, module, path, text):
    # includes are literals too, so only comments are taken out here
    text = re.sub(r'/\*.*?\*/', lambda m: re.sub(r'[^\n]', ' ', m.group()), text, flags=re.S)
    for found in INCLUDE.finditer(text):
        where = f'{path}:{text.count(chr(10), 0, found.start()) + 1}'
        target, slash, rest = found.group(1).partition('/')
        if not slash:
            yield f'{where}: "{target}" is not written as "module/file.h"'
            continue
        if target == module:
            continue
        in_lib = target in parts['lib']
        if not in_lib and target not in parts['src']:
            yield f'{where}: {target} is not a module of tools/layers.txt'
        elif target not in parts[part][module] and not (part == 'src' and in_lib and 'lib' in parts[part][module]):
            yield f'{where}: {module} may not include {target}'
        elif rest != target + '.h':
            yield f'{where}: {found.group(1)} is private to {target}; its public header is {target}/{target}.h'


def check_words(path, text, allow):
    text = without_noise(text)
    for found in FORBIDDEN.finditer(text):
        word = found.group(1) or found.group(2)
        if (path, word) not in allow:
            yield f'{path}:{text.count(chr(10), 0, found.start()) + 1}: lib may not use {word}'


def main():
    parts, allow, problems = read_rules()
    files = 0
    for part in ('lib', 'src'):
        for file in sorted((ROOT / part).rglob('*.[chd]*')):
            if file.suffix not in ('.c', '.h', '.def'):
                continue
            path = str(file.relative_to(ROOT))
            module = file.relative_to(ROOT / part).parts[0]
            files += 1
            if module not in parts[part]:
                problems.append(f'{path}: {module} is not a module of tools/layers.txt')
                continue
            text = file.read_text()
            problems += check_includes(parts, part, module, path, text)
            if part == 'lib':
                problems += check_words(path, text, allow)
    for problem in problems:
        print(problem)
    print(f'layers: {files} files, {len(problems)} breaches')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
