"""Firestore in plain words: paths, dictionaries, and transactions that may run more than once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from google.cloud import firestore
from google.cloud.firestore_v1.query import Query

from . import log

NOW = firestore.SERVER_TIMESTAMP  # the database's own time, as a field's value
Fields = dict[str, Any]
T = TypeVar("T")


def stamp() -> Fields:
    """When, and for which request, a document was last written."""
    return {"updated": NOW, "request": log.request()}


def plus(number: int) -> Any:
    """As a field's value: what is stored, plus this."""
    return firestore.Increment(number)


@dataclass(frozen=True)
class Found:
    """A document that a query found."""

    path: str
    fields: Fields

    @property
    def id(self) -> str:
        return self.path.rsplit("/", 1)[1]

    @property
    def home(self) -> str:
        """Id of the home that a document under `homes/` belongs to."""
        return self.path.split("/")[1]


class Writer:
    """Writes that take effect together, or not at all."""

    def __init__(self, db: firestore.Client, batch: firestore.WriteBatch):
        self._db = db
        self._batch = batch

    def create(self, path: str, fields: Fields) -> None:
        """A document that must not exist yet."""
        self._batch.create(self._db.document(path), fields)

    def set(self, path: str, fields: Fields) -> None:
        """The whole of a document."""
        self._batch.set(self._db.document(path), fields)

    def merge(self, path: str, fields: Fields) -> None:
        """Some fields of a document, which need not exist."""
        self._batch.set(self._db.document(path), fields, merge=True)

    def update(self, path: str, fields: Fields) -> None:
        """Some fields of a document that must exist."""
        self._batch.update(self._db.document(path), fields)

    def delete(self, path: str) -> None:
        """A document that need not exist."""
        self._batch.delete(self._db.document(path))


class Transaction(Writer):
    """Reads and writes at one moment. Every read comes before the first write."""

    def __init__(self, db: firestore.Client, transaction: firestore.Transaction):
        super().__init__(db, transaction)
        self._transaction = transaction

    def read(self, path: str) -> Fields | None:
        """A document; None when there is none."""
        found: Fields | None = self._db.document(path).get(transaction=self._transaction).to_dict()
        return found

    def find(self, query: Query) -> list[Found]:
        """What a query of `queries` finds; nothing else may come to fit it before this takes effect."""
        return [
            Found(each.reference.path, each.to_dict() or {}) for each in query.stream(transaction=self._transaction)
        ]

    def read_all(self, paths: Iterable[str]) -> dict[str, Fields | None]:
        """Documents by path, None for those that do not exist, in one request."""
        wanted = [self._db.document(path) for path in set(paths)]
        found = self._db.get_all(wanted, transaction=self._transaction) if wanted else ()
        return {each.reference.path: each.to_dict() for each in found}


class Store:
    """The documents of one project."""

    def __init__(self, db: firestore.Client):
        self.db = db

    def read(self, path: str) -> Fields | None:
        """A document; None when there is none."""
        found: Fields | None = self.db.document(path).get().to_dict()
        return found

    def read_all(self, paths: Iterable[str]) -> dict[str, Fields | None]:
        """Documents by path, None for those that do not exist, in one request."""
        wanted = [self.db.document(path) for path in set(paths)]
        return {found.reference.path: found.to_dict() for found in self.db.get_all(wanted)} if wanted else {}

    def find(self, query: Query) -> Iterator[Found]:
        """What a query of `queries` finds."""
        for snapshot in query.stream():
            yield Found(snapshot.reference.path, snapshot.to_dict() or {})

    def ids(self, collection: str) -> list[str]:
        """The ids of a collection's documents; nothing else of them is fetched."""
        return [snapshot.id for snapshot in self.db.collection(collection).select([]).stream()]

    def collections(self, path: str) -> list[str]:
        """The names of the collections under a document, sorted."""
        return sorted(collection.id for collection in self.db.document(path).collections())

    def beneath(self, path: str, leaving_out: Iterable[str] = ()) -> Iterator[Found]:
        """Everything under a document at any depth, but for its collections of those names."""
        for collection in self.db.document(path).collections():
            if collection.id not in leaving_out:
                for reference in collection.list_documents():
                    if (found := reference.get().to_dict()) is not None:
                        yield Found(f"{path}/{collection.id}/{reference.id}", found)
                    yield from self.beneath(f"{path}/{collection.id}/{reference.id}")

    def delete_below(self, path: str, leaves: Iterable[str], at_once: int) -> int:
        """Deletes everything under a document, and returns how many documents went; of `leaves` nothing is beneath."""
        gone = 0
        for collection in self.db.document(path).collections():
            references = list(collection.list_documents(page_size=at_once))
            if collection.id not in leaves:
                gone += sum(self.delete_below(f"{path}/{collection.id}/{each.id}", (), at_once) for each in references)
            for first in range(0, len(references), at_once):
                batch = self.db.batch()
                for reference in references[first : first + at_once]:
                    batch.delete(reference)
                batch.commit()
            gone += len(references)
        return gone

    def set(self, path: str, fields: Fields) -> None:
        self.db.document(path).set(fields)

    def merge(self, path: str, fields: Fields) -> None:
        self.db.document(path).set(fields, merge=True)

    def create(self, path: str, fields: Fields) -> None:
        self.db.document(path).create(fields)

    def update(self, path: str, fields: Fields) -> None:
        self.db.document(path).update(fields)

    def delete(self, path: str) -> None:
        self.db.document(path).delete()

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Runs `work` in a transaction. It runs again when another writer came between: it must do nothing else."""
        result: T = firestore.transactional(lambda transaction: work(Transaction(self.db, transaction)))(
            self.db.transaction()
        )
        return result

    def together(self, work: Callable[[Writer], None]) -> None:
        """Writes several documents at once, without reading."""
        batch = self.db.batch()
        work(Writer(self.db, batch))
        batch.commit()
