"""The one error of the contract: something from outside is refused, with a code and the field's name."""


class Refusal(Exception):
    """Raised by every check in the contract.

    code: one of the codes in the contract's README, stable across versions.
    field: the field that is wrong, dotted where nested ("minutes.grid_w"); "" when it is the message as a whole.
    """

    def __init__(self, code: str, field: str = ""):
        super().__init__(code + ":" + field)
        self.code = code
        self.field = field
