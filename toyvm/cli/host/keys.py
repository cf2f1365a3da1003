"""What the keys of the host's screen do, as its help and its last line tell."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """A key or two, and what they do; `brief`, in a word, if the last line tells of them."""

    keys: str
    does: str
    brief: str = ""


TABLE_KEYS = (
    Key("?", "show this", "keys"),
    Key("up, down", "choose a guest; page up and page down go further"),
    Key("a, Enter", "attach: the guest's console has the screen, and its keys", "attach"),
    Key("p", "pause it, or resume it", "pause"),
    Key("s", "stop it for good", "stop"),
    Key("+, -", "double its share, or halve it", "share"),
    Key(":", "a command, as `cap web 20` would be one for a guest of that name", "command"),
    Key("q, Ctrl-C", "quit: every guest ends where it is", "quit"),
    Key("Ctrl-Z", "suspend; the shell's fg goes on"),
    Key("Ctrl-L", "draw the screen anew"),
)
GUEST_KEYS = (
    Key("Ctrl-]", "go back to the table"),
    Key("Ctrl-D", "end the guest's input; the operating system has it as a key"),
    Key("others", "go to the guest as they are, Ctrl-C and Ctrl-Z too"),
)
COLUMNS = (
    Key("got", "of the host's ticks in the guest's own life, until it ended"),
    Key("cap", "earned tick by tick, from nothing: it waits for its first turn"),
    Key("/s", "instructions a second, since the last drawing"),
    Key("memory", "what it has touched, of what it has; monitor: the tables for it"),
)
ATTACHED = "Ctrl-] goes back"
WATCHING = "any key goes back"
CLOSES = "any key closes this"


def last_line(width: int) -> str:
    """As many of the table's keys as there is room for, the first one always."""
    line = ""
    for key in TABLE_KEYS:
        part = f"{key.keys.split(',')[0] if len(key.keys) > 4 else key.keys.replace(', ', '')} {key.brief}"
        longer = f"{line}   {part}" if line else part
        if key.brief and len(longer) <= width:
            line = longer
    return line


def help_lines() -> list[str]:
    """All of them, a line each, in parts with a heading."""
    parts = (("In the table", TABLE_KEYS), ("Attached", GUEST_KEYS), ("Columns", COLUMNS))
    wide = max(len(key.keys) for _, keys in parts for key in keys)
    lines: list[str] = []
    for heading, keys in parts:
        lines += [heading, *(f"  {key.keys:<{wide}}  {key.does}" for key in keys), ""]
    return lines[:-1]
