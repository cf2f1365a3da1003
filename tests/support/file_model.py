"""What the operating system's file system should do, in dictionaries: the same calls, their results, and their tree."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from support.file_system import AT_FDCWD, AT_REMOVEDIR, O_CREAT, O_RDONLY, O_RDWR, Script, Tree
from toyvm.filesystem.layout import DIRECTORY, LINK, REGULAR

UMASK = 0o022
LINKS_FOLLOWED = 40
TREES = ("one/", "two/", "two/", "")
NAMES = ("a", "b", "c", "dir", "n" * 58)


class ErrnoError(Exception):
    def __init__(self, number: int) -> None:
        super().__init__(errno.errorcode[number])
        self.number = number


@dataclass(eq=False)
class Node:
    """A file, directory or symbolic link."""

    mode: int
    contents: bytearray = field(default_factory=bytearray)
    children: dict[str, Node] = field(default_factory=dict)
    names: int = 1
    context: int = 0  # who pays
    unified: bool = False

    @property
    def type(self) -> int:
        return self.mode & 0o170000

    @property
    def links(self) -> int:
        if self.type != DIRECTORY:
            return self.names
        return 2 + sum(child.type == DIRECTORY for child in self.children.values())


class Model:
    """A file system whose caller is root, in the root directory. Each call returns 0 or more, or an error below 0."""

    def __init__(self) -> None:
        self.root = Node(DIRECTORY | 0o755)

    def tree(self) -> Tree:
        tree: Tree = {}

        def add(path: bytes, node: Node) -> None:
            tree[path] = (node.mode, node.links, bytes(node.contents))
            for name, child in node.children.items():
                add(path + b"/" + name.encode(), child)

        add(b"", self.root)
        return tree

    # Paths.

    def _walk(self, path: str, follow: bool = True) -> Node:
        parent, name = self._parent(path, follow)
        if name is None:
            return parent
        if name not in parent.children:
            raise ErrnoError(errno.ENOENT)
        return parent.children[name]

    def _parent(self, path: str, follow: bool = False) -> tuple[Node, str | None]:
        """The directory that has the path's last name, or could have; a link there is followed, or not."""
        node, followed = self.root, 0
        trail = [node]
        names = [name for name in path.split("/") if name]
        while names:
            name = names.pop(0)
            if node.type != DIRECTORY:
                raise ErrnoError(errno.ENOTDIR)
            child = node.children.get(name)
            if child is not None and child.type == LINK and (names or follow):
                followed += 1
                if followed > LINKS_FOLLOWED:
                    raise ErrnoError(errno.ELOOP)
                text = child.contents.decode()
                if text.startswith("/"):
                    node = self.root
                names = [part for part in text.split("/") if part] + names
                if not names:
                    return node, None
                continue
            if not names:
                return node, name
            if child is None:
                raise ErrnoError(errno.ENOENT)
            node = child
            trail.append(node)
        return node, None

    # Calls.

    def mkdir(self, path: str, mode: int) -> int:
        self._make(path, Node(DIRECTORY | mode & ~UMASK))
        return 0

    def symlink(self, text: str, path: str) -> int:
        self._make(path, Node(LINK | 0o777, bytearray(text.encode())))
        return 0

    def _make(self, path: str, node: Node) -> None:
        parent, name = self._parent(path)
        if name is None or name in parent.children:
            raise ErrnoError(errno.EEXIST)
        node.context = parent.context
        parent.children[name] = node

    def _to_change(self, path: str) -> Node:
        """Where a path leads; a copy that the name leads to from now on, if that is unified."""
        parent, name = self._parent(path, follow=True)
        if name is None:
            return parent
        if name not in parent.children:
            raise ErrnoError(errno.ENOENT)
        return _broken(parent, name)

    def link(self, old: str, new: str) -> int:
        node = self._walk(old, follow=False)
        parent, name = self._parent(new)
        if name is None or name in parent.children:
            raise ErrnoError(errno.EEXIST)
        if node.context != parent.context and not node.unified:
            raise ErrnoError(errno.EXDEV)
        if node.type == DIRECTORY:
            raise ErrnoError(errno.EPERM)
        old_parent, old_name = self._parent(old)
        assert old_name is not None
        if old_parent.context == parent.context:
            node = _broken(old_parent, old_name)
        parent.children[name] = node
        node.names += 1
        return 0

    def unlink(self, path: str) -> int:
        parent, name, node = self._named(path)
        if node.type == DIRECTORY:
            raise ErrnoError(errno.EISDIR)
        del parent.children[name]
        node.names -= 1
        return 0

    def rmdir(self, path: str) -> int:
        parent, name, node = self._named(path)
        if node.type != DIRECTORY:
            raise ErrnoError(errno.ENOTDIR)
        if node.children:
            raise ErrnoError(errno.ENOTEMPTY)
        del parent.children[name]
        return 0

    def _named(self, path: str) -> tuple[Node, str, Node]:
        parent, name = self._parent(path)
        if name is None or name not in parent.children:
            raise ErrnoError(errno.ENOENT)
        return parent, name, parent.children[name]

    def rename(self, old: str, new: str) -> int:
        old_path, new_path = self._parent(old), self._parent(new)
        if old_path[0].context != new_path[0].context:
            raise ErrnoError(errno.EXDEV)
        parent, name, node = self._named(old)
        target_parent, target_name = new_path
        assert old_path[1] is not None
        assert target_name is not None
        target = target_parent.children.get(target_name)
        if node.type == DIRECTORY and _is_inside(target_parent, node):
            raise ErrnoError(errno.EINVAL)
        if target is not None and target.type == DIRECTORY and _is_inside(parent, target):
            raise ErrnoError(errno.ENOTEMPTY)
        if target is node:
            return 0
        if target is not None:
            if node.type == DIRECTORY and target.type != DIRECTORY:
                raise ErrnoError(errno.ENOTDIR)
            if node.type != DIRECTORY and target.type == DIRECTORY:
                raise ErrnoError(errno.EISDIR)
            if target.children:
                raise ErrnoError(errno.ENOTEMPTY)
            target.names -= 1
        target_parent.children[target_name] = node
        del parent.children[name]
        return 0

    def chmod(self, path: str, mode: int) -> int:
        node = self._to_change(path)
        node.mode = node.type | mode
        return 0

    def truncate(self, path: str, length: int) -> int:
        if self._walk(path).type == DIRECTORY:
            raise ErrnoError(errno.EISDIR)
        node = self._to_change(path)
        del node.contents[length:]
        node.contents += bytes(length - len(node.contents))
        return 0

    def open(self, path: str) -> Node:
        """To read and write, made if it is not there."""
        parent, name = self._parent(path, follow=True)
        if name is None:
            raise ErrnoError(errno.EISDIR)
        if parent.type != DIRECTORY:
            raise ErrnoError(errno.ENOTDIR)
        parent.children.setdefault(name, Node(REGULAR | 0o666 & ~UMASK, context=parent.context))
        if parent.children[name].type == DIRECTORY:
            raise ErrnoError(errno.EISDIR)
        return _broken(parent, name)

    def unify(self, path: str, on: bool) -> int:
        node = self._walk(path)
        if node.type not in (REGULAR, LINK):
            raise ErrnoError(errno.EINVAL)
        if node.unified != on:
            if node.names > 1:
                raise ErrnoError(errno.EMLINK if on else errno.EBUSY)
            node.unified = on
        return 0


