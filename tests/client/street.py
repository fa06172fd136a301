"""Many households in one world, each with a person, a home and figures that are nobody else's."""

import datetime as dt

from sunmeter_app.contract import documents
from sunmeter_app.data.source import Fields

from . import scenes
from .fake_backend import FakeWorld
from .fake_functions import make_home


def name_of(index: int) -> str:
    return f"Gable {index:03} Street"


def house_w(index: int, tick: int = 0) -> int:
    """What a household draws: no two draw the same at any tick up to 99."""
    return 10_000 + 100 * index + tick


def live(world: FakeWorld, index: int, tick: int = 0) -> Fields:
    return scenes.live_document(world.now_s(), grid_w=house_w(index, tick), pv_w=0, house_w=house_w(index, tick))


def settled(world: FakeWorld, households: int) -> list[dict[str, str]]:
    """Settles households in a world; what each one's browser keeps."""
    today = dt.datetime.fromtimestamp(world.now_s(), scenes.ZONE).date()
    day, forecast = scenes.day_document(today, world.now_s()), scenes.forecast_document()
    for index in range(households):
        person = world.identity.add(f"person-{index:03}@example.com", "a short sentence")
        home = f"gable-{index:03}"
        world.database.put(f"homes/{home}", make_home(person.uid, name_of(index)))
        world.database.put(documents.live(home), live(world, index))
        world.database.put(documents.day(home, today.isoformat()), day)
        world.database.put(documents.insight(home, "forecast"), forecast)
    return [{"sunmeter.sign_in": f"refresh-{person.uid}"} for person in world.identity.people.values()]
