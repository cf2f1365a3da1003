/* What the bare machine and a host's hardware have in common: RAM and reset. */
#ifndef T64_MACHINE_H
#define T64_MACHINE_H

#include "machine/vm.h"

bool ram_open(struct t64_phys *phys, u64 size); /* zero, and taking no memory before it is touched; false without address space */
void ram_close(struct t64_phys *phys);
bool ram_touched(const u8 *ram, u64 size, u8 *touched); /* bit 0 of a byte for each page: memory is behind it. False: unknown */
bool config_is_valid(const struct t64_config *config);
void vm_reset(struct t64_vm *vm, const struct t64_config *config); /* of a vm that is all zero; RAM is the carrier's */

#endif
