"""In-tree PEP 517 backend: writes the generated files, then has setuptools build; there is no setup.py."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import setuptools
from extension import BuildCore, extension, write_wrapper
from generate import ROOT, generate
from setuptools import build_meta
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist
from toolchain import check_toolchain

from toyvm.commit import FILE, commit
from toyvm.programs import make_ready

SHIPPED = ("native", "guests", "tests", "bench", ".ci")  # besides the package itself, in a source distribution
LEFT_OUT = {"generated", "__pycache__", "build", "ready"}


def write_commit(package: Path) -> None:
    """So that what is installed knows the commit that it was built from, where that is known."""
    known = commit()
    if known is not None:
        file = package / FILE.name
        file.unlink(missing_ok=True)  # it may be a link to the checkout's
        file.write_text(f"{known}\n", encoding="ascii")


class BuildWithGuests(build_py):
    """Makes the guests ready, and puts guests/ into the wheel as toyvm/guests.

    An editable install finds them where they are.
    """

    def run(self) -> None:
        super().run()
        make_ready()
        if not self.editable_mode:
            package = Path(self.build_lib) / "toyvm"
            shutil.copytree("guests", package / "guests", dirs_exist_ok=True)
            write_commit(package)


class CompleteSdist(sdist):
    """Takes along what a wheel is built from and tested with."""

    def make_distribution(self) -> None:
        for folder in SHIPPED:
            files = (path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file())
            self.filelist.extend(str(path) for path in files if not LEFT_OUT & set(path.parts))
        super().make_distribution()

    def make_release_tree(self, base_dir: str, files: Any) -> None:
        super().make_release_tree(base_dir, files)
        write_commit(Path(base_dir) / "toyvm")


class Backend(build_meta._BuildMetaBackend):
    """Setuptools' own backend, with our `setup` in place of a setup.py."""

    def run_setup(self, setup_script: str = "setup.py") -> None:
        generate()
        write_wrapper()
        setuptools.setup(
            ext_modules=[extension()],
            cmdclass={"build_ext": BuildCore, "build_py": BuildWithGuests, "sdist": CompleteSdist},
            options={"bdist_wheel": {"py_limited_api": "cp311"}},
        )

    def build_wheel(self, *arguments: Any, **options: Any) -> str:
        check_toolchain()
        return super().build_wheel(*arguments, **options)

    def build_editable(self, *arguments: Any, **options: Any) -> str:
        check_toolchain()
        return super().build_editable(*arguments, **options)


_backend = Backend()
get_requires_for_build_wheel = _backend.get_requires_for_build_wheel
get_requires_for_build_sdist = _backend.get_requires_for_build_sdist
get_requires_for_build_editable = _backend.get_requires_for_build_editable
prepare_metadata_for_build_wheel = _backend.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = _backend.prepare_metadata_for_build_editable
build_wheel = _backend.build_wheel
build_sdist = _backend.build_sdist
build_editable = _backend.build_editable
