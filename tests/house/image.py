#!/usr/bin/python3
"""Follows a Dockerfile without an engine: image.py CONTEXT BASE.tar FOLDER.

Each stage becomes a folder under FOLDER, begun from the tar archive of a bare Debian; RUN happens
in it through chroot, COPY from CONTEXT obeys .dockerignore. Only what our Dockerfile uses is
understood; any other instruction is an error. At the end FOLDER/image.json tells the last stage's
root, user, working folder, environment and command. Needs root.
"""
import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
import sys


def instructions(path):
    text = re.sub(r"^\s*#.*\n", "", open(path, encoding="utf-8").read(), flags=re.M)
    for line in text.replace("\\\n", " ").split("\n"):
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word.upper(), rest.strip()


def ignored(context):
    path = os.path.join(context, ".dockerignore")
    lines = open(path, encoding="utf-8").read().split("\n") if os.path.exists(path) else []
    patterns = [line.strip().rstrip("/") for line in lines if line.strip() and line[0] != "#"]

    def matches(name):
        for pattern in patterns:
            if pattern.startswith("**/"):
                if fnmatch.fnmatch(os.path.basename(name), pattern[3:]):
                    return True
            elif fnmatch.fnmatch(name, pattern):
                return True
        return False
    return matches


def copy_context(context, target):
    skip = ignored(context)

    def ignore(folder, names):
        here = os.path.relpath(folder, context)
        return [n for n in names if skip(os.path.normpath(os.path.join(here, n)))]
    shutil.copytree(context, target, symlinks=True, ignore=ignore, dirs_exist_ok=True)


class Stage:
    def __init__(self, folder, base):
        self.root, self.environment, self.workdir, self.user, self.command = folder, {}, "/", "root", []
        os.makedirs(folder)
        subprocess.run(["tar", "-C", folder, "-xf", base], check=True)

    def inside(self, path):
        return os.path.join(self.root, os.path.join(self.workdir, path).lstrip("/"))

    def run(self, command):
        # In a process and mount namespace of its own, so that nothing is left running or mounted.
        subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child",
             f"--mount-proc={self.root}/proc", "chroot", f"--userspec={self.user}", self.root,
             "env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
             *[f"{k}={v}" for k, v in self.environment.items()],
             "sh", "-c", f"cd {shlex.quote(self.workdir)} && {command}"],
            check=True, stdin=subprocess.DEVNULL)


def follow(context, base, folder):
    stages, names = [], {}
    for word, rest in instructions(os.path.join(context, "Dockerfile")):
        if word == "FROM":
            if rest.split()[0] != "debian:12":
                raise SystemExit(f"the base is '{rest}', and only debian:12 is understood")
            stages.append(Stage(os.path.join(folder, f"stage{len(stages)}"), base))
            if " AS " in rest:
                names[rest.split()[-1]] = stages[-1]
            continue
        stage = stages[-1]
        if word == "RUN":
            stage.run(rest)
        elif word == "COPY":
            words = rest.split()
            if words[0].startswith("--from="):
                source = names[words[0][7:]].root + words[1]
                os.makedirs(os.path.dirname(stage.inside(words[2])), exist_ok=True)
                shutil.copy2(source, stage.inside(words[2]))
            elif words[0] == ".":
                copy_context(context, stage.inside(words[1]))
            else:
                raise SystemExit(f"COPY {rest}: not understood")
        elif word == "ENV":
            stage.environment.update(dict([rest.split("=", 1)]))
        elif word == "WORKDIR":
            stage.workdir = rest
            os.makedirs(stage.inside(""), exist_ok=True)
        elif word == "USER":
            stage.user = rest
        elif word == "CMD":
            stage.command = json.loads(rest)
        elif word != "EXPOSE":
            raise SystemExit(f"{word} is not understood")
    last = stages[-1]
    with open(os.path.join(folder, "image.json"), "w", encoding="utf-8") as file:
        json.dump({"root": last.root, "user": last.user, "workdir": last.workdir,
                   "environment": last.environment, "command": last.command}, file)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    follow(*[os.path.abspath(word) for word in sys.argv[1:]])
