/* Errors: a code, the place, one line of text and at most one line of help.
 * All arrays are of fixed size, so that a worker rank can send its error to rank 0 as plain bytes.
 * A function that can fail returns MU_OK or one of these codes, which are muster's exit codes, and
 * takes a `struct mu_err *` as its last parameter. The first failure writes it; callers pass it on. */
#ifndef MUSTER_BASE_ERR_H
#define MUSTER_BASE_ERR_H

enum mu_code {
    MU_OK = 0,
    MU_USAGE = 2,       /* wrong command line */
    MU_BAD_CONFIG = 3,  /* wrong config or data */
    MU_DIVERGED = 4,    /* a model became infinite or NaN */
    MU_IO = 5,          /* a file could not be read or written */
    MU_RANK_FAILED = 6, /* a rank died or ran out of memory */
};

struct mu_err {
    int code;        /* enum mu_code; 0 while nothing has failed */
    char place[512]; /* file, file and JSON pointer, file and byte offset, or "" */
    char text[512];  /* what is wrong, one line, no full stop */
    char help[512];  /* what to do about it, one line, or "" */
};

/* Records a failure and returns `code`. `place` may be NULL. If err already holds a failure, that one
 * is kept and its code is returned: the first cause is the one to report. Control characters in the
 * formatted text are replaced, so that the message stays one line. err may be NULL. */
int mu_fail(struct mu_err *err, int code, const char *place, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds the line of help to a recorded failure, and returns its code. Help that is there already stays. */
int mu_fail_help(struct mu_err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Returns from the calling function with the code of a failed call; use it only where nothing is held. */
#define MU_TRY(call)                     \
    do {                                 \
        const int mu_try_code_ = (call); \
        if (mu_try_code_ != MU_OK) {     \
            return mu_try_code_;         \
        }                                \
    } while (0)

#endif
