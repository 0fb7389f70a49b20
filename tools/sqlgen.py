#!/usr/bin/env python3
"""Turns sql/query/*.sql into typed C functions and sql/schema/*.sql into strings.

    sqlgen.py --header queries.gen.h --source queries.gen.c FILE.sql...

A query file is a row of named blocks; src/store/sql.h says what one looks like and which function it becomes. What
this program checks is what a reader would otherwise have to: that every $n of a block is declared and every declared
one used, that `out:` counts as many columns as the statement gives (the unit test asks the engine about that), that
no two blocks share a name. `$1` is written `?1`: in SQLite a bare `$1` is a name, numbered by appearance. Beside it
stands the text for PostgreSQL (sqlpg.py).

A file in a folder called `schema` is a migration step; its name begins with its number."""

import argparse
import pathlib
import re
import sys

sys.dont_write_bytecode = True  # the build leaves the sources as they are
import sqlpg  # noqa: E402

C_TYPE = {'int': 'int64_t', 'text': 'struct bl_str', 'blob': 'struct bl_str'}
TAKES_MAX = 32  # SQL_TAKES_MAX in store/call.h
GIVES = ('none', 'one', 'many', 'each')
RESERVED = {'x', 'db', 'c', 'fn', 'arg', 'ret', 'row', 'list'} | set(
    'auto break case char const continue default do double else enum extern float for goto if inline int long '
    'register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while'
    .split())


class Wrong(Exception):
    pass


class Block:
    def __init__(self, where, name):
        self.where, self.name = where, name
        self.takes, self.out, self.gives, self.counts, self.across, self.sql = [], [], None, False, '', []

    def fail(self, text):
        raise Wrong(f'{self.where}: {self.name}: {text}')

    def fields(self, text, kind):
        fields = []
        for part in filter(None, (p.strip() for p in text.split(','))):
            words = part.split()
            if len(words) != 2 or words[1] not in C_TYPE or not re.fullmatch(r'[a-z][a-z0-9_]*', words[0]):
                self.fail(f'{kind}: "{part}" should read "name int", "name text" or "name blob"')
            name, of_type = words
            if kind == 'in' and (name in RESERVED or name.startswith('ret_')):
                self.fail(f'in: "{name}" is taken, choose another name')
            if name in RESERVED and kind == 'out' and name not in ('x', 'db', 'c', 'fn', 'arg', 'ret', 'row', 'list'):
                self.fail(f'out: "{name}" is a word of C, choose another name')
            if name in (f[0] for f in fields):
                self.fail(f'{kind}: "{name}" stands there twice')
            fields.append((name, of_type))
        return fields

    def finish(self):
        text = '\n'.join(self.sql).strip()
        if not text.endswith(';'):
            self.fail('a block ends with ";"')
        text = text[:-1].rstrip()
        if ';' in re.sub(r"'[^']*'", '', text):
            self.fail('a block is one statement')
        if self.gives is None:
            self.fail('"-- gives:" is missing')
        if (self.gives == 'none') != (not self.out):
            self.fail('"-- out:" goes with one, many and each, and only with these')
        if self.counts and self.gives != 'none':
            self.fail('"-- counts: yes" goes with "gives: none"')
        if len(self.takes) > TAKES_MAX:
            self.fail(f'in: more than {TAKES_MAX} values')
        used = set()

        def number(match):
            if match.group(0).startswith("'"):
                return match.group(0)
            used.add(int(match.group(1)))
            return '?' + match.group(1)

        self.plain = text
        self.text = re.sub(r"'[^']*'|\$(\d+)", number, text)
        if used != set(range(1, len(self.takes) + 1)):
            self.fail(f'in: declares {len(self.takes)} values, the statement uses {sorted(used) or "none"}')


