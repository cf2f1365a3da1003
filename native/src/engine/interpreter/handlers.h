/* The meaning of each innocuous instruction, one line each: PLAIN computes rd; LOAD and STORE access memory; BRANCH compares.
 * Included wherever something follows from that, with those of the four defined that matter there; INSN_OF is a row's number. */
#ifndef PLAIN
#define PLAIN(name, value)
#endif
#ifndef LOAD
#define LOAD(name, type, value)
#endif
#ifndef STORE
#define STORE(name, type)
#endif
#ifndef BRANCH
#define BRANCH(name, claim)
#endif

PLAIN(add, A + B)
PLAIN(sub, A - B)
PLAIN(and, A & B)
PLAIN(or, A | B)
PLAIN(xor, A ^ B)
PLAIN(sll, A << (B & 63))
PLAIN(srl, A >> (B & 63))
PLAIN(sra, (u64)((i64)A >> (B & 63)))
PLAIN(slt, (i64)A < (i64)B)
PLAIN(sltu, A < B)
PLAIN(addw, S32(A + B))
PLAIN(subw, S32(A - B))
PLAIN(sllw, S32((u32)A << (B & 31)))
PLAIN(srlw, S32((u32)A >> (B & 31)))
PLAIN(sraw, S32((i32)A >> (B & 31)))

PLAIN(mul, A * B)
PLAIN(mulh, (u64)(((__int128)(i64)A * (i64)B) >> 64))
PLAIN(mulhsu, (u64)(((__int128)(i64)A * (__int128)B) >> 64))
PLAIN(mulhu, (u64)(((unsigned __int128)A * B) >> 64))
PLAIN(div, divide(A, B))
PLAIN(divu, B ? A / B : ~(u64)0)
PLAIN(rem, remainder_of(A, B))
PLAIN(remu, B ? A % B : A)
PLAIN(mulw, S32((u32)A * (u32)B))
PLAIN(divw, divide_word(A, B))
PLAIN(divuw, (u32)B ? S32((u32)A / (u32)B) : ~(u64)0)
PLAIN(remw, remainder_word(A, B))
PLAIN(remuw, (u32)B ? S32((u32)A % (u32)B) : S32(A))

PLAIN(addi, A + IMM)
PLAIN(andi, A & IMM)
PLAIN(ori, A | IMM)
PLAIN(xori, A ^ IMM)
PLAIN(slti, (i64)A < (i64)IMM)
PLAIN(sltiu, A < IMM)
PLAIN(slli, A << IMM)
PLAIN(srli, A >> IMM)
PLAIN(srai, (u64)((i64)A >> IMM))
PLAIN(addiw, S32(A + IMM))
PLAIN(slliw, S32((u32)A << IMM))
PLAIN(srliw, S32((u32)A >> IMM))
PLAIN(sraiw, S32((i32)A >> IMM))

PLAIN(lui, IMM << 12)
PLAIN(auipc, PC + (IMM << 12))

LOAD(lb, u8, (u64)(i64)(i8)loaded)
LOAD(lbu, u8, loaded)
LOAD(lh, u16, (u64)(i64)(i16)loaded)
LOAD(lhu, u16, loaded)
LOAD(lw, u32, (u64)(i64)(i32)loaded)
LOAD(lwu, u32, loaded)
LOAD(ld, u64, loaded)
STORE(sb, u8)
STORE(sh, u16)
STORE(sw, u32)
STORE(sd, u64)

BRANCH(beq, V == A)
BRANCH(bne, V != A)
BRANCH(blt, (i64)V < (i64)A)
BRANCH(bge, (i64)V >= (i64)A)
BRANCH(bltu, V < A)
BRANCH(bgeu, V >= A)

#undef PLAIN
#undef LOAD
#undef STORE
#undef BRANCH
