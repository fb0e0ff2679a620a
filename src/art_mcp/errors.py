"""The one exception that people and models are meant to read."""


class ArtMcpError(Exception):
    """What went wrong, with which input, and what to do next.

    Every room raises its own subclass. The text reaches the user as it is, so it never holds a secret,
    a path outside the allowed folders, or a traceback.

    Args:
        problem: one sentence that names the input, ending in a full stop.
        next_step: one sentence that says what the reader can do now.
    """

    def __init__(self, problem: str, next_step: str) -> None:
        super().__init__(f"{problem} {next_step}")
        self.problem = problem
        self.next_step = next_step


def first_error(error: BaseException) -> BaseException:
    """The error itself, or the first one in a group: tasks that fail together fail of the same cause."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
