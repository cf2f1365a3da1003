/* The dispatch loop. Included three times: as interpret_fast, which counts only where control is taken elsewhere; as
 * interpret_exact, which can stop after any instruction; and as interpret_watched, which besides tells of each access.
 *
 * Nothing is counted one by one: the end lies as many entries behind `ip` as instructions may still retire, so falling
 * through costs nothing, and a taken branch moves the end along with `ip`. It is kept as its distance from the page's end,
 * `slack`. The fast build relies on that being no less than 0, and checks it where it arrives at a new ip. pc is never kept
 * either: it is bias + ip / 4.
 *
 * `carried` is x[rs1] of the entry at ip wherever that entry may take it so (fusion.c: is_carried): what was computed just
 * before, or what RESUME loads where control comes from elsewhere. The handler need not wait until what was just stored can be
 * loaded. In other places it is stale.
 */

#define STATE (&vm->state)
#define PC PC_OF(0)
#define PC_OF(n) (bias + ((u64)(uintptr_t)(ip + (n)) >> 2))
#define END ((intptr_t)&page->entries[CODE_ENTRIES] + slack)
#define LEFT ((u64)(END - (intptr_t)ip) / sizeof *ip)
/* rs1, and rs2 or the immediate, are loaded together and taken apart: a host runs out of loads first here. rd is not among
 * them, for taking three apart was slower than another load. */
#define PACKED(n) const u64 packed##n = packed_operands(ip + (n))
#define RS1_IN(n) (u8)packed##n
#define RS2_IN(n) (packed##n >> 32)
#define IMM_IN(n) ((u64)((i64)packed##n >> 32))
#define IMM_OF(n) ((u64)(i64)ip[n].imm)
#define A x[RS1_IN(0)]
#define B x[RS2_IN(0)]
#define V x[ip->rd]
#define IMM IMM_IN(0)
/* As it was decoded: the kinds that need this are instructions, and the sink stands for x0. */
#define DECODED ((struct t64_decoded){.insn = ip->kind, .rd = ip->rd & 31, .rs1 = ip->rs1, .rs2 = ip->imm & 31, .imm = ip->imm})

/* Complete the state as of before the instruction at ip. */
#define SYNC() (STATE->pc = PC, count(STATE, horizon - LEFT))
#define LEAVE(why) do { SYNC(); return why; } while (0)
#define RAISE(why, what) do { cause = why; tval = what; goto raise; } while (0)

#if WATCHED
#define ACCESSED(gva, access) watch_access(cpu, (t64_gva){gva}, access)
#else
#define ACCESSED(gva, access) ((void)0)
#endif

#if EXACT
#define DISPATCH() goto *labels[ip->kind]
#define NEXT() do { ip++; ARRIVE(); } while (0)
/* ip and slack are in place; may it go on from there? */
#define ARRIVE() do { if ((intptr_t)ip == END) goto look; DISPATCH(); } while (0)
#define RESULT(value) (value)
#define RESUME() DISPATCH()
#define LAND() ARRIVE()
#if WATCHED
#undef DISPATCH
#define DISPATCH() do { \
        if (is_fetched(ip->kind)) \
            ACCESSED(PC, ACCESS_FETCH); \
        goto *labels[ip->kind]; \
    } while (0)
#endif
#else
#define DISPATCH() do { IN_PLACE(ip); goto *ip->handler; } while (0)
#define NEXT() do { ip++; DISPATCH(); } while (0)
#define ARRIVE() do { if (T64_UNLIKELY(slack < 0)) goto look; DISPATCH(); } while (0)
#define RESULT(value) (carried = (value))
/* Go on at ip, where control comes from elsewhere than the instruction before it, and not by a branch within the page. */
#define RESUME() do { carried = x[ip->rs1]; DISPATCH(); } while (0)
#define LAND() do { if (T64_UNLIKELY(slack < 0)) goto look; RESUME(); } while (0)
/* Of fused handlers: go on behind the group; run member `n` by itself, for its access needs more than the TLB. */
#define SKIP(n) do { ip += (n); DISPATCH(); } while (0)
#define ALONE(n) do { ip += (n); goto alone; } while (0)
#endif

/* Go to `target` in the current page, whatever that is now, with `rest` instructions left. */
#define PLACE(target, rest) do { \
        u64 place = (target); \
        ip = &page->entries[(place & 4095) >> 2]; \
        bias = place - ((u64)(uintptr_t)ip >> 2); \
        slack = (intptr_t)((place & 4095) << 2) + (intptr_t)((rest) * sizeof *ip) - (intptr_t)(CODE_ENTRIES * sizeof *ip); \
    } while (0)

