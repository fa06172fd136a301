"""The HTTP client against a server that need not be a good one."""

import asyncio
import gc

import link


def ask(port, timeout_s, times):
    """What each of so many requests over one Link gave: [status, mac, body], or "unreachable"."""
    link._TIMEOUT_S = timeout_s
    return asyncio.run(_ask(link.Link("127.0.0.1", port), times))


async def _ask(connection, times):
    found = []
    for number in range(times):
        try:
            answer = await (connection.post("/x", b"asked") if number % 2 else connection.get("/x"))
            found.append(list(answer))
        except link.Unreachable:
            found.append("unreachable")
    connection.close()
    return found


def memory_after(port, timeout_s, times):
    """Bytes held after so many requests beyond what one of them needs; MicroPython only."""
    ask(port, timeout_s, 1)
    gc.collect()
    before = gc.mem_alloc()
    ask(port, timeout_s, times)
    gc.collect()
    return gc.mem_alloc() - before
