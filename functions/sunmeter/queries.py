"""Every query of the functions, by name: for each that needs an index `firestore.indexes.json` has a line."""

from datetime import datetime

from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter
from google.cloud.firestore_v1.query import Query


def homes_of(db: firestore.Client, uid: str, most: int) -> Query:
    """The homes a person belongs to."""
    return db.collection("homes").where(filter=FieldFilter("member_uids", "array_contains", uid)).limit(most)


def homes_with_meter(db: firestore.Client) -> Query:
    """The homes that a night trains, with nothing but their zone."""
    return db.collection("homes").where(filter=FieldFilter("meter", ">", "")).select(["zone"])


def homes_once_of(db: firestore.Client, uid: str) -> Query:
    """The homes a person belonged to."""
    return db.collection("homes").where(filter=FieldFilter("former_uids", "array_contains", uid))


def homes_served_by(db: firestore.Client, hub: str) -> Query:
    """The homes whose meter a hub carries."""
    return db.collection("homes").where(filter=FieldFilter("hub", "==", hub))


def hubs_of(db: firestore.Client, uid: str) -> Query:
    """The hubs that a person enrolled or inherited."""
    return db.collection("hubs").where(filter=FieldFilter("owner", "==", uid))


def hubs_with_guest(db: firestore.Client, home: str) -> Query:
    """The neighbours' hubs that serve a home, or would."""
    return db.collection("hubs").where(filter=FieldFilter(db.field_path("guests", home, "since_ms"), ">", 0))


def open_invitations(db: firestore.Client, home: str, most: int) -> Query:
    """The invitations to a home that nobody has followed."""
    return db.collection(f"homes/{home}/invitations").where(filter=FieldFilter("used_by", "==", None)).limit(most)


def naming(db: firestore.Client, collection: str, field: str, name: str) -> Query:
    """The documents of one collection that name somebody, or a home, in one field."""
    return db.collection(collection).where(filter=FieldFilter(field, "==", name))


def mail_to(db: firestore.Client, address: str) -> Query:
    """Mails to an address, sent or not."""
    return db.collection("mail").where(filter=FieldFilter("to", "array_contains", address))


def accounts_to_erase(db: firestore.Client, now_ms: int) -> Query:
    """Accounts whose deletion is not finished, or waits to be swept."""
    return db.collection("deletions").where(filter=FieldFilter("due_ms", "<=", now_ms))


def homes_to_erase(db: firestore.Client, most: int) -> Query:
    """Homes that are buried and not erased yet."""
    return db.collection("tombstones").where(filter=FieldFilter("state", "==", "erasing")).limit(most)


def assignments_to(db: firestore.Client, home: str) -> Query:
    """All periods in which a home had a meter, of any meter."""
    return db.collection_group("assignments").where(filter=FieldFilter("home", "==", home))


def assignments_of(db: firestore.Client, meter: str) -> Query:
    """Everywhere a meter belonged, oldest first."""
    return db.collection(f"meters/{meter}/assignments").order_by("from_s")


def push_devices_of(db: firestore.Client, uid: str, most: int) -> Query:
    """The devices of a person that asked for notifications, newest first."""
    return db.collection(f"users/{uid}/push").order_by("updated", direction=Query.DESCENDING).limit(most)


def push_devices_with(db: firestore.Client, token: str) -> Query:
    """Everywhere that a token is registered, whoever's it is."""
    return db.collection_group("push").where(filter=FieldFilter("token", "==", token))


def homes_of_hub(db: firestore.Client, hub: str) -> Query:
    """The homes whose meter a hub carries, with nothing but name and area."""
    return db.collection("homes").where(filter=FieldFilter("hub", "==", hub)).select(["name", "area"])


def hubs_overdue(db: firestore.Client, now_ms: int, most: int) -> Query:
    """Hubs that were to tell of themselves before now and did not, longest ago first."""
    return db.collection("hubs").where(filter=FieldFilter("due_ms", "<", now_ms)).order_by("due_ms").limit(most)


