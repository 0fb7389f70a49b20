"""Stories: the program as its users meet it, with every answer held against contract/.

    with Story(now="2026-01-05T00:00:00Z") as s:
        urn = s.cli("account", "add", "--name", "Ada", "--email", "ada@example.com").out.strip()
        token = s.cli("token", "add", "--account", urn).out.strip()
        s.get("/v2/customers/my/balance", token, want=200).json["account_balance"]

A story has its own database, ports and clock. Whatever the server answers is checked: a status, header, key
or type that the contract does not declare fails the story, and so does a sanitizer's report in the server's
log. """

from .contract import Contract, Violation
from .schema import Schema, SchemaError, parse_json
from .server import Answer, Failed, Result, Story
from .tally import Tally

__all__ = [
    "Answer",
    "Contract",
    "Failed",
    "Result",
    "Schema",
    "SchemaError",
    "Story",
    "Tally",
    "Violation",
    "parse_json",
]
