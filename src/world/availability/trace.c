/* Replays recorded availability: a text file of the intervals in which each recorded device was active, as in the
 * traces of FedScale. Rows are `client, start_s, end_s`, in ascending order of client and then of time; an interval
 * holds its start and not its end. Each device's record is repeated with period_s. Client c follows record c modulo
 * their number; a record that the file skips is of a device that was never active. */
#include <stdio.h>
#include <string.h>

#include "muster/base/mem.h"
#include "muster/world/availability.h"
#include "ns.h"
#include "numbers.h"

struct trace {
    char *file;
    double period_s;
};

struct interval {
    uint64_t start, end;
};

/* p->table */
struct records {
    uint64_t period;
    size_t n;                  /* records */
    size_t *first;             /* of each record's intervals; n + 1 of them */
    struct interval *interval; /* ascending; those that touch are one */
};

static void release(struct mu_presence *p) {
    struct records *records = p->table;
    if (records != NULL) {
        mu_free(records->first);
        mu_free(records->interval);
        mu_free(records);
    }
}

static int fail_row(const struct trace *o, size_t line, struct mu_err *err, const char *text) {
    char place[512];
    snprintf(place, sizeof place, "%.480s:%zu", o->file, line);
    return mu_fail(err, MU_BAD_CONFIG, place, "%s", text);
}

/* Row i of the file by itself. */
static int check_row(const struct trace *o, const struct mu_numbers *numbers, size_t i, struct mu_err *err) {
    const double *row = numbers->v + 3 * i;
    const size_t line = numbers->line[i];
    if (!(row[0] >= 0.0) || row[0] != nearbyint(row[0]) || row[0] > 99999999.0) {
        return fail_row(o, line, err, "the client must be an integer in 0..99999999");
    }
    if (!(row[1] >= 0.0) || ns_from_seconds(row[2]) <= ns_from_seconds(row[1])) {
        return fail_row(o, line, err, "the interval must start at 0 or later and end after its start");
    }
    if (ns_from_seconds(row[2]) > ns_from_seconds(o->period_s) && o->period_s > 0.0) {
        return fail_row(o, line, err, "the interval ends after period_s");
    }
    return MU_OK;
}

/* Row i against the one before it. */
static int check_order(const struct trace *o, const struct mu_numbers *numbers, size_t i, struct mu_err *err) {
    const double *row = numbers->v + 3 * i;
    const double *before = row - 3;
    if (row[0] < before[0]) {
        return fail_row(o, numbers->line[i], err, "rows are not sorted by client");
    }
    if (row[0] == before[0] && row[1] < before[1]) {
        return fail_row(o, numbers->line[i], err, "intervals of a client are not sorted by time");
    }
    if (row[0] == before[0] && ns_from_seconds(row[1]) < ns_from_seconds(before[2])) {
        return fail_row(o, numbers->line[i], err, "the interval overlaps the one before");
    }
    return MU_OK;
}

static int fill_records(struct records *records, const struct trace *o, const struct mu_numbers *numbers,
                        struct mu_err *err) {
    records->n = (size_t)numbers->v[3 * (numbers->rows - 1)] + 1;
    records->first = mu_alloc(records->n + 1, sizeof *records->first, err);
    records->interval = mu_alloc_uninit(numbers->rows, sizeof *records->interval, err);
    if (records->first == NULL || records->interval == NULL) {
        return MU_RANK_FAILED;
    }
    size_t used = 0;
    size_t record = 0;
    uint64_t last = 0;
    for (size_t i = 0; i < numbers->rows; i++) {
        const double *row = numbers->v + 3 * i;
        const struct interval interval = {ns_from_seconds(row[1]), ns_from_seconds(row[2])};
        while (record < (size_t)row[0]) {
            records->first[++record] = used;
        }
        if (used > records->first[record] && records->interval[used - 1].end == interval.start) {
            records->interval[used - 1].end = interval.end;
        } else {
            records->interval[used++] = interval;
        }
        last = interval.end > last ? interval.end : last;
    }
    records->first[records->n] = used;
    records->period = o->period_s > 0.0 ? ns_from_seconds(o->period_s) : last;
    return MU_OK;
}

