"""The tools of contexts: what each line prints, and whose the terminal and the memory are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.compiling import needs_compiler
from support.os_c_programs import output_of as output_with_c_programs
from support.os_shell import CONTEXT_SIZES, output_of, session

from toyvm.techniques import NAMES

SESSIONS = {
    name: ("\n".join(line[2:] for line in script.splitlines()), output)
    for name, script, output in re.findall(
        r"^== (.*)\n((?:\$ .*\n)+)((?:.*\n)*?)(?=\n== |\Z)",
        (Path(__file__).parent / "ctx.txt").read_text(encoding="utf-8"),
        re.M,
    )
}


@pytest.mark.parametrize("name", SESSIONS)
def test_ctx(name: str) -> None:
    script, expected = SESSIONS[name]
    assert CONTEXT_SIZES.sub(rf"\1{'*':>8}{'*':>8}{'*':>8}", output_of(script)) == expected


@pytest.mark.parametrize("technique", [name for name in NAMES if name != "bare"])
def test_contexts_and_what_they_use_are_the_same_on_every_technique(technique: str) -> None:
    script = """\
ctx create web --numproc 5; ctx start web; sleep 0.01
ctx exec web 'sleep 9 & ls -l / /bin | wc; echo x > /bin/cat; kill 1; exit 3'; echo $?
ctx list; ctx stats web | grep num; ctx stats web | grep disk; ps | wc -l
ctx suspend web; ctx resume web; ctx console web; ctx stop web
ctx clone web two && ctx destroy web; ctx list; ls -l /ctx/two/root; cat /ctx/two/conf /proc/selfcheck
"""
    assert output_of(script, technique) == output_of(script)


@needs_compiler
def test_two_user_lands_run_side_by_side_one_of_c_programs_alone() -> None:
    output = output_with_c_programs("""\
mkdir -p /ctx/templates/c/bin /ctx/templates/c/www; cp /bin/serve /bin/fetch /ctx/templates/c/bin
echo from C > /ctx/templates/c/www/page; ctx create c --template c --init '/bin/serve /www'; ctx create web
ctx start c; ctx start web; sleep 0.1; ctx exec c fetch /page; ctx exec web fetch 10.0.0.1/page
ctx exec c sh; ctx exec web sh -c 'exit 3'; echo $?; ctx stop c; ctx stop web; ls /ctx/c/root/bin; cat /proc/selfcheck
""")
    assert output == "from C\nfrom C\nctx: sh: no such file or directory\n3\nfetch  serve\nok\n"


def shown_of(typed: bytes) -> list[str]:
    """The lines that a shell beside a context shows, but for those that are typed."""
    output = session("ctx create web; ctx start web\n", input=typed).output
    return [line for line in output.splitlines() if " # " not in line]


def test_who_is_left_inside_reads_nothing_that_is_typed_outside() -> None:
    """Though it has the console as its standard input from who ran it there."""
    typed = b"ctx exec web '(sleep 0.01; cat > /tmp/stolen) &'\nsleep 0.02\necho mine\nwc -c /ctx/web/root/tmp/stolen\n"
    assert shown_of(typed)[-2:] == ["mine", "       0 /ctx/web/root/tmp/stolen"]


def test_a_shell_inside_has_the_console_until_it_ends() -> None:
    typed = b"ctx enter web\npwd; echo $HOME $$ $PPID\nsleep 0.01 | cat\nexit 4\necho outside $?\n"
    assert shown_of(typed)[-3:] == ["/root", "/root 4", "outside 4"]


def test_the_terminal_is_as_it_was_when_what_ran_inside_has_ended() -> None:
    typed = b"cd /tmp\nctx exec web stty raw -echo\nstty; pwd\n"
    assert shown_of(typed)[-2:] == ["echo -raw", "/tmp"]


def test_of_whom_memory_ends_the_console_tells_the_context_and_no_name_as_it_was_given() -> None:
    output = output_of(
        "ctx create web; ctx start web; ctx set web --physpages 60; cp /bin/stress '/ctx/web/root/tmp/e\x1b[2J'\n"
        "ctx exec web '/tmp/e* -m 1 1'"
    )
    told = [line for line in output.splitlines() if "out of memory" in line]
    assert len(told) == 1
    assert re.fullmatch(r"kernel: out of memory: process \d+ \(e\?\[2J\) of context web is killed", told[0])


def test_a_start_costs_no_more_where_many_wait_to_be_started() -> None:
    def started(count: int, among: int) -> int:
        made = "".join(f"ctx create c{number}\n" for number in range(among))
        starts = "".join(f"ctx start c{number}\nsleep 0.1\n" for number in range(count))
        return session(f"{made}{starts}shutdown 0\n").instructions

    few, many = (started(3, among) - started(1, among) for among in (3, 20))
    assert many < 1.5 * few


def test_who_ran_something_inside_takes_no_terminal_from_a_shell_that_went_on() -> None:
    """The shell goes on once the last of a pipe has ended."""
    typed = b"cd /tmp\nctx exec web 'cat /dev/zero' | id > /dev/null\nsleep 0.1 &\npwd\n"
    assert shown_of(typed)[-1] == "/tmp"


# What a neighbour does meanwhile.
NEIGHBOURS = [
    "stress 4",
    "cat /bin/* > /tmp/all; rm /tmp/all; cat /bin/* > /tmp/all",
    "kill -1; nc -l 80",
    "echo flood > /dev/console; ps; ls /proc",
]
WORK = (
    "mkdir -p /tmp/w; echo one > /tmp/w/a; cp /bin/ls /tmp/w/b; ln /tmp/w/a /tmp/w/c; (echo x; ps) | wc -l; "
    "id; nc -l 80 > /tmp/w/got & sleep 0.01; echo hello | nc 127.0.0.1 80; wait; cat /tmp/w/got; ls -l /tmp/w | wc -w; "
    "hexdump /tmp/w/b | tail -1; df / | wc -l; cat /nosuch; ps"
)


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
def test_what_a_context_does_is_the_same_whatever_its_neighbour_does(neighbour: str) -> None:
    def seen(meanwhile: str) -> str:
        made = "ctx create one; ctx create two; ctx start one; ctx start two; sleep 0.1\n"
        beside = f"(ctx exec two '{meanwhile}' > /dev/null &)\nsleep 0.001\n" if meanwhile else ""
        output = session(f"{made}{beside}echo begin\nctx exec one '{WORK}'\necho end\nshutdown 0\n").output
        return output.partition("begin")[2].partition("end")[0]

    alone = seen("")
    assert "hello" in alone
    assert seen(neighbour) == alone
