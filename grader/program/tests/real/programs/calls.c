/* Makes system calls in many ways. A line that makes one says so in its
   comment, in the words that it writes: that is how the test finds it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static inline __attribute__((always_inline)) void inlined(const char *text) {
    if (write(1, text, strlen(text)) < 0) exit(1); // by an inlined function
}

__attribute__((noinline)) static void around(void) {
    inlined("by an inlined function\n"); // calls the inlined function
    inlined("");
}

__attribute__((noinline)) static int by_tail_call(const char *text) {
    return puts(text); // by a tail call
}

static void handler(int number) {
    const char *text = "in a handler\n";
    if (write(1, text, strlen(text)) < 0) exit(number); // in a handler
}

__attribute__((noreturn, noinline)) static void never_returns(void) {
    fputs("never returns\n", stderr); // never returns
    exit(0);
}

int main(void) {
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    printf("by printf\n"); // by printf
    around();
    by_tail_call("by a tail call"); // calls by a tail call
    signal(SIGUSR1, handler);
    raise(SIGUSR1); // raises a signal
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); // asks the clock
    pid_t child = vfork(); // forks
    if (child == 0) {
        if (write(1, "in the child\n", 13) < 0) _exit(1); // in the child
        _exit(0);
    }
    waitpid(child, NULL, 0); // waits
    never_returns();
}
