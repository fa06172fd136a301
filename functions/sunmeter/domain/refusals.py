"""The cloud's one family of errors: why a request as a whole is refused, and what to do about it.

Single items of a hub's batch are refused with the contract's plain `Refusal`; people and programs that called us get
`Refused`, whose code decides the HTTP status and the sentence.
"""

from dataclasses import dataclass

from ..contract.refusal import Refusal


@dataclass(frozen=True)
class Meaning:
    """What a code stands for at the border."""

    http: int
    sentence: str


MEANINGS = {
    "malformed": Meaning(400, "Something in the request is missing or not of the right kind. Check the field named."),
    "out_of_range": Meaning(400, "A value lies outside what is possible. Check the field named."),
    "too_large": Meaning(413, "The request is too large. Send it in smaller parts."),
    "too_many": Meaning(413, "Too many entries in one request. Send fewer at a time."),
    "unauthenticated": Meaning(401, "Sign in and try again."),
    "people_only": Meaning(403, "This is for people. Sign in with your own account, not with the hub's."),
    "hubs_only": Meaning(403, "This is for hubs. Enrol the hub in the app and let it sign in by itself."),
    "revoked": Meaning(403, "This hub's access was withdrawn. Enrol it again in the app."),
    "not_verified": Meaning(403, "Confirm your e-mail address first: open the link we sent you, then sign in again."),
    "no_such_home": Meaning(
        404, "There is no such home among yours. Choose one of yours, or ask its owner to invite you."
    ),
    "owners_only": Meaning(403, "Only an owner of the home can do this. Ask one of its owners."),
    "members_only": Meaning(403, "Viewers can look but not change. Ask an owner of the home to make you a member."),
    "operators_only": Meaning(
        403, "Only an operator of this area can do this. Ask whoever runs the project; then sign out and in again."
    ),
    "no_such_meter": Meaning(404, "There is no such meter in this area. Check its name in the list of the area."),
    "nobody_consents": Meaning(412, "None of these homes consents to shedding. Ask their owners: they can in the app."),
    "no_such_alert": Meaning(404, "This alert no longer exists. Go back to the list of alerts."),
    "not_a_load": Meaning(
        412, "This alert is not about a load. Mute its kind for yourself instead, in the settings of your account."
    ),
    "no_meter": Meaning(412, "No meter is connected to this home yet. Add the meter first."),
    "not_measured": Meaning(
        412, "Nothing was measured at that time by the meter of today. Choose a time on a day without gaps."
    ),
    "other_registers": Meaning(
        412, "Between the readings the meter was changed, or its calibration. Take readings from after that."
    ),
    "future": Meaning(400, "This time is still to come. Check the date and the hour."),
    "too_little": Meaning(412, "Hardly any energy flowed between the readings. Read the utility's meter again later."),
    "nothing_proposed": Meaning(412, "This correction is not proposed any more. Look at the newest one."),
    "not_told_yet": Meaning(
        412, "The meter has not yet told which calibration it uses. Keep it switched on and try again in a minute."
    ),
    "calibration_unknown": Meaning(
        412, "The meter's configuration carries a whole calibration. Correct that one instead."
    ),
    "wrong_code": Meaning(
        404, "This code is not known. Compare it with what the hub shows, or start again on the hub."
    ),
    "no_such_hub": Meaning(404, "There is no such hub among yours. Choose one that you have enrolled."),
    "no_such_release": Meaning(404, "There is no such firmware. Publish it first: python -m dev.release --publish."),
    "damaged_release": Meaning(412, "A file of this release is not what its manifest says. Publish it anew."),
    "older_release": Meaning(
        409, "The meter was told of a newer firmware already. Publish the old one under a greater number."
    ),
    "expired": Meaning(410, "This enrolment is over. Start it again on the hub and enter the new code."),
    "wrong_label": Meaning(404, "This is not the code of a meter. Compare it with the label, letter by letter."),
    "not_sighted": Meaning(
        412, "The meter has not been heard by your hub lately. Switch it on within reach of the hub and try again."
    ),
    "claimed": Meaning(409, "This meter already belongs to another home. Its owner must release it first."),
    "zone_fixed": Meaning(
        409,
        "The home's days and prices are cut in its time zone, which stays as it is. Make another home for another one.",
    ),
    "currency_fixed": Meaning(409, "The home's tariffs are in its currency. Delete them before you change it."),
    "no_such_member": Meaning(404, "This person is not a member of the home. Choose one of its members."),
    "member_already": Meaning(409, "You are a member of this home already."),
    "last_owner": Meaning(
        409, "A home needs an owner. Make another member its owner first, or delete the home if it is to go."
    ),
    "no_such_invitation": Meaning(
        404, "This invitation was used or withdrawn, or its link is not complete. Ask for another one."
    ),
    "invitation_over": Meaning(410, "This invitation is over. Ask for another one."),
    "other_address": Meaning(
        403, "This invitation is for another e-mail address. Sign in with the one that it was sent to."
    ),
    "wrong_neighbour_code": Meaning(
        404, "This code is not known or is over. Compare it with what your neighbour sees, or ask for a new one."
    ),
    "name_differs": Meaning(412, "This is not what is to be deleted. Type the name, or your e-mail address, exactly."),
    "choose_fate": Meaning(
        412, "You are the only owner of this home. Say whether it is to be deleted, or which member it passes to."
    ),
    "sign_in_again": Meaning(403, "This cannot be undone: sign in again with your password, then ask once more."),
    "not_understood": Meaning(
        400, "This file is none of the kinds that can be read. Choose another one, or say which column holds what."
    ),
    "which_columns": Meaning(400, "Say which column or sensor holds import, export and solar, and in which unit."),
    "no_such_column": Meaning(400, "The file has no such column. Choose one of those it has."),
    "step_too_long": Meaning(
        400, "The file's values are more than an hour apart, which is too far for quarters of an hour. Export it finer."
    ),
    "wrong_piece": Meaning(409, "A piece of the file is missing before this one. Send the pieces in their order."),
    "not_ready": Meaning(409, "This import cannot be brought in yet, or was already. Look at its state first."),
    "nothing_to_import": Meaning(412, "Nothing in the file could be taken. Look at the errors, line by line."),
    "no_such_job": Meaning(404, "This import or export is not known any more. Start it again."),
    "quota": Meaning(429, "You have reached the limit of what one account may hold."),
    "try_later": Meaning(429, "Too many tries. Wait a while before you try again."),
    "live_used_up": Meaning(429, "The live view has been used for as long as a day allows. Come back tomorrow."),
    "method": Meaning(405, "Use POST."),
}


class Refused(Refusal):
    """A request is refused as a whole. Its code is one of MEANINGS."""

    def __init__(self, code: str, field: str = "", retry_after_s: int | None = None):
        super().__init__(code, field)
        self.retry_after_s = retry_after_s  # None: waiting does not help


def meaning_of(refusal: Refusal) -> Meaning:
    """Status and sentence of any refusal; a code that has no meaning of its own is that of a malformed request."""
    return MEANINGS.get(refusal.code, MEANINGS["malformed"])