def homes_in_area(db: firestore.Client, area: str, most: int) -> Query:
    """The homes of an area that have a meter, with what its roster says of them: anybody may make homes without one."""
    found = db.collection("homes").where(filter=FieldFilter("area", "==", area))
    found = found.where(filter=FieldFilter("meter", ">", ""))
    return found.select(["meter", "hub", "relay"]).limit(most)


def areas_listed_before(db: firestore.Client, before_ms: int, most: int) -> Query:
    """Areas whose roster is older than that, oldest first."""
    found = db.collection("areas").where(filter=FieldFilter("refreshed_ms", "<", before_ms))
    return found.order_by("refreshed_ms").select([]).limit(most)


def homes_in(db: firestore.Client, collection: str) -> Query:
    """Every record of an area, with nothing but the homes it names."""
    return db.collection(collection).select(["homes"])


def sheds_asked_by(db: firestore.Client, uid: str) -> Query:
    """Loads that a person asked to be shed as an operator, in any area."""
    return db.collection_group("sheds").where(filter=FieldFilter("by", "==", uid))


def commands_asked_by(db: firestore.Client, uid: str) -> Query:
    """Commands that a person gave as an operator, in any area."""
    return db.collection_group("commands").where(filter=FieldFilter("by", "==", uid))


def signals_of_now(db: firestore.Client, area: str, now_ms: int, most: int) -> Query:
    """The signals of an area that still matter: of what is dark, and of what was lately."""
    return db.collection(f"areas/{area}/signals").where(filter=FieldFilter("until_ms", ">", now_ms)).limit(most)


def outages_of_now(db: firestore.Client, area: str, now_ms: int, most: int) -> Query:
    """The outages of an area that last, or ended lately enough to hear more of them."""
    return db.collection(f"areas/{area}/outages").where(filter=FieldFilter("until_ms", ">", now_ms)).limit(most)


def outages_to_look_at(db: firestore.Client, now_ms: int, most: int) -> Query:
    """Outages of all areas that were to be looked at before now, longest ago first."""
    found = db.collection_group("outages").where(filter=FieldFilter("look_ms", "<", now_ms))
    return found.order_by("look_ms").select([]).limit(most)


def loads_to_switch(db: firestore.Client, now_ms: int, most: int) -> Query:
    """Homes whose load ought to have been switched on again before now, longest ago first."""
    found = db.collection("homes").where(filter=FieldFilter("relay.renew_ms", "<", now_ms))
    return found.order_by("relay.renew_ms").select([]).limit(most)


def enrolment_by_code(db: firestore.Client, mac: str) -> Query:
    """The enrolment that waits for this user code."""
    return (
        db.collection("enrolments")
        .where(filter=FieldFilter("user_code_mac", "==", mac))
        .where(filter=FieldFilter("state", "==", "pending"))
        .limit(1)
    )


def any_of(db: firestore.Client, home: str, collection: str) -> Query:
    """A day of a home, or a month of its market prices, if it has any."""
    return db.collection(f"homes/{home}/{collection}").limit(1)


def first_day(db: firestore.Client, home: str) -> Query:
    """The oldest day of a home."""
    return db.collection(f"homes/{home}/days").order_by("day").limit(1)


def last_day(db: firestore.Client, home: str) -> Query:
    """The newest day of a home."""
    return db.collection(f"homes/{home}/days").order_by("day", direction=Query.DESCENDING).limit(1)


def documents_after(db: firestore.Client, collection: str, after: str, most: int) -> Query:
    """The documents of a collection in the order of their ids, from the one after that id on; "": from the first."""
    found = db.collection(collection).order_by("__name__").limit(most)
    return found.start_after({"__name__": db.document(f"{collection}/{after}")}) if after else found


def batches_of(db: firestore.Client, home: str, job: str) -> Query:
    """The months of an import that wait to be brought in, oldest first."""
    return db.collection(f"homes/{home}/jobs/{job}/batches").order_by("month")


def imports_to_finish(db: firestore.Client, most: int) -> Query:
    """Imports of all homes that are being brought in."""
    return db.collection_group("jobs").where(filter=FieldFilter("state", "==", "applying")).limit(most)


