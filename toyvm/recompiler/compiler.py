"""LLVM: the text of a function to an object file, and an object file to an address."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

from toyvm.errors import UsageError

_OPTIONS = (
    # Splitting live ranges around more blocks takes a quarter of the time to compile a large region, and gains 1%.
    "-grow-region-complexity-budget=100",
    # Rewriting loops takes a twentieth of the time, and spends registers, of which guests have none to spare.
    "-disable-lsr",
)

_lock = threading.Lock()


def load_llvm() -> Any:
    """llvmlite's binding, ready for the host. Raises UsageError where it is missing or does not load."""
    try:
        from llvmlite import binding
    except (ImportError, OSError) as error:
        raise UsageError(f"the recompiler needs llvmlite ({error}): pip install llvmlite") from None
    with _lock:
        _initialize(binding)
    return binding


@cache  # LLVM ends the process if an option is set again
def _initialize(binding: Any) -> None:
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    for option in _OPTIONS:
        binding.set_option("toyvm", option)


class Compiler:
    """Compiles for the host. One thread at a time may use it."""

    def __init__(self) -> None:
        self._llvm = load_llvm()
        self._target = self._llvm.Target.from_default_triple()
        self.cpu = self._llvm.get_host_cpu_name()
        self.features = self._llvm.get_host_cpu_features().flatten()
        self._machine = self._target.create_target_machine(
            cpu=self.cpu, features=self.features, opt=1, reloc="pic", codemodel="small"
        )
        self._loaded: list[Any] = []

    @property
    def identity(self) -> str:
        """All of the host that compiled code depends on."""
        version = ".".join(map(str, self._llvm.llvm_version_info))
        return f"llvm {version} {' '.join(_OPTIONS)}; {self._target.triple}; {self.cpu}; {self.features}"

    def compile(self, text: str) -> bytes:
        """The object file of a module. Other passes take longer than they shorten the run of code."""
        module = self._llvm.parse_assembly(text)
        builder = self._llvm.create_pass_builder(self._machine, self._llvm.create_pipeline_tuning_options(1))
        passes = self._llvm.create_new_function_pass_manager()
        passes.add_sroa_pass()
        passes.add_simplify_cfg_pass()
        for function in module.functions:
            if not function.is_declaration:
                passes.run(function, builder)
        return bytes(self._machine.emit_object(module))

    def load(self, object_file: bytes, name: str) -> int:
        """The address of the function `name`, until `unload_all`."""
        engine = self._llvm.create_mcjit_compiler(
            self._llvm.parse_assembly(""), self._target.create_target_machine(jit=True)
        )
        engine.add_object_file(self._llvm.ObjectFileRef.from_data(object_file))
        engine.finalize_object()
        self._loaded.append(engine)
        return int(engine.get_function_address(name))

    def unload_all(self) -> None:
        """No function of before may run any more."""
        while self._loaded:
            self._loaded.pop().close()