def read_blocks(path):
    blocks, block = [], None
    for n, line in enumerate(path.read_text().splitlines(), 1):
        where = f'{path.name}:{n}'
        mark = re.match(r'--\s*(name|in|out|gives|counts|across):\s*(.*?)\s*(?:\(.*\))?$', line)
        if mark and mark.group(1) == 'name':
            if not re.fullmatch(r'[a-z][a-z0-9_]*', mark.group(2)):
                raise Wrong(f'{where}: "{mark.group(2)}" is no name')
            block = Block(where, mark.group(2))
            blocks.append(block)
        elif mark and block is None:
            raise Wrong(f'{where}: before the first "-- name:"')
        elif mark and mark.group(1) == 'in':
            block.takes += block.fields(mark.group(2), 'in')
        elif mark and mark.group(1) == 'out':
            block.out += block.fields(mark.group(2), 'out')
        elif mark and mark.group(1) == 'gives':
            if mark.group(2) not in GIVES:
                block.fail(f'gives: one of {", ".join(GIVES)}')
            block.gives = mark.group(2)
        elif mark and mark.group(1) == 'across':
            block.across = mark.group(2)
        elif mark:
            block.counts = mark.group(2) == 'yes'
        elif re.match(r'\s*(--.*)?$', line):
            continue
        elif block is None:
            raise Wrong(f'{where}: a statement before the first "-- name:"')
        else:
            block.sql.append(line)
    for block in blocks:
        block.finish()
    return blocks


def quote(text):
    lines = text.split('\n')
    return '\n'.join('    "' + line.replace('\\', '\\\\').replace('"', '\\"') +
                     ('\\n"' if i + 1 < len(lines) else '"') for i, line in enumerate(lines))


def row_struct(b):
    fields = ''.join(f'    {C_TYPE[t]}{" "}{n};\n' for n, t in b.out)
    return f'struct q_{b.name} {{\n{fields}}};\n'


def prototype(b):
    args = ['struct bl_ctx *x', 'struct store_db *db'] + [f'{C_TYPE[t]} {n}' for n, t in b.takes]
    if b.gives == 'none' and b.counts:
        args.append('int64_t *ret_changes')
    elif b.gives == 'one':
        args += [f'struct q_{b.name} *ret', 'bool *ret_found']
    elif b.gives == 'many':
        args += [f'struct q_{b.name} **ret', 'size_t *ret_n']
    elif b.gives == 'each':
        args += [f'enum bl_err (*fn)(void *arg, const struct q_{b.name} *row)', 'void *arg']
    return f'enum bl_err q_{b.name}({", ".join(args)})'


def fill(b, copy, indent):
    lines = []
    for i, (name, of_type) in enumerate(b.out):
        how = f'sql_get_int(&c, {i})' if of_type == 'int' else f'sql_get_str(&c, {i}, {copy})'
        lines.append(f'{indent}.{name} = {how},\n')
    return ''.join(lines)


def body(b):
    put = ''.join(f'    sql_put_{t}(&c, {i}, {n});\n' for i, (n, t) in enumerate(b.takes, 1))
    head = (f'{prototype(b)}\n{{\n    struct sql_call c;\n'
            f'    BL_TRY(sql_begin(x, db, Q_{b.name.upper()}, &c));\n{put}')
    if b.gives == 'none':
        return head + f'    return sql_run(&c, {"ret_changes" if b.counts else "NULL"});\n}}\n'
    if b.gives == 'one':
        return head + (f'    bool found = false;\n    BL_TRY(sql_step(&c, &found));\n    if (found)\n'
                       f'        *ret = (struct q_{b.name}){{\n{fill(b, "&x->arena", " " * 12)}        }};\n'
                       f'    *ret_found = found;\n    return sql_end(&c);\n}}\n')
    if b.gives == 'many':
        return head + (f'    struct {{\n        struct q_{b.name} *at;\n        size_t n, cap;\n    }} list = {{0}};\n'
                       f'    for (;;) {{\n        bool found = false;\n        BL_TRY(sql_step(&c, &found));\n'
                       f'        if (!found)\n            break;\n'
                       f'        *BL_PUSH(&x->arena, list) = (struct q_{b.name}){{\n'
                       f'{fill(b, "&x->arena", " " * 12)}        }};\n    }}\n'
                       f'    *ret = list.at;\n    *ret_n = list.n;\n    return sql_end(&c);\n}}\n')
    return head + (f'    for (;;) {{\n        bool found = false;\n        BL_TRY(sql_step(&c, &found));\n'
                   f'        if (!found)\n            return sql_end(&c);\n'
                   f'        const struct q_{b.name} row = {{\n{fill(b, "NULL", " " * 12)}        }};\n'
                   f'        enum bl_err e = fn(arg, &row);\n        if (e != BL_OK) {{\n'
                   f'            sql_drop(&c);\n            return e;\n        }}\n    }}\n}}\n')


