"""The report as text, and whether the aims were reached."""

import collections

# The aims of SECKILL.LOCK with BLOCK.
MOST_ROUND_TRIPS = 2
LEAST_EVENNESS = 0.9
LEAST_TIMES_FEWER_COMMANDS = 5

COLUMNS = {
    "grants/s": ("grants_per_second", "{:,.0f}"),
    "handed over": ("handed_over", "{:.0%}"),
    "p50 µs": ("p50_us", "{:,.0f}"),
    "p99 µs": ("p99_us", "{:,.0f}"),
    "PING µs": ("ping_us", "{:,.0f}"),
    "p50/PING": ("round_trips", "{:.2f}"),
    "max wait ms": ("longest_wait_ms", "{:,.0f}"),
    "fewest": ("fewest", "{:,.0f}"),
    "most": ("most", "{:,.0f}"),
    "ratio": ("evenness", "{:.2f}"),
    "commands": ("commands_per_grant", "{:,.2f}"),
    "in scripts": ("scripted_per_grant", "{:,.2f}"),
    "a hand-over": ("commands_per_hand_over", "{:,.1f}"),
}
ABOUT = """\
A client takes the lock, keeps it for a section of 1 ms, releases it, and asks for it again at once.
grants/s         a section takes 1 ms and what the timer of the language adds
handed over      the share of the grants that went to another client than the owner before
p50, p99         the time of those: from just before the owner sends the release until the next owner is told. Where
                 few are handed over, they are the lucky tries in the moment before the owner has the lock again.
PING             the median round trip on one more such connection of the same process meanwhile, every 5 ms
max wait         the longest from asking for the lock until it is granted
fewest, most     the grants of the clients with the fewest and the most, and their ratio
commands         what clients sent for a grant, failed tries, too. What their scripts ran is beside that, and then what
                 clients sent for a hand-over, since an owner that takes the lock again at once needs no tries."""


def table(header, rows):
    """The lines of a table: names on the left, and numbers aligned on the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    for name, *cells in [header, *rows]:
        numbers = (f"{cell:>{width}}" for cell, width in zip(cells, widths[1:]))
        yield "  ".join([f"{name:<{widths[0]}}", *numbers])


def show(figure, shape):
    return "–" if figure is None else shape.format(figure)


def figures_table(peers, clients, results):
    """All figures with one number of clients."""
    shapes = COLUMNS.values()
    rows = [[name, *(show(results[name, clients][figure], shape) for figure, shape in shapes)] for name in peers]
    return table([f"{clients} clients", *COLUMNS], rows)


# The figure of an aim may be None, which is more than any other.
Aim = collections.namedtuple("Aim", "what bound figure reached")


def aims(peers, clients, results):
    """The aims with one number of clients."""
    ours = [name for name, peer in peers.items() if peer.is_seckill]
    others = [name for name in peers if name not in ours]
    for name in ours:
        figure = results[name, clients]["round_trips"]
        yield Aim(f"{name}: p50/PING", f"< {MOST_ROUND_TRIPS}", figure, figure < MOST_ROUND_TRIPS)
    for name in ours:
        figure = results[name, clients]["evenness"]
        yield Aim(f"{name}: fewest/most", f"≥ {LEAST_EVENNESS}", figure, figure >= LEAST_EVENNESS)
    for name in others if ours else []:
        for per, column in [("grant", "commands_per_grant"), ("hand-over", "commands_per_hand_over")]:
            theirs, unit = (results[either, clients][column] for either in [name, ours[0]])
            figure = theirs and theirs / unit
            reached = figure is None or figure >= LEAST_TIMES_FEWER_COMMANDS
            yield Aim(f"{name}: commands a {per}, × SECKILL", f"≥ {LEAST_TIMES_FEWER_COMMANDS}", figure, reached)


def aims_table(peers, numbers_of_clients, results):
    """Whether each aim is reached, with each number of clients."""
    columns = [list(aims(peers, clients, results)) for clients in numbers_of_clients]
    verdict = lambda aim: f"{show(aim.figure, '{:,.2f}')} {'✓' if aim.reached else '✗'}"
    rows = [[row[0].what, row[0].bound, *map(verdict, row)] for row in zip(*columns)]
    return table(["aim", "", *(f"{clients} clients" for clients in numbers_of_clients)], rows)
