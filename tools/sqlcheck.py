#!/usr/bin/env python3
"""Reads every statement of sql/ as PostgreSQL does, and refuses what would not hold when customers are spread over many
machines. Prints one line a breach, exits 1 when there is one.

    sqlcheck.py [FOLDER]                     sql/ of this repository unless a folder is named

Tables say in a comment what they are: bucketed (customers' rows), reference (small, few writes) or local. Then:

    keys         a bucketed table's primary key and indexes begin with bucket, then account where there is one
    predicates   a statement on bucketed rows says `bucket = ...`; a reading one may say `-- across: WHY` instead
    sums         count, min and max only: exact numbers are added up in C
    order        rows come in an order that leaves no two of them equal; one row is asked for by a key, or `limit 1`
    plainness    no triggers, sequences, locks, functions of the server; no table without its schema"""

import pathlib
import re
import sys

from pglast import ast, enums, parse_sql
from pglast.parser import ParseError
from pglast.visitors import Visitor

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import sqlgen  # noqa: E402
import sqlpg  # noqa: E402

KINDS = ('bucketed', 'reference', 'local')
AGGREGATES = ('count', 'min', 'max')
STEP_STATEMENTS = (ast.CreateStmt, ast.IndexStmt, ast.AlterTableStmt, ast.InsertStmt, ast.UpdateStmt, ast.DropStmt)


class Table:
    def __init__(self, kind):
        self.kind, self.columns, self.keys = kind, {}, []  # keys: sets of columns that name one row


def column_of(node):
    """The column's name, of a plain or qualified reference."""
    return node.fields[-1].sval if isinstance(node, ast.ColumnRef) and isinstance(node.fields[-1], ast.String) else None


def is_value(node):
    """A parameter, a constant."""
    if isinstance(node, ast.TypeCast):
        return is_value(node.arg)
    return isinstance(node, ast.ParamRef) or (isinstance(node, ast.A_Const) and not node.isnull)


def conjuncts(node):
    if isinstance(node, ast.BoolExpr) and node.boolop == enums.BoolExprType.AND_EXPR:
        return [part for arg in node.args for part in conjuncts(arg)]
    return [node] if node is not None else []


def fixed_columns(where):
    """Columns that a condition sets equal to a value."""
    fixed = set()
    for part in conjuncts(where):
        if isinstance(part, ast.A_Expr) and part.kind == enums.A_Expr_Kind.AEXPR_OP and part.name[0].sval == '=':
            for a, b in ((part.lexpr, part.rexpr), (part.rexpr, part.lexpr)):
                if column_of(a) and is_value(b):
                    fixed.add(column_of(a))
    return fixed


class Nodes(Visitor):
    """Everything of a statement that is looked at wherever it stands."""

    def __init__(self):
        self.tables, self.functions, self.constants, self.sublinks, self.locks = [], [], [], 0, 0

    def visit_RangeVar(self, ancestors, node):
        self.tables.append(node)

    def visit_FuncCall(self, ancestors, node):
        self.functions.append(node)

    def visit_SQLValueFunction(self, ancestors, node):
        self.functions.append(node)

    def visit_A_Const(self, ancestors, node):
        self.constants.append(node)

    def visit_LockingClause(self, ancestors, node):
        self.locks += 1


