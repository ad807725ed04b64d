"""A server with the module, for one run."""

import contextlib
import signal
import subprocess
import sys
import tempfile
import time

from programs import fail, need, run


class Server:
    """The server, by its socket."""

    def __init__(self, socket):
        self.socket = socket

    def call(self, *command):
        """What redis-cli prints."""
        return run("redis-cli", "-s", self.socket, *command)

    def info(self, section):
        """The fields of a section of INFO."""
        lines = self.call("INFO", section).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def calls(self, commands):
        """How often these commands were executed since the last clear(), within scripts, too."""
        stats = self.info("commandstats")
        counts = (stats.get(f"cmdstat_{name}", "calls=0,") for name in commands)
        return sum(int(count.removeprefix("calls=").split(",")[0]) for count in counts)

    def clear(self):
        """Forgets all keys and counts."""
        self.call("FLUSHALL")
        self.call("CONFIG", "RESETSTAT")


@contextlib.contextmanager
def start(seckill):
    """A server that keeps nothing. The program `seckill` starts it and ends it."""
    need("redis-cli", "apt-get install redis-tools")
    # So that SIGTERM ends the server, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory() as home:
        socket = f"{home}/socket"
        command = [seckill, "serve", "--port", "0", "--throwaway", "--unixsocket", socket]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while subprocess.run(["redis-cli", "-s", socket, "PING"], capture_output=True).returncode:
                if process.poll() is not None:
                    fail(f"the server ended with {process.returncode}")
                time.sleep(0.01)
            yield Server(socket)
        finally:
            process.terminate()
            process.wait()