/* Take the branch or jal at member `n` of a group to another entry of this page. */
#define TAKE(n) do { \
        intptr_t displacement = ip[n].imm; \
        slack += displacement; \
        ip = (struct code_entry *)((intptr_t)(ip + (n) + 1) + displacement); \
        ARRIVE(); \
    } while (0)

/* jalr as member `n`. An aligned target in the same page needs no look into the TLB. */
#define JUMP(n, target) do { \
        to = (target) & ~(u64)1; \
        u64 offset = to - (bias + ((u64)(uintptr_t)page->entries >> 2)); \
        if (T64_UNLIKELY(offset & ~(u64)4092)) { \
            ip += (n); \
            goto far_jalr; \
        } \
        x[ip[n].rd] = PC_OF((n) + 1); \
        ip += (n) + 1; \
        intptr_t moved = (intptr_t)page->entries - (intptr_t)ip + (intptr_t)(offset << 2); \
        slack += moved; \
        ip = (struct code_entry *)((intptr_t)ip + moved); \
        LAND(); \
    } while (0)

/* Go on at `to`, in a new mode: state is complete, and limits are what they were, or come sooner than they need. */
#define ENTER(user) do { \
        guarded = user || cpu->guards_cr; \
        tlb = &cpu->tlbs.mode[user]; \
        const struct tlb_fetch *entry = &tlb->fetch[tlb_slot(to)]; \
        u64 rest = LEFT; \
        if (T64_UNLIKELY(entry->tag != tlb_key(to, 4))) \
            return LEAVE_LOOK; \
        page = entry->page; \
        PLACE(to, rest); \
        LAND(); \
    } while (0)

#define PLAIN(name, value) op_##name: { \
        PACKED(0); \
        V = RESULT(value); \
    } NEXT();

#define LOAD(name, type, value) op_##name: { \
        PACKED(0); \
        u64 gva = A + IMM, found; \
        type loaded; \
        const struct tlb_data *entry = &tlb->load[tlb_slot(gva)]; \
        if (T64_LIKELY(entry->tag == tlb_key(gva, sizeof(type)))) { \
            memcpy(&loaded, (const u8 *)(uintptr_t)(entry->addend + gva), sizeof(type)); \
        } else { \
            u8 rd = ip->rd; /* the walk may mark a leaf that this very instruction stands in */ \
            if ((cause = access_load(cpu, gva, sizeof(type), &found))) \
                RAISE(cause, gva); \
            ACCESSED(gva, ACCESS_LOAD); \
            loaded = (type)found; \
            x[rd] = RESULT(value); \
            NEXT(); \
        } \
        ACCESSED(gva, ACCESS_LOAD); \
        V = RESULT(value); \
    } NEXT();

#define STORE(name, type) op_##name: { \
        PACKED(0); \
        u64 gva = A + IMM; \
        const struct tlb_data *entry = &tlb->store[tlb_slot(gva)]; \
        type stored = (type)V; \
        if (T64_LIKELY(entry->tag == tlb_key(gva, sizeof(type)))) \
            memcpy((u8 *)(uintptr_t)(entry->addend + gva), &stored, sizeof(type)); \
        else if ((cause = access_store(cpu, gva, sizeof(type), stored))) \
            RAISE(cause, gva); \
        ACCESSED(gva, ACCESS_STORE); \
    } NEXT();

#define BRANCH(name, claim) \
    op_##name: { \
        const u64 packed0 = ip->rs1; \
        if (claim) \
            TAKE(0); \
    } NEXT(); \
    op_##name##_far: { \
        PACKED(0); \
        if (claim) { \
            to = PC + IMM; \
            goto far_jump; \
        } \
    } NEXT();

