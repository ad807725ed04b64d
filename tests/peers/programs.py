"""The programs that take the locks, one for each language, and what they need."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys

SOURCES = os.path.dirname(os.path.abspath(__file__))
# Everything that is installed or built goes here.
INSTALLED = os.path.abspath(f"{SOURCES}/../../target/peers")


def fail(why):
    sys.exit(f"bench-peers: {why}")


def progress(text):
    """Shows what is done now, where someone looks."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def need(program, remedy):
    """Fails where a program is missing."""
    shutil.which(program) or fail(f"{program} is missing: {remedy}")


def run(*command, **options):
    """What a program prints. Fails with the last line of its errors."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip() or f"it ended with {done.returncode}"
        fail(f"{os.path.basename(command[0])}: {said.splitlines()[-1]}")
    return done.stdout


def install(language, pins, *commands):
    """Installs packages by commands, unless these versions are there. Pins are the files that name the versions."""
    folder = f"{INSTALLED}/{language}"
    stamp = f"{folder}/installed.json"
    wanted = {pin: open(f"{SOURCES}/{language}/{pin}").read() for pin in pins}
    if os.path.exists(stamp) and json.load(open(stamp)) == wanted:
        return
    progress(f"installing packages of {language}")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for pin in pins:
        shutil.copy(f"{SOURCES}/{language}/{pin}", folder)
    for command in commands:
        run(*command, cwd=folder)
    with open(stamp, "w") as file:
        json.dump(wanted, file)


def prepare():
    """The command that starts the program of each language, installed and built."""
    importlib.util.find_spec("ensurepip") or fail("Python cannot make environments: apt-get install python3-venv")
    need("node", "install Node.js 20 or later")
    need("npm", "install Node.js 20 or later")
    cargo = os.environ.get("CARGO", "cargo")
    need(cargo, "install Rust, for example by rustup")

    pip = ["venv/bin/pip", "install", "--quiet", "--requirement", "requirements.txt"]
    install("python", ["requirements.txt"], [sys.executable, "-m", "venv", "venv"], pip)
    install("node", ["package.json", "package-lock.json"], ["npm", "ci", "--silent", "--engine-strict"])
    # Where node looks for packages.
    os.environ["NODE_PATH"] = f"{INSTALLED}/node/node_modules"
    progress("building the program in Rust")
    target = ["--manifest-path", f"{SOURCES}/rust/Cargo.toml", "--target-dir", f"{INSTALLED}/rust"]
    run(cargo, "build", "--release", "--locked", "--quiet", *target)
    return {
        "python": [f"{INSTALLED}/python/venv/bin/python", f"{SOURCES}/python/peer.py"],
        "node": ["node", f"{SOURCES}/node/peer.js"],
        "rust": [f"{INSTALLED}/rust/release/seckill-peer"],
    }
