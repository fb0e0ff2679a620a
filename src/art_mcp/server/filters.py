"""Filters as arguments: a tool or prompt takes them as one parameter, and its schema lists each of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from inspect import Parameter
from typing import Annotated, Any, TypeVar

from pydantic import Field

from art_mcp.painting import FILTERS, YEAR_FILTERS, Filters
from art_mcp.server.arguments import Number, Pairs, Text

T = TypeVar("T")
Function = Callable[..., Awaitable[T]]


def with_filters(tool: Function[T]) -> Function[T]:
    """Give a tool all filters: its parameter `filters` becomes one argument for each."""
    kinds: dict[str, Any] = {**dict.fromkeys(FILTERS, Text), **dict.fromkeys(YEAR_FILTERS, Number), "where": Pairs}
    arguments = {name: Annotated[kinds[name], Field(description=said)] for name, said in FILTERS.items()}
    return flattened(tool, arguments, None, Filters.read)


def flattened(
    function: Function[T], arguments: Mapping[str, Any], default: Any, read: Callable[[dict[str, Any]], Any]
) -> Function[T]:
    """Replace a function's parameter `filters` by several arguments.

    Args:
        arguments: the type of each, by its name.
        default: the default of every argument.
        read: builds `filters` from the arguments, by name.
    """
    signature = inspect.signature(function, eval_str=True)
    parameters: list[Parameter] = []
    for parameter in signature.parameters.values():
        if parameter.name == "filters":
            parameters += [
                Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
                for name, annotation in arguments.items()
            ]
        else:
            parameters.append(parameter.replace(kind=Parameter.KEYWORD_ONLY))

    @functools.wraps(function)
    async def flat(**given: Any) -> T:
        filters = read({name: given.pop(name, default) for name in arguments})
        return await function(**given, filters=filters)

    flat.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    flat.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return flat
