# A lone domain can grant to nobody and map nothing, and finds itself in the list of domains.
# build: paravirt
# exit: 0

.include "behaviour.inc"
.globl _start
_start:
    begin_paging
    la   s0, start_info
    ld   s0, 0(s0)
    ld   s1, START_DOMAIN(s0)
    la   s2, space
    ld   s2, SPACE_LEVEL0(s2)
    space_address t1, s2
    srli s3, t1, PAGE_SHIFT     # the frame of a table
    mv   a0, s1
    mv   a1, s3
    li   a2, 0
    hcall HC_GRANT_ACCESS
    check a0, -HC_ENOENT        # to itself
    addi a0, s1, 1
    mv   a1, s3
    li   a2, 0
    hcall HC_GRANT_ACCESS
    check a0, -HC_ENOENT        # to nobody
    addi a0, s1, 1
    mv   a1, s3
    li   a2, 2
    hcall HC_GRANT_ACCESS
    check a0, -HC_EINVAL
    mv   a0, s1
    li   a1, 0
    li   a2, USER_BASE
    li   a3, 0
    hcall HC_GRANT_MAP
    check a0, -HC_ENOENT
    li   a0, USER_BASE
    hcall HC_GRANT_UNMAP
    check a0, -HC_ENOENT
    li   a0, 0
    hcall HC_GRANT_END
    check a0, -HC_ENOENT
    la   a0, records
    li   a1, 2
    hcall HC_DOMAINS
    check a0, 1
    la   s2, records
    ld   t1, DOMAIN_ID(s2)
    bne  t1, s1, failed
    ld   t1, DOMAIN_STATE(s2)
    check t1, 1
    ld   t1, DOMAIN_PAGES(s2)
    ld   t2, START_PAGES(s0)
    bne  t1, t2, failed
    ld   t1, DOMAIN_SIZE + DOMAIN_ID(s2)
    check t1, 0
    li   a0, 0
    li   a1, -1
    hcall HC_DOMAINS
    check a0, -HC_ETOOBIG
    done

.bss
.balign 8
records: .zero 2 * DOMAIN_SIZE
image_end:
