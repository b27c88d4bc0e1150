# -*- coding: utf-8 -*-
"""Duijie 对接, started from a checkout with nothing but Python 3.11 or newer.

    python3 dj.py demo [--once]       watch orders cross a bad network, once each
    python3 dj.py test [PYTEST ARGS]  ruff, mypy and every test; with arguments pytest alone
    python3 dj.py test SCHEME.yaml    the cases beside a scheme
    python3 dj.py setup               prepare .venv and stop there
    python3 dj.py ANYTHING ELSE       the duijie command: python3 dj.py check SCHEME.yaml

The first start makes .venv here and installs the locked packages into it; later starts need no
network. `--system` (with demo, test, setup) may also install Debian packages where this user is
root: python3-venv, and chromium for the tests. `test --need-all` fails where a browser or a
database server is missing instead of skipping. Nothing else on the machine is touched.
"""
# Plain old words only: Python 2.7 and 3.6 must be able to read this file to say the line below.
from __future__ import print_function

import sys

VERSION = "%d.%d" % sys.version_info[:2]
if sys.version_info < (3, 11):
    sys.exit("Duijie needs Python 3.11 or newer, this is %s: try python3.11, 3.12 or 3.13." % VERSION)

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
LAUNCHER = BIN / "duijie"
STAMP = VENV / "duijie.stamp"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# Read by sh (which starts the venv's Python on this very file) and by Python; an ordinary first
# line with a path in it breaks where the path has blanks.
LAUNCH = """#!/bin/sh
'''exec' "$(dirname -- "$0")/python" "$0" "$@"
' '''
import sys
from webui.cli import main
sys.exit(main())
"""


# What is said to people, in English and in Chinese.
SAYS = {
    "ready": ("Ready: {0}", "已备好：{0}"),
    "failed": ("Failed: {0}", "未通过：{0}"),
    "preparing": (
        "Preparing .venv with Python {0}: only this once, about a minute …",
        "正在准备 .venv（Python {0}），只需这一次，约一分钟 …",
    ),
    "read-only": (
        "Cannot write here ({0}). Put the checkout where you may write.",
        "这里写不进去（{0}）。请把仓库放到可写的目录。",
    ),
    "no venv": (
        "No virtual environment can be made here. Install python3-venv or uv, then the same command again.",
        "这里无法建立虚拟环境。请先安装 python3-venv 或 uv，再运行同一命令。",
    ),
    "no packages": (
        "{0}\nThe packages could not be fetched: the first start needs the network, or a mirror in pip's\n"
        "own settings. Nothing is lost: run the same command again.",
        "{0}\n依赖包没有取到：首次启动需要网络，或在 pip 设置里配好镜像。\n不会丢什么，再运行同一命令即可。",
    ),
    "installing": ("Installing {0} …", "正在安装 {0} …"),
    "not root": (
        "{0} is missing; only root on Debian or Ubuntu can install it here.",
        "缺少 {0}；只有 Debian/Ubuntu 的 root 能在此安装。",
    ),
}


class Stop(Exception):
    """Ends the program with one plain sentence of SAYS."""


def main(args):
    """Run one command and give its exit code."""
    if not args or args[0] in ("-h", "--help", "help"):
        print(__doc__)
        return 0
    keep_compiled()
    name, rest = args[0], args[1:]
    schemes = any(arg.endswith((".yaml", ".yml")) for arg in rest)
    if name in ("demo", "test", "setup") and not schemes:
        system, rest = "--system" in rest, [arg for arg in rest if arg != "--system"]
        return {"demo": demo, "test": test, "setup": setup}[name](system, rest)
    ready("run", system=False)
    return become([PYTHON, LAUNCHER] + args)


def keep_compiled():
    """Where .pyc files are forbidden, each start would compile a hundred packages anew: they go into .venv."""
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        os.environ["PYTHONPYCACHEPREFIX"] = str(VENV / "pycache")


def demo(system, args):
    ready("run", system)
    return become([PYTHON, LAUNCHER, "demo"] + args)


def setup(system, _args):
    ready("dev", system)
    print(say("ready", LAUNCHER))
    return 0


def test(system, args):
    """Everything; pytest comes last so that its summary closes what is printed."""
    ready("dev", system)
    if system and not any(shutil.which(browser) for browser in BROWSERS):
        apt("chromium")
    surroundings = dict(os.environ)
    if "--need-all" in args:
        args = [arg for arg in args if arg != "--need-all"]
        surroundings["DUIJIE_NEED_ALL"] = "1"
    every = ["pytest", "-n", "auto", "--dist", "worksteal"]  # a process a core; no test leans on another
    steps = [["pytest"] + args] if args else [["ruff", "check", "--quiet"], ["mypy"], every]
    failed = [step[0] for step in steps if run_module(step, surroundings) != 0]
    if failed and failed != ["pytest"]:
        note("failed", ", ".join(failed))
    return 1 if failed else 0


def run_module(step, surroundings):
    return subprocess.call([str(PYTHON), "-m"] + step, cwd=str(ROOT), env=surroundings)


def become(command):
    """Hand this process over, so that signals reach the program itself."""
    command = [str(part) for part in command]
    if os.name == "nt":
        return subprocess.call(command)
    sys.stdout.flush()
    return os.execv(command[0], command)  # noqa: S606 (the venv's own Python)


