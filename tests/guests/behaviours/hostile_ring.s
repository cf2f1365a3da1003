# A ring whose counts and requests make no sense is refused, request by request, and what is in order is still done.
# build: paravirt
# disk: 8
# exit: 0

.include "behaviour.inc"
.include "platform/disk.inc"

# request slot, operation, sector, count, address
.macro request slot, operation, sector, count, address
    li   t0, \operation
    sd   t0, RING_DATA + \slot * DISK_SLOT_SIZE + DISK_REQUEST_OPERATION(s0)
    li   t0, \sector
    sd   t0, RING_DATA + \slot * DISK_SLOT_SIZE + DISK_REQUEST_SECTOR(s0)
    li   t0, \count
    sd   t0, RING_DATA + \slot * DISK_SLOT_SIZE + DISK_REQUEST_COUNT(s0)
    li   t0, \address
    sd   t0, RING_DATA + \slot * DISK_SLOT_SIZE + DISK_REQUEST_ADDRESS(s0)
.endm

.macro response slot, status
    ld   t1, RING_DATA + \slot * DISK_SLOT_SIZE + DISK_RESPONSE_STATUS(s0)
    check t1, \status
.endm

.globl _start
_start:
    begin
    call disk_begin
    la   s0, disk_ring
    li   t0, -1
    sd   t0, DISK_RING_REQ_PROD(s0)
    li   a0, RING_DISK
    hcall HC_DOORBELL
    check a0, -HC_EINVAL
    request 0, 77, 0, 1, 0x8000
    request 1, DISK_READ, 8, 1, 0x8000
    request 2, DISK_READ, 0, -1, 0x8000
    request 3, DISK_READ, 0, 1, -8
    request 4, DISK_READ, 0, 1, 1
    request 5, DISK_WRITE, 0, 1, 0x8000
    li   t0, 6
    sd   t0, DISK_RING_REQ_PROD(s0)
    sd   t0, DISK_RING_RSP_EVENT(s0)
    li   a0, RING_DISK
    hcall HC_DOORBELL
    check a0, 0
    wait_event
    response 0, -HC_EINVAL
    response 1, -HC_EIO
    response 2, -HC_EINVAL
    response 3, -HC_EFAULT
    response 4, -HC_EINVAL
    response 5, 0
    memory_end                  # the monitor's tables lie behind: a page of them can be no ring
    mv   a1, a0
    li   a0, RING_DISK
    memory_size
    li   t0, PAGE_SIZE
    sub  a1, a0, t0
    li   a0, RING_DISK
    hcall HC_RING_SETUP
    check a0, -HC_EBUSY
    li   a0, RING_DISK
    la   a1, disk_ring + 8
    hcall HC_RING_SETUP
    check a0, -HC_EINVAL
    li   a0, 2
    li   a1, -1
    hcall HC_RING_SETUP
    check a0, -HC_EINVAL
    done
.bss
image_end:
