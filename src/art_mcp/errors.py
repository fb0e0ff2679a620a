"""The base class of the errors that people and models read, and advice that names an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of a load, or a tool that has a command."""

    tool: str
    """As the tools spell it."""
    option: str
    """As the command line spells it."""


class Advice(str):
    """A text that names arguments. It has the tools' spelling, so no answer of a tool can name an option.

    Args:
        text: with `{}` in place of each of the others.
        parts: arguments, and texts that are put in unchanged.
    """

    on_command_line: str
    __slots__ = ("on_command_line",)

    def __new__(cls, text: str, *parts: Argument | str) -> Advice:
        advice = super().__new__(cls, text.format(*(p.tool if isinstance(p, Argument) else p for p in parts)))
        advice.on_command_line = text.format(*(p.option if isinstance(p, Argument) else p for p in parts))
        return advice


def on_command_line(text: str) -> str:
    """A text in the spelling of the command line."""
    return text.on_command_line if isinstance(text, Advice) else text


def lines_of(texts: Sequence[str]) -> Advice:
    """Several texts, one on each line."""
    advice = Advice("{}", "\n".join(texts))
    advice.on_command_line = "\n".join(map(on_command_line, texts))
    return advice


class ArtMcpError(Exception):
    """Says what went wrong, with which input, and what to do next.

    Each package raises its own subclasses. The text is shown to the user unchanged, so it never contains a secret or a
    traceback, nor any path that the reader did not type or configure.

    Args:
        problem: one sentence that names the input, ending in a full stop.
        next_step: one sentence that says what the reader can do now.
    """

    def __init__(self, problem: str, next_step: str) -> None:
        super().__init__(f"{problem} {next_step}")
        self.problem = problem
        self.next_step = next_step

    @property
    def on_command_line(self) -> str:
        """The text of the error in the spelling of the command line."""
        return f"{self.problem} {on_command_line(self.next_step)}"


def first_error(error: BaseException) -> BaseException:
    """The error itself or, of an exception group, the most relevant one: any unexpected error before `ArtMcpError`."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    errors = [first_error(each) for each in error.exceptions]
    return next((each for each in errors if not isinstance(each, ArtMcpError)), errors[0])
