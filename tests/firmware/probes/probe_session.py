"""A session's requests and what it makes of replies."""

import session

from contract.refusal import Refusal


def request(meter, boot_id, k_link, numbers, uptime_ms, versions, records):
    """The bodies of as many requests as `numbers` says."""
    made = session.Session(meter, boot_id)
    made.use_key(k_link)
    return [made.request(uptime_ms, versions, records) for _ in range(numbers)]


def reply(meter, boot_id, k_link, asked, body, mac):
    """The reply as verified after `asked` requests, or how it was refused."""
    made = session.Session(meter, boot_id)
    made.use_key(k_link)
    made.request_no = asked
    try:
        return made.reply(body, mac)
    except Refusal as refusal:
        return ["refused", refusal.code, refusal.field]


def assignment_of(body):
    try:
        return session.unsigned_assignment(body)
    except Refusal as refusal:
        return ["refused", refusal.code, refusal.field]
