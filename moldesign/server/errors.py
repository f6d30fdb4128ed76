"""What goes wrong between a request and its answer, each with the status that the client gets."""

from moldesign.errors import MoldesignError


class ServingError(MoldesignError):
    """A request that is not answered as asked."""

    status = 500

    def __init__(self, message: str, field: str | None = None) -> None:
        self.field = field
        super().__init__(message)


class BadFieldError(ServingError):
    """A field that cannot be used."""

    status = 422


class NotFoundError(ServingError):
    """Something that is not there."""

    status = 404


class TooManyError(ServingError):
    """More than one client may ask for at once."""

    status = 429


class BusyError(ServingError):
    """More than the server can do at present."""

    status = 503


class TooSlowError(ServingError):
    """What took longer than its time limit."""

    status = 504
