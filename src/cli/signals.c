/* Interruption: a flag that rank 0 looks at after each step. */
#include <signal.h>
#include <stddef.h>

#include "cli.h"

static volatile sig_atomic_t caught;

static void on_signal(int number) {
    caught = number;
}

void mu_cli_catch_signals(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        if (numbers[i] == SIGINT || numbers[i] == SIGTERM) {
            /* A second Ctrl-C, from someone who does not want to wait, kills. */
            action.sa_flags |= (int)SA_RESETHAND;
        }
        sigemptyset(&action.sa_mask);
        sigaction(numbers[i], &action, NULL);
    }
    signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is to be an error like a full disk */
}

bool mu_cli_interrupted(void *unused) {
    (void)unused;
    return caught != 0;
}

int mu_cli_signal_code(void) {
    switch (caught) {
    case 0:
        return 0;
    case SIGTERM:
    case SIGUSR2:
        return 128 + SIGTERM;
    default:
        return 128 + SIGINT;
    }
}