enum leave INTERPRET(struct t64_cpu *cpu, struct code_page *page, u64 left)
{
    static const void *const labels[] = {
        [INSN_ILLEGAL] = &&op_illegal,
#define LABEL(name, number, ...) [number] = &&op_##name,
        T64_INSTRUCTIONS(LABEL)
#undef LABEL
#define LABEL(name, kind) [kind] = &&op_##name,
        KINDS_EXTRA(LABEL)
#undef LABEL
#define LABEL(name, NAME) [KIND_##NAME##_FAR] = &&op_##name##_far,
        T64_TARGETED(LABEL)
#undef LABEL
#if !EXACT
#define LABEL(number, name) [KIND_COUNT + number] = &&name,
        T64_FUSED(LABEL)
#undef LABEL
#endif
    };
#if !EXACT
    if (!page) {
        cpu->handlers = labels;
        return LEAVE_LOOK;
    }
#endif
    struct t64_vm *const vm = cpu->vm;
    u64 *const x = STATE->x;
    const struct tlb *tlb;
    struct code_entry *ip;
    u64 horizon, bias, to, cause, tval, returned_to = 0;
    intptr_t slack;
#if !EXACT
    u64 carried;
#endif
    bool guarded, timed; /* timed: even with interrupts on nothing would be due before the end */

#if !EXACT
begin:
#endif
    /* State is complete, pc is in `page`, and `left` instructions may retire */
    timed = vm_interrupts_enabled(vm);
    guarded = vm_in_user_mode(vm) || cpu->guards_cr;
    tlb = &cpu->tlbs.mode[vm_in_user_mode(vm)];
    __asm__("" : "+r"(tlb)); /* or gcc would rather compute it anew at every use */
    horizon = STATE->retired + left;
    PLACE(STATE->pc, left);
    RESUME();

again: /* state is complete, and mode, interrupts, limits or translations are not what they were */
#if !EXACT
    if (cpu->use == CPU_KERNEL_ONLY && vm_in_user_mode(vm))
        return LEAVE_USER;
    if (STATE->retired < cpu->until && !vm->yielded && !find_interrupt(vm)) {
        const struct tlb_fetch *entry = &cpu->tlbs.mode[vm_in_user_mode(vm)].fetch[tlb_slot(STATE->pc)];
        left = budget(cpu);
        page = entry->page;
        if (entry->tag == tlb_key(STATE->pc, 4) && left >= CODE_ENTRIES)
            goto begin;
    }
#endif
    return LEAVE_LOOK;

#include "engine/interpreter/handlers.h"
#if !EXACT
#include "fused.inc"
alone:
    goto *labels[ip->kind];
#endif

op_fence: NEXT();
op_fencei: NEXT();
op_syscall: RAISE(CAUSE_SYSCALL, 0);
op_break: RAISE(CAUSE_BREAK, 0);
op_hcall:
op_illegal: RAISE(CAUSE_ILLEGAL_INSTRUCTION, (u32)ip->imm);

op_jal: V = PC + 4; TAKE(0);
op_jal_far: to = PC + IMM_OF(0); V = PC + 4; goto far_jump;
op_jalr: {
        PACKED(0);
        JUMP(0, A + IMM);
    }

far_jalr:
    if (T64_UNLIKELY(to & 2))
        RAISE(CAUSE_FETCH_MISALIGNED, to);
    V = PC + 4;

far_jump: { /* the jump at ip retires; go on at `to` */
        const struct tlb_fetch *entry = &tlb->fetch[tlb_slot(to)];
        u64 rest = LEFT - 1;
        if (T64_UNLIKELY(!rest || entry->tag != (to & ~(u64)4095))) {
            STATE->pc = to;
            count(STATE, horizon - rest);
            return LEAVE_LOOK;
        }
        page = entry->page;
        PLACE(to, rest);
        LAND();
    }

op_page_end: { /* not an instruction: nothing retires */
        to = PC;
        const struct tlb_fetch *entry = &tlb->fetch[tlb_slot(to)];
        if (T64_UNLIKELY(!slack || entry->tag != to))
            goto look;
        u64 rest = LEFT;
        page = entry->page;
        PLACE(to, rest);
        LAND();
    }

op_undecoded:
    vm->work[T64_WORK_WORDS] += predecode(cpu->code, vm->phys.ram, page, ip);
    RESUME();

#if EXACT
op_counted: op_recompiled: __builtin_unreachable(); /* the kind beneath is dispatched on */
#else
op_counted:
    recompiler_count(cpu, ip, PC);
    if (ip->handler == labels[KIND_COUNTED])
        goto *labels[ip->kind];
    RESUME();

op_recompiled: {
        struct region_entry *at = recompiler_entry(cpu->code, page, PC, vm_in_user_mode(vm));
        u64 rest = LEFT;
        if (T64_UNLIKELY(!at || rest < at->need))
            goto *labels[ip->kind];
        rest = recompiler_enter(cpu, at, rest);
        bool stuck = rest & REGION_STUCK;
        rest &= ~REGION_STUCK;
        to = STATE->pc;
        const struct tlb_fetch *entry = &tlb->fetch[tlb_slot(to)];
        if (T64_UNLIKELY(!rest || entry->tag != (to & ~(u64)4095))) {
            count(STATE, horizon - rest);
            return LEAVE_LOOK;
        }
        page = entry->page;
        PLACE(to, rest);
        if (T64_UNLIKELY(slack < 0))
            goto look;
        bool begins = ip->handler == labels[KIND_RECOMPILED];
        if (stuck || !begins)
            recompiler_left(cpu, to, stuck);
        if (stuck && begins)
            goto *labels[ip->kind];
        RESUME();
    }
#endif

op_crr: {
        u32 place = system_place_of((u32)ip->imm);
        if (T64_UNLIKELY(guarded || !place))
            goto op_system;
        V = *system_register_at(STATE, place);
        NEXT();
    }

op_crw: {
        u32 number = (u32)ip->imm;
        if (T64_UNLIKELY(guarded))
            goto op_system;
        if (!is_among(FREE_FOR_READERS, number)) {
            if (vm_interrupts_enabled(vm) || !is_among(FREE_FOR_INTERRUPTS, number))
                goto op_system;
            timed = false;
        }
        *system_register_at(STATE, system_place_of(number)) = x[ip->rs1];
        NEXT();
    }

op_eret: {
        if (T64_UNLIKELY(vm_in_user_mode(vm) || cpu->guarded & GUARD_OF(INSN_ERET)))
            goto op_system;
        count(STATE, horizon - LEFT);
        to = STATE->epc;
        system_return_from_trap(vm);
        /* Mostly to where the last trap returned, too: the compare is predicted, and what follows need not wait for epc, which has
         * come through the handler's registers. The compiler must not see that both are the same. */
        if (T64_LIKELY(to == returned_to)) {
            to = returned_to;
            __asm__("" : "+r"(to));
        } else {
            returned_to = to;
        }
        bool to_user = vm_in_user_mode(vm);
        if (T64_UNLIKELY((vm_interrupts_enabled(vm) && !timed) || (to_user && cpu->use == CPU_KERNEL_ONLY)))
            goto again;
        ip++; /* it has retired */
        if (T64_LIKELY(to_user))
            ENTER(true);
        ENTER(false);
    }

op_crx: op_wfi: op_tlbi: op_in: op_out:
op_getst: op_setst: op_getvec: op_getpt: op_probe:
op_system: {
        SYNC();
        enum leave why = execute_system(cpu, DECODED);
        timed = vm_interrupts_enabled(vm);
        if (why == LEAVE_NEXT)
            NEXT();
        if (why == LEAVE_LOOK)
            goto again;
        if (why != LEAVE_TRAP)
            return why;
        goto deliver;
    }

op_spin: {
        SYNC();
        enum leave why = execute_spin(cpu, (u32)ip->imm, LEFT);
        if (why == LEAVE_NEXT)
            NEXT();
        return why;
    }

raise:
    count(STATE, horizon - LEFT);
    if (T64_LIKELY(!STATE->fresh && !leaves(cpu, vm_in_user_mode(vm), cause))) {
        to = STATE->tvec;
        system_take_trap(vm, cause, PC, tval);
        ENTER(false);
    }
    STATE->pc = PC;
    cpu->trap = (struct t64_trap){cause, tval};
deliver: /* cpu->trap, at state.pc */
    if (leaves(cpu, vm_in_user_mode(vm), cpu->trap.cause)) {
        if (!cpu->gate || cpu->guest)
            return LEAVE_TRAP;
        to = STATE->pc;
        if (!cpu->gate(cpu->monitor, &cpu->trap, &cpu->until))
            return LEAVE_SERVED;
        /* Behind an instruction that was emulated, if its page is still the one that a fetch finds. It did not retire here. */
        const struct tlb_fetch *entry = &tlb->fetch[tlb_slot(to)];
        if (T64_UNLIKELY(STATE->pc != to + 4 || entry->tag != (to & ~(u64)4095) || entry->page != page))
            return LEAVE_LOOK;
        horizon--;
        ip++;
        LAND();
    }
    if (!system_enter_trap(vm, cpu->trap.cause, STATE->pc, cpu->trap.tval))
        return LEAVE_FAULT;
    goto again;
look:
    LEAVE(LEAVE_LOOK);
}

#undef STATE
#undef PC
#undef PC_OF
#undef LEFT
#undef END
#undef A
#undef B
#undef V
#undef IMM
#undef IMM_OF
#undef IMM_IN
#undef RS1_IN
#undef RS2_IN
#undef PACKED
#undef DECODED
#undef ACCESSED
#undef SYNC
#undef LEAVE
#undef RAISE
#undef DISPATCH
#undef NEXT
#undef ARRIVE
#undef RESULT
#undef RESUME
#undef LAND
#undef PLACE
#undef TAKE
#undef JUMP
#undef ENTER
#undef SKIP
#undef ALONE