def _broken(parent: Node, name: str) -> Node:
    """What a name leads to, as its tree's own: a copy of what other trees have as well."""
    node = parent.children[name]
    if node.unified and node.names == 1:
        node.unified, node.context = False, parent.context
    elif node.unified:
        node.names -= 1
        node = parent.children[name] = Node(node.mode, bytearray(node.contents), context=parent.context)
    return node


def _is_inside(node: Node, directory: Node) -> bool:
    return node is directory or any(_is_inside(node, child) for child in directory.children.values())


def _result(call: Callable[..., int], *arguments: object) -> int:
    try:
        return call(*arguments)
    except ErrnoError as error:
        return -error.number


@dataclass
class Both:
    """A script and a model that are asked to do the same; `expected` has a result for each of the script's calls."""

    script: Script = field(default_factory=Script)
    model: Model = field(default_factory=Model)
    expected: list[int] = field(default_factory=list)
    reads: list[tuple[int, bytes]] = field(default_factory=list)  # addresses, and what should be read there
    states: list[Tree] = field(default_factory=list)  # the tree before each call, and after the last
    stamped: bool = False  # a directory was, by hand

    def __post_init__(self) -> None:
        self.states.append(self.model.tree())

    def mkdir(self, path: str, mode: int = 0o777) -> None:
        self._do("mkdirat", AT_FDCWD, path, mode, result=_result(self.model.mkdir, path, mode))

    def rmdir(self, path: str) -> None:
        self._do("unlinkat", AT_FDCWD, path, AT_REMOVEDIR, result=_result(self.model.rmdir, path))

    def unlink(self, path: str) -> None:
        self._do("unlinkat", AT_FDCWD, path, 0, result=_result(self.model.unlink, path))

    def link(self, old: str, new: str) -> None:
        self._do("linkat", AT_FDCWD, old, AT_FDCWD, new, 0, result=_result(self.model.link, old, new))

    def symlink(self, text: str, path: str) -> None:
        self._do("symlinkat", text, AT_FDCWD, path, result=_result(self.model.symlink, text, path))

    def rename(self, old: str, new: str) -> None:
        self._do("renameat2", AT_FDCWD, old, AT_FDCWD, new, 0, result=_result(self.model.rename, old, new))

    def chmod(self, path: str, mode: int) -> None:
        self._do("fchmodat", AT_FDCWD, path, mode, result=_result(self.model.chmod, path, mode))

    def truncate(self, path: str, length: int) -> None:
        self._do("truncate", path, length, result=_result(self.model.truncate, path, length))

    def unify(self, path: str, on: bool = True) -> None:
        """Three calls: openat, unify, close."""
        self._of_open("unify", path, int(on), lambda: self.model.unify(path, on))

    def stamp(self, path: str, context: int) -> None:
        """Three calls: openat, stamp, close. What is made in a directory then is paid for by that context."""

        def stamped() -> int:
            self.model._walk(path).context = context
            self.stamped = True
            return 0

        self._of_open("stamp", path, context, stamped)

    def _of_open(self, name: str, path: str, argument: int, call: Callable[[], int]) -> None:
        found = _result(lambda: self.model._walk(path) and 0)
        self._do("openat", AT_FDCWD, path, O_RDONLY, 0, result=found)
        self._do(name, 0, argument, result=-errno.EBADF if found else _result(call))
        self._do("close", 0, result=-errno.EBADF if found else 0)

    def write(self, path: str, offset: int, data: bytes) -> None:
        """Three calls: openat, pwrite64, close."""
        node = self._open(path)
        if node is not None:
            node.contents += bytes(max(0, offset - len(node.contents)))
            node.contents[offset : offset + len(data)] = data
        result = -errno.EBADF if node is None else len(data)
        self._do("pwrite64", 0, self.script.put(data), len(data), offset, result=result)
        self._close(node)

    def read(self, path: str, offset: int, length: int) -> None:
        """Three calls: openat, pread64, close."""
        node = self._open(path)
        data = b"" if node is None else bytes(node.contents[offset : offset + length])
        address = self.script.put(bytes(length))
        self._do("pread64", 0, address, length, offset, result=-errno.EBADF if node is None else len(data))
        self.reads.append((address, data))
        self._close(node)

    def lose_open(self, path: str, new: str | None = None) -> None:
        """Three calls: openat, unlinkat or a renameat2 of `new` over it, close."""
        node = self._open(path)
        if new is None:
            self.unlink(path)
        else:
            self.rename(new, path)
        self._close(node)

    def _open(self, path: str) -> Node | None:
        try:
            node = self.model.open(path)
        except ErrnoError as error:
            self._do("openat", AT_FDCWD, path, O_RDWR | O_CREAT, 0o666, result=-error.number)
            return None
        self._do("openat", AT_FDCWD, path, O_RDWR | O_CREAT, 0o666, result=0)
        return node

    def _close(self, node: Node | None) -> None:
        self._do("close", 0, result=-errno.EBADF if node is None else 0)

    def _do(self, name: str, *arguments: int | str, result: int) -> None:
        self.script.call(name, *arguments)
        self.expected.append(result)
        self.states.append(self.model.tree())


