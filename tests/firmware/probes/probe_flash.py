"""Plays steps on objects that need a flash: a dictionary for blobs, a directory for the outbox."""

import os

import downlink
import outbox

from contract.refusal import Refusal


def outbox_steps(path, sizes, steps):
    """sizes: ram_records, segment_records, max_segments. Records are (kind, payload)."""
    box = outbox.Outbox(path, *sizes)
    found = []
    for step in steps:
        if step[0] == "again":
            box = outbox.Outbox(path, *sizes)
        elif step[0] == "len":
            found.append(len(box))
        elif step[0] == "dropped":
            found.append(box.dropped)
        elif step[0] == "files":
            found.append(sorted(os.listdir(path)))
        else:
            found.append(getattr(box, step[0])(*step[1:]))
    return found


def downlink_steps(meter, k_meter, flash, provisioned, steps):
    """flash: blobs by name. Returns what the steps gave, and the flash as it is then."""
    is_full = []

    def store(name, blob):
        if is_full:
            raise OSError(28)
        flash[name] = blob

    made = downlink.Downlink(meter, k_meter, flash.get, store, provisioned)
    found = []
    for step in steps:
        try:
            if step[0] == "again":
                made = downlink.Downlink(meter, k_meter, flash.get, store, provisioned)
            elif step[0] == "fill":
                is_full.append(True)
            elif step[0] == "get":
                found.append(getattr(made, step[1]))
            elif step[0] == "config":
                found.append(getattr(made.config, step[1]))
            elif step[0] == "model_version":
                found.append(made.model.version if made.model is not None else 0)
            else:
                found.append(getattr(made, step[0])(*step[1:]))
        except Refusal as refusal:
            found.append(["refused", refusal.code, refusal.field])
    return [found, flash]
