"""What a Citus cluster refuses, or does at a great cost, found in PostgreSQL's analysis of a statement.

The rules were seen on Citus 13.2, with paintings and all that refers to them distributed by the painting's id.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg

from support.query_tree import Node, analyse, below

RELATION, SUBQUERY = 0, 1  # rtekind
SELECT = 1  # commandType
EXISTS = 0  # subLinkType
ALWAYS_MATERIALIZED = 1
RECORDS = ("2249", "2287")
"""The types record and record[], which no node can read from another."""


@dataclass(frozen=True)
class Cluster:
    """The tables of a database."""

    distributed: dict[str, int]
    """The number of the distribution column by the table's oid."""
    local: set[str]
    """Oids of the other tables."""
    changing: set[str]
    """Oids of the functions that are not immutable."""

    @classmethod
    async def of(cls, connection: asyncpg.Connection) -> Cluster:
        keys = await connection.fetch(
            "SELECT attrelid::oid::text AS table, attnum FROM pg_dist_partition "
            "JOIN pg_attribute ON attrelid = logicalrelid AND attname = partkey"
        )
        tables = "SELECT oid::text FROM pg_class WHERE relnamespace = 'art_mcp'::regnamespace AND relkind = 'r'"
        changing = await connection.fetch("SELECT oid::text FROM pg_proc WHERE provolatile <> 'i'")
        distributed = {row["table"]: row["attnum"] for row in keys}
        return cls(
            distributed,
            {row["oid"] for row in await connection.fetch(tables)} - distributed.keys(),
            {row["oid"] for row in changing},
        )

    async def refusals(self, connection: asyncpg.Connection, statement: str) -> list[str]:
        """What it would refuse of a statement; empty if nothing is known."""
        if "force_generic_plan" in statement:
            return ["a generic plan of a query that reads several shards"]
        if statement.upper().startswith("BEGIN"):
            return []  # sent with settings, which is no problem
        try:
            tree = await analyse(connection, statement)
        except asyncpg.PostgresSyntaxError as error:
            return [str(error)]
        if tree is None:
            several = "ADD CONSTRAINT" in statement.upper() and "," in statement
            return ["ADD CONSTRAINT with other subcommands"] * several
        return list(self._query(tree))

    def _query(self, query: Node) -> Iterator[str]:
        """Check a query and those inside it."""
        for each in query.nodes("cteList"):
            if self._reads(each["ctequery"]) and each.number("ctematerialized") != ALWAYS_MATERIALIZED:
                yield f"the expression {each['ctename']}, which is not MATERIALIZED, may be merged into others"
            yield from self._query(each["ctequery"])
        for each in query.nodes("rtable"):
            if each.number("rtekind") == SUBQUERY:
                yield from self._query(each["subquery"])
                if (
                    self._reads(each["subquery"])
                    and _is_correlated(each["subquery"])
                    and not _is_flat(each["subquery"])
                ):
                    yield "LATERAL with a LIMIT or an aggregate"
        if query.number("commandType") == SELECT and not query["targetList"]:
            yield "SELECT without a column"
        if any(node.tag == "ROWEXPR" or _is_record(node) for node in below(query["targetList"], into_queries=False)):
            yield "a record as a result"
        yield from self._level(query)
        yield from self._sublinks(query)
        yield from self._writes(query)

    def _level(self, query: Node) -> Iterator[str]:
        """Check what a query reads itself, with the subqueries that are merged into it."""
        read = list(self._sources(query))
        distributed = [table for table in read if table in self.distributed]
        if not distributed:
            return
        if any(table in self.local for table in read):
            yield "a join of a distributed table with a local one"
        if query.get("hasWindowFuncs") == "true":
            yield "a window over a distributed table"
        if any(each.get("funcordinality") == "true" for each in query.nodes("rtable")):
            yield "WITH ORDINALITY beside a distributed table"
        for join in (node for node in below(query["jointree"], into_queries=False) if node.tag == "JOINEXPR"):
            sides = [set(self._sources(query, join[side])) for side in ("larg", "rarg")]
            inside = [bool(side & self.distributed.keys()) for side in sides]
            if join.number("jointype") and any(inside) and not all(side <= self.distributed.keys() for side in sides):
                yield "an outer join of a distributed table with something else"
        if len(distributed) > 1 and not self._joined_by_key(query, len(distributed)):
            yield "a join of distributed tables by another column than their key"
        if query["rowMarks"] and not self._is_one_row(query):
            yield "locks on rows of several shards"

    def _sublinks(self, query: Node) -> Iterator[str]:
        of_tables = any(table in self.distributed for table in self._sources(query))
        inside = [query[part] for part in ("targetList", "jointree", "havingQual", "sortClause", "returningList")]
        for link in (node for part in inside for node in below(part, into_queries=False) if node.tag == "SUBLINK"):
            inner = link["subselect"]
            yield from self._query(inner)
            read = list(self._sources(inner))
            if not self._reads(inner):
                if of_tables and any(table in self.local for table in read):
                    yield "a subquery on a local table beside a distributed one"
            elif not _is_correlated(inner):
                if link.number("subLinkType") == EXISTS and not inner["limitCount"]:
                    yield "EXISTS without LIMIT, which brings a value of each row"
            elif not (of_tables and _is_flat(inner) and self._by_outer_key(query, inner)):
                yield "a correlated subquery by another column than the key"

    def _writes(self, query: Node) -> Iterator[str]:
        if not (target := query.number("resultRelation")):
            return
        table = query.nodes("rtable")[target - 1]["relid"]
        if table in self.distributed and (conflict := query.get("onConflict")):
            calls = (node for node in below(conflict["onConflictSet"]) if node.tag in ("FUNCEXPR", "SQLVALUEFUNCTION"))
            if any(node.get("funcid") in self.changing or node.tag != "FUNCEXPR" for node in calls):
                yield "DO UPDATE with a function that is not immutable"

    def _reads(self, tree: Node) -> bool:
        """Whether anything in it reads a distributed table."""
        return any(node.tag == "RANGETBLENTRY" and node.get("relid") in self.distributed for node in below(tree))

    def _sources(self, query: Node, part: object = None) -> Iterator[str]:
        """Oids of the tables in a query's FROM clause, or a part of it; "" for everything else."""
        table = query.nodes("rtable")
        for node in below(part or query["jointree"]["fromlist"], into_queries=False):
            if node.tag == "RANGETBLREF":
                entry = table[node.number("rtindex") - 1]
                if entry.number("rtekind") == RELATION:
                    yield entry["relid"] if entry["relid"] in self.distributed.keys() | self.local else ""
                elif entry.number("rtekind") == SUBQUERY and _is_flat(entry["subquery"]):
                    yield from self._sources(entry["subquery"])
                else:
                    yield ""

    def _key(self, query: Node, node: Node, level: int = 0) -> int:
        """The table of a query, by its number, of which a node is the distribution column; 0 if it is something else.

        Args:
            level: how many queries inside that query the node is.
        """
        if node.tag != "VAR" or node.number("varlevelsup") != level:
            return 0
        entry = query.nodes("rtable")[node.number("varno") - 1]
        is_key = self.distributed.get(entry.get("relid") or "") == node.number("varattno")
        return node.number("varno") if is_key else 0

    def _equalities(self, query: Node) -> Iterator[list[Node]]:
        """The two sides of each comparison of two columns, or of a column and a parameter."""
        for node in below(query["jointree"], into_queries=False):
            if node.tag == "OPEXPR" and len(node.nodes("args")) == 2 and node["opno"] == UUID_EQUALS:
                yield node.nodes("args")

    def _joined_by_key(self, query: Node, tables: int) -> bool:
        groups: list[set[int]] = []
        for one, other in self._equalities(query):
            if (pair := {self._key(query, one), self._key(query, other)}) and 0 not in pair:
                groups = [
                    *(group for group in groups if not group & pair),
                    pair.union(*(g for g in groups if g & pair)),
                ]
        return len(groups) == 1 and len(groups[0]) == tables

    def _by_outer_key(self, query: Node, inner: Node) -> bool:
        return any(
            self._key(inner, one) and self._key(query, other, 1)
            for pair in self._equalities(inner)
            for one, other in (pair, pair[::-1])
        )

    def _is_one_row(self, query: Node) -> bool:
        return any(
            self._key(query, one) and other.tag in ("PARAM", "CONST")
            for pair in self._equalities(query)
            for one, other in (pair, pair[::-1])
        )


UUID_EQUALS = "2972"
"""Oid of the operator of all keys."""


def _is_flat(query: Node) -> bool:
    """Whether PostgreSQL merges a subquery into the query around it, so that no result of its own is made of it."""
    ends = ("limitCount", "limitOffset", "distinctClause", "setOperations", "groupClause", "cteList")
    return not any(query.get(end) for end in ends) and query.get("hasAggs") != "true"


def _is_correlated(query: Node) -> bool:
    """Whether it refers to columns of the query around it."""

    def refers(value: object, level: int) -> bool:
        if isinstance(value, Node):
            level += value.tag == "QUERY"
            if value.tag == "VAR" and value.number("varlevelsup") >= level:
                return True
            return any(refers(each, level) for each in value.values())
        return isinstance(value, list) and any(refers(each, level) for each in value)

    return refers(query, 0)


def _is_record(node: Node) -> bool:
    return any(node.get(kind) in RECORDS for kind in ("vartype", "funcresulttype", "array_typeid"))
