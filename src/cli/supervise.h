/* A program that this one starts, hears and ends: mpirun, which starts others in its turn.
 *
 * Open MPI's mpirun (4.1.4) must not be trusted with its own end: a SIGTERM while it starts its ranks may be forgotten,
 * or leave it waiting for itself for ever. So it is not killed while there is hope that the ranks can be asked instead;
 * if it is, it has a few seconds; and whatever it leaves behind on this host is killed, too. Nor does it tell anybody
 * that its standard output could not be written: so that is carried from here. */
#ifndef MUSTER_CLI_SUPERVISE_H
#define MUSTER_CLI_SUPERVISE_H

#include <stdbool.h>

#include "muster/base/err.h"

struct mu_supervised {
    void (*become)(void *context);                /* in the new process: executes the program, does not return */
    void (*take_line)(void *context, char *line); /* of its standard error, without the newline; may be changed */
    void *context;
    const char *mark; /* "NAME=VALUE" that all of its processes have in their environment */
    bool ready;       /* set by take_line: SIGUSR1 (for SIGINT) and SIGUSR2 (for SIGTERM) end it in good order */
    int asked;        /* filled in: the first SIGINT or SIGTERM that came meanwhile, or SIGPIPE, or 0 */
    int status;       /* filled in: as of waitpid */
    int unwritten;    /* filled in: the errno with which its output could not be written, or 0 */
};

/* Returns when the program has ended and no process with its mark is left below this one. A first signal is a request:
 * it is passed on, if need be as soon as the program is ready, which may take 2 s from then; after that, or at a second
 * signal, the program is ended, first by SIGTERM, then by SIGKILL. That nobody reads its output any more is a request,
 * too. From then on this process blocks SIGINT, SIGTERM and SIGPIPE: it is about to explain the end, and must come to
 * it. */
int mu_supervise(struct mu_supervised *program, struct mu_err *err);

/* Kills the children of this process that have the mark, those that they leave in turn, and waits for them. */
void mu_end_survivors(const char *mark);

#endif
