"""The figures of a lock, from when each client asked for it, was told that it owns it, and released it."""

import collections
import itertools
import statistics

from programs import fail


def figures(measured, plan, sent, scripted):
    """The figures of one peer in one round. Times of what was measured are in ns, and count from its start on."""
    grants = sorted(measured["grants"], key=lambda grant: grant[2])
    begin, end = plan["warm_up_s"] * 1e9, plan["seconds"] * 1e9
    counts, hand_offs = collections.Counter(), []
    for (owner, _, _, released), (next_owner, _, granted, _) in itertools.pairwise(grants):
        if granted < released:
            fail(f"two clients had the lock of {plan['way']} at once")
        if begin <= granted < end:
            counts[next_owner] += 1
            if next_owner != owner:
                hand_offs.append((granted - released) / 1000)
    waits = [granted - asked for _, asked, granted, _ in grants if begin <= granted and asked < end]
    fewest, most = min(counts[number] for number in range(plan["clients"])), max(counts.values())
    ping, p50 = statistics.median(measured["pings"]) / 1000, percentile(hand_offs, 50)
    handed_over = len(hand_offs) / counts.total()
    return {
        "grants_per_second": counts.total() / (plan["seconds"] - plan["warm_up_s"]),
        "handed_over": handed_over,
        "p50_us": p50,
        "p99_us": percentile(hand_offs, 99),
        "ping_us": ping,
        "round_trips": p50 and p50 / ping,
        "longest_wait_ms": max(waits) / 1e6,
        "fewest": fewest,
        "most": most,
        "evenness": fewest / most,
        # The server counted from before the start until after the end.
        "commands_per_grant": sent / len(grants),
        "scripted_per_grant": scripted / len(grants),
        "commands_per_hand_over": sent / len(grants) / handed_over if handed_over else None,
    }


def percentile(figures, percent):
    """None where there are too few figures."""
    if len(figures) < 2:
        return None
    return statistics.quantiles(figures, n=100, method="inclusive")[percent - 1]


def medians(rounds):
    """The median of each figure, of the rounds that have it."""
    known = {name: [figures[name] for figures in rounds if figures[name] is not None] for name in rounds[0]}
    return {name: statistics.median(figures) if figures else None for name, figures in known.items()}