def header(blocks):
    parts = ['/* Made by tools/sqlgen.py from sql/query; see store/sql.h. */\n#ifndef BILLOW_QUERIES_GEN_H\n'
             '#define BILLOW_QUERIES_GEN_H\n\n#include "store/sql.h"\n\nenum sql_query {\n']
    parts += [f'    Q_{b.name.upper()},\n' for b in blocks]
    parts.append('    Q_COUNT\n};\n')
    for b in blocks:
        parts.append('\n')
        if b.out:
            parts.append(row_struct(b))
        parts.append(f'BL_MUST_CHECK {prototype(b)};\n')
    parts.append('\n#endif\n')
    return ''.join(parts)


def source(blocks, steps, tables):
    letter = {'int': 'i', 'text': 't', 'blob': 'b'}
    parts = ['/* Made by tools/sqlgen.py from sql/query and sql/schema; see store/sql.h. */\n'
             '#include "store/call.h"\n\n#include "store/queries.gen.h"\n\n'
             'const struct sql_block sql_blocks[Q_COUNT] = {\n']
    for b in blocks:
        takes = ''.join(letter[t] for _, t in b.takes)
        gives = ''.join(letter[t] for _, t in b.out)
        streams = b.gives == 'each' and 'account' not in (name for name, _ in b.takes)
        parts.append(f'[Q_{b.name.upper()}] = {{"{b.name}", "{takes}", \'{b.gives[0]}\', {str(streams).lower()}, {str(b.counts).lower()}, {len(b.out)}, "{gives}",\n'
                     f'{quote(b.text)},\n{quote(sqlpg.query(b.plain, tables))}}},\n')
    parts.append('};\nconst size_t sql_block_count = Q_COUNT;\n\nconst struct sql_step sql_steps[] = {\n')
    for number, text in steps:
        parts.append(f'{{{number},\n{quote(text)},\n{quote(sqlpg.step(text, tables))}}},\n')
    parts.append('};\nconst size_t sql_step_count = sizeof sql_steps / sizeof sql_steps[0];\n')
    parts.append('\nconst struct sql_grant sql_grants[] = {\n')
    for table, rights in sqlpg.rights((b.plain for b in blocks), tables).items():
        parts.append(f'{{"{table}", "{", ".join(rights)}"}},\n')
    parts.append('};\nconst size_t sql_grant_count = sizeof sql_grants / sizeof sql_grants[0];\n')
    for b in blocks:
        parts.append('\n' + body(b))
    return ''.join(parts)


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument('--header', required=True)
    args.add_argument('--source', required=True)
    args.add_argument('file', nargs='+')
    args = args.parse_args()
    blocks, steps = [], []
    for path in sorted(map(pathlib.Path, args.file)):
        if path.parent.name == 'schema':
            steps.append((int(re.match(r'\d+', path.name).group(0)), path.read_text()))
        else:
            blocks += read_blocks(path)
    seen = {}
    for b in blocks:
        if b.name in seen:
            b.fail(f'{seen[b.name]} has a block of this name already')
        seen[b.name] = b.where
    if [n for n, _ in steps] != list(range(1, len(steps) + 1)):
        raise Wrong('sql/schema: steps are numbered 1, 2, 3 without a gap')
    pathlib.Path(args.header).write_text(header(blocks))
    pathlib.Path(args.source).write_text(source(blocks, steps, sqlpg.tables_of(text for _, text in steps)))


if __name__ == '__main__':
    try:
        main()
    except Wrong as e:
        sys.exit(f'sqlgen: {e}')
