/* The techniques, by number: on top, for it knows them all, and they know nothing of one another. */
#include "machine/machine.h"
#include "monitor/assist/assist.h"
#include "monitor/deprivileged/trap.h"
#include "monitor/para/para.h"
#include "monitor/rewrite/rewrite.h"

static const struct technique *const techniques[] = {
    [T64_TRAP] = &technique_trap,       [T64_PARA] = &technique_para,     [T64_HYBRID] = &technique_hybrid,
    [T64_REWRITE] = &technique_rewrite, [T64_ASSIST] = &technique_assist, [T64_CUSTOM] = &technique_custom,
};
enum { TECHNIQUES = sizeof techniques / sizeof *techniques };

t64_vm *t64_guest_new(t64_host *host, uint32_t technique, const t64_config *config)
{
    bool is_valid = technique < TECHNIQUES && config_is_valid(config);
    return is_valid ? guest_new(host, techniques[technique], technique, config) : NULL;
}
