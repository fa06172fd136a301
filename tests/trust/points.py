"""The twenty points by which Sunmeter's security is judged, and the tests that hold each.

They follow ETSI EN 303 645, the OWASP IoT Top 10 (2018) and the GDPR; clause numbers are for orientation, no
conformity is claimed. `python -m tests.trust.points` writes docs/security-points.md of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from dev.paths import ROOT

PAGE = ROOT / "docs" / "security-points.md"


@dataclass(frozen=True)
class Point:
    """One promise, where it comes from, and its tests: `file::test`, without parameters."""

    promise: str
    source: str
    tests: tuple[str, ...]


def _in(file: str, *tests: str) -> tuple[str, ...]:
    return tuple(f"tests/{file}.py::test_{test}" for test in tests)


POINTS = (
    Point(
        "No two devices share a secret, and none is published",
        "EN 303 645 5.1 · OWASP I1",
        _in("contract/test_wire", "a_thousand_meters_share_no_key")
        + _in("trust/test_repository", "no_version_of_any_file_holds_a_secret"),
    ),
    Point(
        "A code that lets somebody in ends in time, works once, and cannot be guessed",
        "EN 303 645 5.1-5 · OWASP I1",
        _in(
            "emulator/test_enrolment",
            "a_wrong_label_is_refused_and_after_five_so_is_the_right_one",
            "a_wrong_code_is_refused_and_after_five_so_is_a_right_one",
            "an_enrolment_ends_after_fifteen_minutes",
            "the_credentials_are_handed_over_once",
            "of_two_who_type_one_code_at_once_one_has_the_hub",
        )
        + _in(
            "emulator/test_members",
            "whoever_has_the_link_joins_once_and_nobody_after",
            "an_invitation_ends_after_a_week_and_when_it_is_withdrawn",
            "ten_codes_are_enough_to_try",
        ),
    ),
    Point(
        "A weakness can be reported, and is answered in time",
        "EN 303 645 5.2",
        _in("trust/test_repository", "a_weakness_is_reported_privately_and_answered_in_time"),
    ),
    Point(
        "No byte of firmware runs that was not signed for this meter",
        "EN 303 645 5.3, 5.7 · OWASP I4",
        _in(
            "firmware/test_update",
            "bad_manifests_are_refused_alike",
            "a_file_that_is_not_as_signed_is_refused_and_fetched_again_after_a_wait",
            "a_slot_that_is_not_what_its_manifest_says_is_never_started",
        )
        + _in(
            "firmware/test_app_update",
            "what_was_put_beside_a_slot_is_never_imported",
            "what_is_too_large_is_refused_and_metering_goes_on",
        ),
    ),
    Point(
        "A firmware that fails is undone, and an older one is refused",
        "EN 303 645 5.3 · OWASP I4",
        _in(
            "firmware/test_update",
            "a_firmware_that_never_proves_itself_is_undone_told_and_not_taken_again",
            "an_older_manifest_is_stale_and_the_same_is_no_news",
            "the_floor_holds_where_only_the_factory_is_left",
        )
        + _in("firmware/test_app_update", "a_firmware_that_crashes_is_left_for_the_one_before"),
    ),
    Point(
        "Secrets are in no log",
        "EN 303 645 5.4 · OWASP I7",
        _in(
            "trust/test_canary",
            "the_functions_log_no_key_no_token_no_code_and_no_password",
            "a_hub_logs_no_key_no_token_and_no_password",
            "a_leak_would_be_found",
        )
        + _in("emulator/test_enrolment", "neither_code_nor_password_is_stored"),
    ),
    Point(
        "The hub speaks to the cloud only: certificates are verified",
        "EN 303 645 5.5 · OWASP I7",
        _in("trust/test_certificates", "any_other_server_gets_neither_token_nor_reading"),
    ),
    Point(
        "Every message of a meter is authentic: no flipped bit passes",
        "EN 303 645 5.5 · OWASP I3",
        _in("contract/test_wire", "every_flipped_bit_is_refused")
        + _in("edge/test_receive", "every_flipped_bit_of_a_frame_is_refused")
        + _in("firmware/test_session", "any_change_of_a_reply_gives_a_reply_or_a_refusal"),
    ),
    Point(
        "Whatever is replayed changes nothing",
        "EN 303 645 5.5 · OWASP I3",
        _in(
            "edge/test_receive",
            "a_replayed_request_is_acknowledged_again_and_changes_nothing",
            "what_was_recorded_passes_for_no_sign_of_life_even_over_a_restart",
        )
        + _in("emulator/test_ingest", "a_replayed_request_writes_nothing")
        + _in("firmware/test_downlink", "a_command_is_carried_out_once_even_over_a_restart"),
    ),
    Point(
        "No port is open but the documented ones, and a meter runs no text from outside",
        "EN 303 645 5.6 · OWASP I2",
        _in(
            "trust/test_doors",
            "a_hub_listens_where_it_was_told_to_and_nowhere_else",
            "a_meter_opens_no_port_and_runs_no_text",
        )
        + _in("edge/test_receive", "nothing_but_the_two_routes_is_served"),
    ),
    Point(
        "What no rule allows is denied, for everybody and every path",
        "EN 303 645 5.6, 5.8 · OWASP I3",
        _in("emulator/test_rules", "every_cell_of_the_table_holds"),
    ),
    Point(
        "Homes, hubs and meters are apart",
        "EN 303 645 5.5 · OWASP I3",
        _in(
            "emulator/test_enrolment",
            "a_hub_gets_keys_of_its_own_meters_only",
            "a_meter_of_another_home_cannot_be_claimed_away",
            "a_stranger_s_hub_does_not_stand_between_a_meter_and_its_own",
        )
        + _in("emulator/test_containment", "a_home_that_has_left_the_area_is_not_shed_by_its_operator_any_more")
        + _in("client/test_visit", "an_answer_that_comes_after_signing_out_lets_nobody_in_again")
        + _in("emulator/test_rules", "a_hub_writes_no_live_reading_of_a_meter_of_another_home")
        + _in("emulator/test_ingest", "what_is_refused_says_why_while_its_neighbours_land"),
    ),
    Point(
        "Whatever comes in, only named errors come of it",
        "EN 303 645 5.13 · OWASP I3",
        _in("unit/functions/test_fuzz", "only_named_errors_come_of_whatever_is_sent")
        + _in("emulator/test_spoilt", "what_is_stored_is_exactly_what_was_accepted"),
    ),
    Point(
        "A flood gets little and has a bill that is known beforehand",
        "EN 303 645 5.6 · OWASP I3",
        _in(
            "edge/test_guard",
            "a_flood_from_one_address_gets_little_and_the_meters_get_theirs",
            "a_meter_that_floods_has_its_own_rate",
        )
        + _in(
            "emulator/test_members",
            "twenty_invitations_are_enough_for_a_quarter_of_an_hour",
            "twenty_letters_to_strangers_are_enough_for_a_day",
        )
        + _in("emulator/test_ingest", "a_hub_makes_so_many_alerts_a_day_and_no_more")
        + _in("emulator/test_enrolment", "a_hub_that_invents_meters_makes_few")
        + _in("emulator/test_takeaway", "who_begins_anew_without_end_is_told_to_wait")
        + _in("unit/functions/test_web", "a_stranger_sends_little", "a_call_is_small_but_for_a_piece_of_a_file")
        + _in("unit/functions/test_buckets", "who_has_a_network_of_addresses_counts_as_one")
        + _in("unit/functions/test_preflight", "all_instances_together_have_a_bound"),
    ),
    Point(
        "Access that is withdrawn ends at once",
        "OWASP I8",
        _in(
            "emulator/test_enrolment",
            "a_revoked_hub_is_shut_out_at_once",
            "an_owner_revokes_a_hub_and_by_enrolling_it_again_has_it_back",
        )
        + _in("emulator/test_members", "an_owner_changes_roles_and_removes_and_others_do_not"),
    ),
    Point(
        "Outages are survived: nothing is lost, nothing counted twice",
        "EN 303 645 5.9",
        _in("edge/faults/test_backlog", "a_week_offline_with_ten_meters_arrives_whole_newest_first")
        + _in("edge/faults/test_kills", "killed_at_random_points_it_loses_nothing_and_counts_nothing_twice")
        + _in("edge/faults/test_power_cuts", "through_power_cuts_it_loses_nothing_and_counts_nothing_twice")
        + _in("edge/faults/test_cloud", "after_any_failure_everything_arrives"),
    ),
    Point(
        "What was refused, let go or lost is counted and shown",
        "EN 303 645 5.10",
        _in("edge/test_guard", "what_was_let_go_is_counted_and_shown")
        + _in("edge/test_receive", "requests_turned_away_whole_are_counted_and_shown")
        + _in("edge/faults/test_boot_ids", "what_a_second_boot_of_the_same_id_says_is_kept_apart_and_counted"),
    ),
    Point(
        "Who leaves is forgotten: no document names them",
        "EN 303 645 5.11 · GDPR 17",
        _in(
            "emulator/test_erasing",
            "nothing_is_left_that_names_a_person_who_deletes_account_and_home",
            "what_was_under_way_when_a_home_was_buried_is_swept_too",
        ),
    ),
    Point(
        "All of one's data can be taken along, and read elsewhere",
        "GDPR 15, 20",
        _in("emulator/test_takeaway", "a_year_as_csv_and_everything_as_json_go_out_and_come_in_again"),
    ),
    Point(
        "Nothing is kept longer than it is needed",
        "EN 303 645 6 · OWASP I6",
        _in("unit/functions/test_indexes", "what_expires_has_a_time_to_live")
        + _in("edge/test_forget", "raw_readings_go_after_thirty_days_and_not_before"),
    ),
)


def page() -> str:
    rows = []
    for number, point in enumerate(POINTS, start=1):
        tests = "<br>".join(f"[{name.removeprefix('test_')}](../{file})" for file, name in map(_split, point.tests))
        rows.append(f"| {number} | {point.promise} | {point.source} | {tests} |")
    return "\n".join(
        (
            "# Twenty points, and the tests that hold them",
            "",
            "Written by `python -m tests.trust.points`; `make bench NAME=trust` runs the tests of each, and prints",
            "which are green. Sources are for orientation: no conformity is claimed. What is not protected stands in",
            "[security](security.md).",
            "",
            "| | promise | source | tests |",
            "|---|---|---|---|",
            *rows,
            "",
        )
    )


def _split(test: str) -> tuple[str, str]:
    file, _, name = test.partition("::")
    return file, name


if __name__ == "__main__":
    PAGE.write_text(page())
