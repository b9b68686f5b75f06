# SPDX-License-Identifier: MIT
"""What a shell completes, asked in that shell.

    shell = Zsh(folder, script)          # or Bash; script: fulcra completions zsh
    shell.complete("module", "re")       # what is offered for the last word
"""

import os
import pty
import subprocess
import threading

from client import BUILD, wait_for

PATH = f"{BUILD}:{os.environ['PATH']}"


class Bash:
    def __init__(self, folder, script, env={}):
        self.script, self.env = folder / "fulcra.bash", env
        self.script.write_text(script)

    def complete(self, *words):
        quoted = " ".join(f"'{word}'" for word in ("fulcra", *words))
        result = subprocess.run(
            ["bash", "-c", f"source {self.script}; COMP_WORDS=({quoted}); "
             f"COMP_CWORD={len(words)}; _fulcra; printf '%s\\n' \"${{COMPREPLY[@]}}\""],
            capture_output=True, text=True, check=True,
            env={**os.environ, "PATH": PATH, **self.env})
        assert result.stderr == ""
        return result.stdout.split()

    def close(self):
        pass


# compadd is given what is offered, and by -O, -A and -D only asked which of it
# fits; a line "." ends what one key brought.
ZSHRC = r"""
setopt extended_glob
fpath=($ZDOTDIR $fpath)
autoload -U compinit && compinit -D -u
compadd() {
    local -a fit
    if [[ ${@[1,(i)--]} != *-[a-zA-Z12]#[OAD]* ]]; then
        builtin compadd -O fit "$@"
        print -rl -- $fit >>$ZDOTDIR/offered
    fi
    builtin compadd "$@"
}
offer() { _main_complete; compstate[insert]= compstate[list]=; print . >>$ZDOTDIR/offered }
zle -C offer complete-word offer
bindkey '^I' offer
"""


class Zsh:
    """One that is typed to."""

    def __init__(self, folder, script, env={}):
        (folder / "_fulcra").write_text(script)
        (folder / ".zshrc").write_text(ZSHRC)
        self.offered = folder / "offered"
        self.keys, terminal = pty.openpty()
        self.process = subprocess.Popen(
            ["zsh", "-i"], stdin=terminal, stdout=terminal, stderr=terminal,
            start_new_session=True, env={**os.environ, "ZDOTDIR": str(folder),
                                         "TERM": "dumb", "PATH": PATH, **env})
        os.close(terminal)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        """So that it does not wait for somebody who looks."""
        try:
            while os.read(self.keys, 4096):
                pass
        except OSError:  # that it has ended
            os.close(self.keys)

    def complete(self, *words):
        self.offered.write_text("")
        os.write(self.keys, f"\x15{' '.join(('fulcra', *words))}\t".encode())
        text = wait_for(lambda: (text := self.offered.read_text()).endswith(".\n") and text,
                        what="zsh to complete")
        folder = os.path.dirname(words[-1])  # of files it offers the names
        return [os.path.join(folder, one) for one in text.splitlines()[:-1] if one]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
