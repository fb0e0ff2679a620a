"""The one exception that people and models are meant to read."""


class ArtMcpError(Exception):
    """What went wrong, with which input, and what to do next.

    Every room raises its own subclass. The text reaches the user as it is, so it never holds a secret or a
    traceback, and of paths only those that the reader typed or set.

    Args:
        problem: one sentence that names the input, ending in a full stop.
        next_step: one sentence that says what the reader can do now.
    """

    def __init__(self, problem: str, next_step: str) -> None:
        super().__init__(f"{problem} {next_step}")
        self.problem = problem
        self.next_step = next_step


def first_error(error: BaseException) -> BaseException:
    """The error itself or, of a group of tasks that failed together, the one that tells most: a fault of the
    program before one that was foreseen."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    errors = [first_error(each) for each in error.exceptions]
    return next((each for each in errors if not isinstance(each, ArtMcpError)), errors[0])
