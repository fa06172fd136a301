"""The one family of errors the app shows: each becomes a sentence that says what to do."""


class Problem(Exception):
    """Something a person should be told.

    code: names the sentence in `strings` ("problem." + code).
    field: the field it is about, "" where it is about the whole.
    sentence: what the server said, for codes this version has no sentence for.
    request: the name of the request that failed, as the cloud's log has it; "" where none came to the cloud.
    """

    def __init__(self, code: str, field: str = "", sentence: str = "", request: str = ""):
        super().__init__(f"{code}:{field}")
        self.code = code
        self.field = field
        self.sentence = sentence
        self.request = request


UNREACHABLE = "unreachable"
SIGNED_OUT = "signed_out"
