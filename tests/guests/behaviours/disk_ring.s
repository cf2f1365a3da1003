# One doorbell serves many requests of the disk, around the ring's end, with one interrupt for the last.
# build: paravirt
# disk: 8
# exit: 0

.include "behaviour.inc"
.include "platform/disk.inc"

# s0 = the ring, s1 = requests so far, s2 = rounds left, s3 = requests of this round left
.globl _start
_start:
    begin
    call disk_begin
    la   s0, disk_ring
    li   s1, 0
    li   s2, 5
1:  li   s3, 20
2:  andi t0, s1, DISK_SLOTS - 1
    slli t0, t0, 6
    add  t0, t0, s0
    sd   s1, RING_DATA + DISK_REQUEST_ID(t0)
    li   t1, DISK_WRITE
    sd   t1, RING_DATA + DISK_REQUEST_OPERATION(t0)
    andi t1, s1, 7
    sd   t1, RING_DATA + DISK_REQUEST_SECTOR(t0)
    li   t1, 1
    sd   t1, RING_DATA + DISK_REQUEST_COUNT(t0)
    la   t1, _start & ~7
    sd   t1, RING_DATA + DISK_REQUEST_ADDRESS(t0)
    addi s1, s1, 1
    addi s3, s3, -1
    bnez s3, 2b
    sd   s1, DISK_RING_REQ_PROD(s0)
    sd   s1, DISK_RING_RSP_EVENT(s0)
    li   a0, RING_DISK
    hcall HC_DOORBELL
    check a0, 0
    wait_event
    ld   t1, DISK_RING_RSP_PROD(s0)
    bne  t1, s1, failed
    addi t1, s1, -1             # the last response
    andi t0, t1, DISK_SLOTS - 1
    slli t0, t0, 6
    add  t0, t0, s0
    ld   t2, RING_DATA + DISK_RESPONSE_ID(t0)
    bne  t2, t1, failed
    ld   t2, RING_DATA + DISK_RESPONSE_STATUS(t0)
    check t2, 0
    li   a0, RING_DISK          # acknowledges
    hcall HC_DOORBELL
    addi s2, s2, -1
    bnez s2, 1b
    done
.bss
image_end:
