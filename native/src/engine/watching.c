/* Where the computer whose modelled TLB is to be told stands: on the hardware, or in a monitor's books. */
#include "engine/watching.h"

/* In guest mode, and where it walks a guest's own tables, the hardware has the guest's ptbr and mode. */
void watch_access(struct t64_cpu *cpu, t64_gva gva, enum t64_access access)
{
    const struct t64_vm *here = cpu->vm, *own = here->modelled_tlb->vm;
    bool direct = here->modelled_tlb->direct;
    const struct t64_vm *standing = cpu->guest || direct ? here : own;
    struct modelled_view view = {
        .phys = direct ? &here->phys : &own->phys, .ptbr = standing->state.ptbr, .user = vm_in_user_mode(standing)};
    if (cpu->guest && cpu->guest->nested) {
        view.nested_phys = &here->phys;
        view.nested_root = cpu->guest->tables[0].at | PTBR_ENABLE;
    }
    modelled_access(here->modelled_tlb, &view, gva, access);
}