# ---- the virtual environment


def ready(lock, system):
    """A .venv that holds this lock: at once where its stamp says so."""
    if stamped(lock):
        return
    note("preparing", VERSION)
    if venv_version() != VERSION or not installers():
        make_venv(system)
    install(lock)
    link()
    STAMP.write_text("\n".join(marks(lock)) + "\n")


def stamped(lock):
    """Whether .venv was made by this Python version and holds this lock, or one that contains it."""
    if not (PYTHON.exists() and STAMP.exists() and LAUNCHER.exists()):
        return False
    return {"python " + VERSION, mark(lock)} <= set(STAMP.read_text().splitlines())


def marks(lock):
    """The lines of the stamp. The dev lock holds everything of the run lock."""
    return ["python " + VERSION] + [mark(name) for name in ("run", "dev") if name in ("run", lock)]


def mark(lock):
    return lock + " " + hashlib.sha256(lock_file(lock).read_bytes()).hexdigest()


def lock_file(lock):
    return ROOT / "requirements" / (lock + ".txt")


def venv_version():
    """Which Python stands in .venv, as "3.12"; None where none starts."""
    said = quiet([PYTHON, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
    return said.stdout.strip() if said and said.returncode == 0 else None


def make_venv(system):
    """The first of the known ways that works here. A .venv of another Python is made anew."""
    VENV.mkdir(exist_ok=True)
    for way in ways():
        shutil.rmtree(str(VENV), ignore_errors=True)
        quiet(way)
        if venv_version() and installers():
            return
    if not system or not apt("python3-venv"):
        raise Stop(say("no venv"))
    make_venv(system=False)


def ways():
    """Commands that make .venv, the quickest first."""
    found = []
    if shutil.which("uv"):
        found.append(["uv", "venv", "--quiet", "--python", sys.executable, VENV])
    found.append([sys.executable, "-m", "venv", VENV])
    found.append([sys.executable, "-m", "venv", "--without-pip", VENV])
    found.append([sys.executable, "-m", "virtualenv", "--quiet", VENV])
    if shutil.which("virtualenv"):
        found.append(["virtualenv", "--quiet", "--python", sys.executable, VENV])
    return found


def installers():
    """Commands that install into .venv: uv, then the first pip there is."""
    found = [["uv", "pip", "install", "-q", "--python", PYTHON]] if shutil.which("uv") else []
    pips = [[PYTHON, "-m", "pip"], [sys.executable, "-m", "pip", "--python", PYTHON]]
    pips += [[PYTHON, wheel / "pip"] for wheel in Path("/usr/share/python-wheels").glob("pip-*.whl")]
    for pip in pips:
        said = quiet(pip + ["--version"])
        if said and said.returncode == 0:
            return found + [pip + ["install", "-q", "--no-input", "--retries", "3"]]
    return found


def install(lock):
    """Put the locked packages in, each checked against its hash."""
    for command in installers():
        said = quiet(command + ["--require-hashes", "-r", lock_file(lock)])
        if said and said.returncode == 0:
            return
    words = [line.strip() for line in (said.stdout + said.stderr).splitlines() if line.strip()]
    errors = [line for line in words if line.startswith("ERROR")] or words
    raise Stop(say("no packages", "\n".join("  " + line for line in errors[-3:])))


def link():
    """Make the checkout importable in .venv, and give it a `duijie` command.

    The way from site-packages up to the checkout is relative: it survives moving the folder, and
    no path with Chinese in it has to be read in whatever encoding the machine prefers.
    """
    asked = quiet([PYTHON, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"])
    packages = Path(asked.stdout.strip())
    (packages / "duijie.pth").write_text(os.path.relpath(str(ROOT), str(packages)) + "\n")
    LAUNCHER.write_text(LAUNCH)
    LAUNCHER.chmod(0o755)


# ---- the machine


def apt(package):
    """Install one Debian package where that is possible; whether it went well."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        note("not root", package)
        return False
    note("installing", package)
    surroundings = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    quiet(["apt-get", "update"], surroundings)
    said = quiet(["apt-get", "install", "--yes", "--no-install-recommends", package], surroundings)
    return said.returncode == 0


def quiet(command, surroundings=None):
    """Run a command and keep what it says; None where there is no such command."""
    command = [str(part) for part in command]
    options = {"stdin": subprocess.DEVNULL, "encoding": "utf-8", "errors": "replace", "env": surroundings}
    try:
        return subprocess.run(command, capture_output=True, check=False, **options)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None


def say(key, *args):
    """A sentence in the person's language: Chinese, unless the locale is another one."""
    names = ("DUIJIE_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
    tongue = next((os.environ[name] for name in names if os.environ.get(name)), "zh").lower()
    english, chinese = SAYS[key]
    return (chinese if tongue.startswith(("zh", "c", "posix")) else english).format(*args)


def note(key, *args):
    """To the person, beside what a program may read from our output."""
    print(say(key, *args), file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as stop:
        sys.exit(str(stop))
    except OSError as error:
        sys.exit(say("read-only", error))
    except KeyboardInterrupt:
        sys.exit(130)
