"""Nothing but the shared fixture of tiny networks."""

from tests.threads import one_thread

__all__ = ["one_thread"]
