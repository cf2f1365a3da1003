/* Signals have other numbers in picolibc than the system gives them. */
#ifndef TOYVM_SIGNALS_H
#define TOYVM_SIGNALS_H

enum { LINUX_SIGCHLD = 17 };

int __toyvm_signal_of(int linux);

#endif
