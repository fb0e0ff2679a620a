"""The base class of the errors that people and models read."""


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


def first_error(error: BaseException) -> BaseException:
    """The error itself or, of an exception group, the most relevant one: any unexpected error before `ArtMcpError`."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    errors = [first_error(each) for each in error.exceptions]
    return next((each for each in errors if not isinstance(each, ArtMcpError)), errors[0])
