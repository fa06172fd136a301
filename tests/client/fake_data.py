"""The callables that move a home's data and take homes and accounts away, over the documents of a small world."""

from typing import TYPE_CHECKING, Any

from sunmeter_app.problems import Problem

if TYPE_CHECKING:
    from .fake_backend import FakeDatabase, FakePerson

EXPORT_PAGES = 12  # of a year


class DataFunctions:
    """A part of FakeFunctions."""

    database: "FakeDatabase"

    def _exportstart(self, person: "FakePerson", home: str, format: str, year: int | None = None) -> dict[str, Any]:
        self._profile(home)
        return {"export": "export-1", "file": f"Maple {year or ''}.{format}", "cursor": "days/0"}

    def _exportpage(self, person: "FakePerson", home: str, export: str, cursor: str) -> dict[str, Any]:
        number = int(cursor.removeprefix("days/")) + 1
        following = f"days/{number}" if number < EXPORT_PAGES else None
        return {"text": f"page {number}\n", "cursor": following}

    def _importstart(
        self, person: "FakePerson", home: str, name: str, head: str, options: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        if "," not in head:
            raise Problem("not_understood", "head")
        if head.startswith("when") and not (options or {}).get("columns"):
            raise Problem("which_columns", "columns")
        series = [{"name": "import_kwh", "quantity": "import", "kind": "energy", "unit": "kWh", "column": 1}]
        spec = {"format": "csv", "series": series}
        job = {"kind": "import", "state": "reading", "name": name, "spec": spec, "next_piece": 0, "created": 1}
        self.database.put(f"homes/{home}/jobs/import-1", {**job, "reader": {}, "months": []})
        return {"job": "import-1", "understood": spec}

    def _importpiece(
        self, person: "FakePerson", home: str, job: str, number: int, text: str, last: bool
    ) -> dict[str, Any]:
        path = f"homes/{home}/jobs/{job}"
        if number != self.database.documents[path]["next_piece"]:
            raise Problem("wrong_piece", "number")
        self.database.change(path, next_piece=number + 1)
        if last:
            error = {"line": 7, "column": "import_kwh", "code": "malformed_number", "value": "n/a"}
            preview = {"quarters": 96, "from_s": 1_780_000_000, "to_s": 1_780_086_400, "energy_wh": {"import_wh": 8200}}
            reader = {"errors": [error], "errors_n": 1, "gaps_n": 2}
            self.database.change(path, state="ready", preview=preview, reader=reader, months=["2026-05"])
        return {"state": "ready" if last else "reading", "next_piece": number + 1}

    def _importapply(self, person: "FakePerson", home: str, job: str) -> dict[str, Any]:
        self.database.change(f"homes/{home}/jobs/{job}", state="applying", applied=[], stored=0, kept=0)
        return {"job": job}

    def _importcancel(self, person: "FakePerson", home: str, job: str) -> dict[str, Any]:
        self.database.remove(f"homes/{home}/jobs/{job}")
        return {}

    def _deletehome(self, person: "FakePerson", home: str, name: str) -> dict[str, Any]:
        if name != self._profile(home)["name"]:
            raise Problem("name_differs", "name")
        self.database.remove(f"homes/{home}")
        return {}

    def _deleteaccount(self, person: "FakePerson", email: str, homes: dict[str, Any]) -> dict[str, Any]:
        if email != person.email:
            raise Problem("name_differs", "email")
        return {"state": "asked"}

    def _profile(self, home: str) -> dict[str, Any]:
        found: dict[str, Any] = self.database.documents[f"homes/{home}"]
        return found