def days_between(db: firestore.Client, home: str, first_day: str, last_day: str) -> Query:
    """The days of a home, oldest first."""
    return _between(db.collection(f"homes/{home}/days"), "day", first_day, last_day)


def registers_between(db: firestore.Client, home: str, first_day: str, last_day: str) -> Query:
    """The registers at both ends of each of those days, oldest first."""
    return days_between(db, home, first_day, last_day).select(["day", "regs0", "regs1"])


def months_between(db: firestore.Client, home: str, first_month: str, last_month: str) -> Query:
    """The months of a home, oldest first."""
    return _between(db.collection(f"homes/{home}/months"), "month", first_month, last_month)


def written_since(db: firestore.Client, home: str, collection: str, since: datetime) -> Query:
    """The months, or the prices, of a home that were written since then, oldest writing first."""
    return (
        db.collection(f"homes/{home}/{collection}").where(filter=FieldFilter("updated", ">", since)).order_by("updated")
    )


def from_month(db: firestore.Client, home: str, collection: str, first_month: str) -> Query:
    """The months, or the prices, of a home from one on, oldest first."""
    found = db.collection(f"homes/{home}/{collection}").where(filter=FieldFilter("month", ">=", first_month))
    return found.order_by("month")


def oldest_day(db: firestore.Client, home: str, first_day: str, last_day: str) -> Query:
    """The first day of a home within those, if there is one."""
    return days_between(db, home, first_day, last_day).limit(1)


def newest_day(db: firestore.Client, home: str, first_day: str, last_day: str) -> Query:
    """The last day of a home within those, if there is one."""
    days = db.collection(f"homes/{home}/days")
    within = days.where(filter=FieldFilter("day", ">=", first_day)).where(filter=FieldFilter("day", "<=", last_day))
    return within.order_by("day", direction=Query.DESCENDING).limit(1)


def days_written_since(db: firestore.Client, since: datetime) -> Query:
    """Days of all homes written since then, oldest writing first."""
    return db.collection_group("days").where(filter=FieldFilter("updated", ">", since)).order_by("updated")


def alerts_begun(db: firestore.Client, home: str, first_ms: int, last_ms: int) -> Query:
    """The alerts of a home whose event began between those moments, oldest first."""
    alerts = db.collection(f"homes/{home}/alerts")
    within = alerts.where(filter=FieldFilter("start_ms", ">=", first_ms))
    return within.where(filter=FieldFilter("start_ms", "<=", last_ms)).order_by("start_ms")


def alerts_to_push(db: firestore.Client, now_ms: int, most: int) -> Query:
    """Alerts of all homes of which somebody was to be told before now, longest ago first."""
    return db.collection_group("alerts").where(filter=FieldFilter("due_ms", "<", now_ms)).order_by("due_ms").limit(most)


def alerts_rated_since(db: firestore.Client, home: str, since_ms: int, most: int) -> Query:
    """The alerts of a home that were rated since then, the newest rating first; some of them were taken back."""
    since = db.collection(f"homes/{home}/alerts").where(filter=FieldFilter("rated_ms", ">", since_ms))
    return since.order_by("rated_ms", direction=Query.DESCENDING).limit(most)


def repricings_left(db: firestore.Client, most: int) -> Query:
    """Re-pricings of all homes with days that are still priced under an old revision of the tariffs."""
    return db.collection_group("jobs").where(filter=FieldFilter("left_until", ">", "")).limit(most)


def homes_not_trained(db: firestore.Client, since_ms: int, most: int) -> Query:
    """What is known of the model in homes with a meter last trained before then, longest ago first."""
    return (
        db.collection_group("insight")
        .where(filter=FieldFilter("trained_ms", "<", since_ms))
        .order_by("trained_ms")
        .limit(most)
    )


def _between(collection: firestore.CollectionReference, field: str, first: str, last: str) -> Query:
    return (
        collection.where(filter=FieldFilter(field, ">=", first))
        .where(filter=FieldFilter(field, "<=", last))
        .order_by(field)
    )