def random_call(both: Both, random: Random, largest: int = 20_000, *, unified: bool = False) -> None:
    """Have one of the calls done, on paths of few names; those about unified files, too."""
    path = "/".join(random.choices(NAMES, (4, 4, 4, 2, 1), k=random.choice((1, 1, 1, 2, 2, 3))))
    other = "/".join(random.choices(NAMES, k=random.choice((1, 1, 2, 3))))
    if random.random() < 0.2:
        other = "/" + other
    size = random.choice((1, 100, 1023, 1024, 1025, 5000, largest))
    offset = random.choice((0, 0, 1, 1000, 12 << 10, (12 << 10) + 1, 270 << 10, random.randrange(100_000)))
    data = bytes(random.randrange(256) for _ in range(16)) * (size // 16 + 1)
    calls: list[Callable[[], None]] = [
        *[lambda: both.mkdir(path, random.choice((0o777, 0o700)))] * 4,
        *[lambda: both.write(path, offset, data[:size])] * 6,
        *[lambda: both.rename(path, other)] * 5,
        *[lambda: both.unlink(path)] * 3,
        *[lambda: both.truncate(path, random.choice((0, 1, 1024, 5000, 13 << 10, 300 << 10)))] * 2,
        *[lambda: both.read(path, offset, size)] * 2,
        *[lambda: both.link(path, other)] * 2,
        lambda: both.symlink(other, path),
        lambda: both.rmdir(path),
        lambda: both.rmdir(path),
        lambda: both.chmod(path, random.choice((0o644, 0o755, 0o4711))),
    ]
    if unified:
        path, other = (random.choice(TREES) + random.choice("abc") for _ in range(2))
        calls += [lambda: both.unify(path, random.random() < 0.8)] * 12
        calls += [lambda: both.link(path, other)] * 12
        calls += [lambda: both.stamp(path, random.choice((0, 1, 2)))]
    random.choice(calls)()
