"""Decisions about the whole endpoint and what its applications do and see."""


class ApplicationRules:
    """The behaviour of the contract program, and of the endpoint's life."""

    def dies_after_answering(self) -> bool:
        """An endpoint lives on after it has answered a violation with an error."""
        return False

    def serves_after(self, lost: int) -> bool:
        """Nor do `lost` connections, however they ended, make it refuse the next one."""
        del lost
        return True

    def serves_beside(self, others: int, ever: int) -> bool:
        """Nor do `others` that are still open, of all that there ever were."""
        del others, ever
        return True

    def answers_to_stream(self) -> int:
        """How many streams an echo opens for one unidirectional stream."""
        return 1

    def takes_waiting_streams(self) -> bool:
        """Streams that came before the application asks for streams are waiting for it."""
        return True

    def serves_at_once(self) -> bool:
        """Streams are served beside each other."""
        return True

    def returned(self, data: bytes) -> bytes:
        """What an echo returns of what it read."""
        return data

    def reports_of_an_end(self) -> int:
        """How often the application is told that its session is over."""
        return 1

    def reports_of_a_streams_end(self) -> int:
        """And how often of the end of a stream."""
        return 1

    def reported_status(self, status: int | None) -> int | None:
        """The same of the status that refused a session."""
        return status

    def reported_code(self, code: int | None) -> int | None:
        """What an event says of the code that the API gave."""
        return code