class Check:
    def __init__(self):
        self.tables, self.breaches = {}, []

    def say(self, where, text):
        self.breaches.append(f'{where}: {text}')

    # ---- steps

    def kinds(self, path):
        """What the comment right before each table says of it."""
        comment = []
        for line in path.read_text().splitlines():
            if line.startswith('--'):
                comment.append(line)
                continue
            made = sqlpg.TABLE.match(line)
            if made:
                kind = re.match(r'--\s*(\w+)', comment[0] if comment else '')
                if not kind or kind[1] not in KINDS:
                    self.say(path.name, f'{made[1]}: the comment before it begins with one of {", ".join(KINDS)}')
                self.tables[made[1]] = Table(kind[1] if kind else 'local')
            comment = []

    def step(self, path, names):
        text = sqlpg.step(path.read_text(), names)
        for raw in self.parsed(path.name, text):
            stmt = raw.stmt
            if not isinstance(stmt, STEP_STATEMENTS):
                self.say(path.name, f'a step makes and changes tables, it does not hold a {type(stmt).__name__}')
            elif isinstance(stmt, ast.CreateStmt):
                self.create(path.name, stmt)
            elif isinstance(stmt, ast.IndexStmt):
                self.index(path.name, stmt)
            elif isinstance(stmt, ast.AlterTableStmt):
                for cmd in stmt.cmds:
                    if cmd.subtype == enums.AlterTableType.AT_AddColumn:
                        self.column(path.name, self.tables[stmt.relation.relname], cmd.def_)
            self.plainness(path.name, stmt)

    def column(self, where, table, node):
        name, kind = node.colname, node.typeName.names[-1].sval
        table.columns[name] = kind
        if kind not in ('int8', 'text', 'bytea'):
            self.say(where, f'{name}: a column is integer, text or blob, not {kind}')
        for c in node.constraints or ():
            if c.contype in (enums.ConstrType.CONSTR_PRIMARY, enums.ConstrType.CONSTR_UNIQUE):
                table.keys.append([name])

    def create(self, where, stmt):
        name = stmt.relation.relname
        table = self.tables[name]
        for node in stmt.tableElts:
            if isinstance(node, ast.ColumnDef):
                self.column(where, table, node)
            elif node.keys:
                table.keys.append([k.sval for k in node.keys])
        if not table.keys:
            self.say(where, f'{name} has no primary key')
        if table.kind == 'bucketed':
            for key in table.keys:
                self.begins_with_bucket(where, name, key)

    def begins_with_bucket(self, where, name, key):
        wanted = ['bucket'] + (['account'] if 'account' in self.tables[name].columns else [])
        if key[:len(wanted)] != wanted:
            self.say(where, f'{name}: a key of bucketed rows begins with {", ".join(wanted)}, not with {", ".join(key[:2])}')

    def index(self, where, stmt):
        name = stmt.relation.relname
        key = [p.name for p in stmt.indexParams]
        if self.tables[name].kind == 'bucketed':
            self.begins_with_bucket(where, name, key)
        if stmt.unique:
            self.tables[name].keys.append(key)

    # ---- statements

    def parsed(self, where, text):
        try:
            return parse_sql(text)
        except ParseError as e:
            self.say(where, f'PostgreSQL cannot read it: {e}')
            return ()

    def plainness(self, where, stmt):
        nodes = Nodes()
        nodes(stmt)
        for t in nodes.tables:
            if t.relname not in self.tables:
                self.say(where, f'there is no table {t.relname}')
            elif t.schemaname != 'billow':
                self.say(where, f'{t.relname} stands where tools/sqlpg.py does not name its schema')
        for f in nodes.functions:
            name = f.funcname[-1].sval if isinstance(f, ast.FuncCall) else 'a value of the server'
            if name not in AGGREGATES:
                self.say(where, f'{name}: only {", ".join(AGGREGATES)} are asked of the engine')
            elif len(f.args or ()) > 1:
                self.say(where, f'{name} of several values is SQLite\'s alone: write `case when`')
        for c in nodes.constants:
            if not c.isnull and isinstance(c.val, ast.Float) and not re.fullmatch(r'\d+', str(c.val.fval)):
                self.say(where, f'{c.val.fval} is no whole number')
            if not c.isnull and isinstance(c.val, ast.BitString):
                self.say(where, "bytes are written x'', in lower case")
        if nodes.locks:
            self.say(where, 'a row lock: SQLite has none')
        return nodes

    def block(self, b, names):
        where = f'{b.where}: {b.name}'
        for raw in self.parsed(where, sqlpg.query(b.plain, names)):
            nodes = self.plainness(where, raw.stmt)
            known = [t.relname for t in nodes.tables if t.relname in self.tables]
            bucketed = any(self.tables[t].kind == 'bucketed' for t in known)
            stmt = raw.stmt
            if isinstance(stmt, ast.InsertStmt):
                self.insert(where, stmt, bucketed)
            elif isinstance(stmt, (ast.UpdateStmt, ast.DeleteStmt)):
                self.change(where, b, stmt, bucketed)
            elif isinstance(stmt, ast.SelectStmt):
                self.select(where, b, stmt, known, bucketed)
            else:
                self.say(where, f'a block reads or writes rows, it is no {type(stmt).__name__}')

    def insert(self, where, stmt, bucketed):
        columns = [c.name for c in stmt.cols or ()]
        if not columns:
            self.say(where, 'an insert names its columns')
        if bucketed and 'bucket' not in columns:
            self.say(where, 'an insert of bucketed rows names the bucket')

    def change(self, where, b, stmt, bucketed):
        if b.across:
            self.say(where, 'a statement that writes stays in one bucket')
        if bucketed and 'bucket' not in fixed_columns(stmt.whereClause):
            self.say(where, 'there is no `bucket = ...` in its condition')
        for target in getattr(stmt, 'targetList', None) or ():
            if bucketed and target.name in ('bucket', 'account'):
                self.say(where, f'{target.name} places a row and does not change')

    def select(self, where, b, stmt, known, bucketed):
        fixed = fixed_columns(stmt.whereClause)
        if bucketed and 'bucket' not in fixed and not b.across:
            self.say(where, 'there is no `bucket = ...` in its condition (nor `-- across: WHY` above it)')
        if b.across and (not bucketed or 'bucket' in fixed):
            self.say(where, 'it does not read across buckets: `-- across:` is wrong')
        if any(isinstance(t.val, ast.ColumnRef) and isinstance(t.val.fields[-1], ast.A_Star) for t in stmt.targetList):
            self.say(where, 'a select names its columns')
        ordered = [column_of(s.node) for s in stmt.sortClause or ()]
        grouped = [column_of(g) for g in stmt.groupClause or ()]
        told = fixed | set(ordered)
        folded = not grouped and any(isinstance(t.val, ast.FuncCall) or isinstance(t.val, ast.CoalesceExpr)
                                     for t in stmt.targetList)
        one_table = self.tables[known[0]] if len(known) == 1 else None
        if grouped:
            total = set(grouped) <= told
        elif folded:
            total = True
        else:
            total = one_table is not None and any(set(key) <= told for key in one_table.keys)
        if not total:
            self.say(where, 'its rows could come in more than one order, or it asks for one row and could meet several: '
                            'end the order with the key')


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent / 'sql')
    check = Check()
    steps = sorted((folder / 'schema').glob('*.sql'))
    names = sqlpg.tables_of(path.read_text() for path in steps)
    for path in steps:
        check.kinds(path)
    for path in steps:
        check.step(path, names)
    blocks = [b for path in sorted((folder / 'query').glob('*.sql')) for b in sqlgen.read_blocks(path)]
    for b in blocks:
        check.block(b, names)
    for breach in check.breaches:
        print(breach, file=sys.stderr)
    if check.breaches:
        return 1
    print(f'sql: {len(check.tables)} tables and {len(blocks)} statements are PostgreSQL too', file=sys.stderr)
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except sqlgen.Wrong as e:
        sys.exit(f'sqlcheck: {e}')