/* A population all of whose clients follow records without intervals could never do anything. */
static int check_anyone(const struct mu_presence *p, const char *place, struct mu_err *err) {
    const struct records *records = p->table;
    for (size_t c = 0; c < p->clients && c < records->n; c++) {
        if (records->first[c + 1] > records->first[c]) {
            return MU_OK;
        }
    }
    return mu_fail(err, MU_BAD_CONFIG, place,
                   "all %u clients are offline for ever: the file has no interval of any of them",
                   (unsigned)p->clients);
}

static int read_records(struct mu_presence *p, const struct mu_numbers *numbers, const char *place,
                        struct mu_err *err) {
    const struct trace *o = p->options;
    for (size_t i = 0; i < numbers->rows; i++) {
        MU_TRY(check_row(o, numbers, i, err));
        if (i > 0) {
            MU_TRY(check_order(o, numbers, i, err));
        }
    }
    if ((p->table = mu_alloc(1, sizeof(struct records), err)) == NULL) {
        return MU_RANK_FAILED;
    }
    MU_TRY(fill_records(p->table, o, numbers, err));
    return check_anyone(p, place, err);
}

static int prepare(struct mu_presence *p, const struct mu_law_scope *scope, struct mu_err *err) {
    const struct trace *o = p->options;
    char place[512];
    mu_place(place, scope->file, scope->pointer, "file");
    struct mu_numbers numbers;
    MU_TRY(mu_numbers_read(&numbers, o->file, 3, place, err));
    const int rc = read_records(p, &numbers, place, err);
    mu_numbers_clear(&numbers);
    return rc;
}

/* How many of the n intervals start at or before t. */
static size_t count_started(const struct interval *interval, size_t n, uint64_t t) {
    size_t low = 0;
    size_t high = n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (interval[middle].start <= t) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool at(const struct mu_presence *p, uint32_t client, uint64_t t, uint64_t *until) {
    const struct records *records = p->table;
    const size_t record = client % records->n;
    const struct interval *interval = records->interval + records->first[record];
    const size_t n = records->first[record + 1] - records->first[record];
    if (n == 0 || (interval[0].start == 0 && interval[0].end == records->period)) {
        *until = MU_NEVER;
        return n > 0;
    }
    const uint64_t into = t % records->period;
    const uint64_t rest = records->period - into; /* until the record starts again */
    const size_t started = count_started(interval, n, into);
    if (started > 0 && into < interval[started - 1].end) {
        const uint64_t end = interval[started - 1].end;
        /* One that runs to the end goes on in the next repetition if that begins with an interval. */
        const bool wraps = end == records->period && interval[0].start == 0;
        *until = add_ns(t, wraps ? add_ns(rest, interval[0].end) : end - into);
        return true;
    }
    *until = add_ns(t, started < n ? interval[started].start - into : add_ns(rest, interval[0].start));
    return false;
}

static const struct mu_field fields[] = {
    {"file", MU_STRING, MU_OPTION, offsetof(struct trace, file), "", 0, 0, NULL,
     "text file of rows client, start_s, end_s: when each recorded device was active", NULL, false},
    {"period_s", MU_REAL, MU_OPTION, offsetof(struct trace, period_s), "seconds", 0, INFINITY, "null",
     "after which the record repeats; absent: the last end in the file", NULL, true},
    {0},
};

const struct mu_availability mu_availability_trace = {
    .kind = {"trace",
             "recorded active intervals, repeated",
             "FedScale, Lai et al. 2022",
             {fields, sizeof(struct trace), NULL}},
    .prepare = prepare,
    .release = release,
    .at = at,
};
