/* Control of devices: of terminals, where the console is one; else every request fails with ENOTTY. */
#ifndef _TOYVM_IOCTL_H
#define _TOYVM_IOCTL_H

#define TCGETS 0x5401
#define TIOCGWINSZ 0x5413
#define FIONREAD 0x541B
#define FIONBIO 0x5421

struct winsize {
    unsigned short ws_row, ws_col, ws_xpixel, ws_ypixel;
};

#ifdef __cplusplus
extern "C" {
#endif

int ioctl(int, unsigned long, ...);

#ifdef __cplusplus
}
#endif

#endif
