/* A made-up config with every type of row, nested choices, tags and state, for the tests of this layer and its fuzzer.
 */
#ifndef MUSTER_TESTS_CONFIG_SAMPLE_H
#define MUSTER_TESTS_CONFIG_SAMPLE_H

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "muster/config/field.h"

/* Laws: a bare number stands for a constant; a mixture contains another law. */
struct law_constant {
    double value;
};
static const struct mu_field law_constant_fields[] = {
    {.name = "value",
     .type = MU_REAL,
     .offset = offsetof(struct law_constant, value),
     .unit = "seconds",
     .max = INFINITY,
     .doc = "the value"},
    {0},
};
static const struct mu_kind law_constant = {
    .name = "constant",
    .summary = "always the same",
    .reference = "",
    .group = {.fields = law_constant_fields, .size = sizeof(struct law_constant)}};

struct law_uniform {
    double low, high;
};
static const struct mu_field law_uniform_fields[] = {
    {.name = "low", .type = MU_REAL, .offset = offsetof(struct law_uniform, low), .def = "0", .doc = "lower end"},
    {.name = "high", .type = MU_REAL, .offset = offsetof(struct law_uniform, high), .def = "1", .doc = "upper end"},
    {0},
};
static int law_uniform_check(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct law_uniform *u = values;
    char place[512];
    return u->low <= u->high ? MU_OK
                             : mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, "high"), "is below low");
}
static const struct mu_kind law_uniform = {
    .name = "uniform",
    .summary = "between low and high",
    .reference = "a paper",
    .group = {.fields = law_uniform_fields, .size = sizeof(struct law_uniform), .check = law_uniform_check}};

struct law_mixture {
    struct mu_choice of;
};
static const struct mu_registry sample_laws;
static const struct mu_field law_mixture_fields[] = {
    {.name = "of",
     .type = MU_CHOICE,
     .offset = offsetof(struct law_mixture, of),
     .def = "null",
     .doc = "another law",
     .of = &sample_laws},
    {0},
};
static const struct mu_kind law_mixture = {.name = "mixture",
                                           .summary = "something else, sometimes",
                                           .reference = "",
                                           .group = {.fields = law_mixture_fields, .size = sizeof(struct law_mixture)}};

static const struct mu_kind *const sample_law_rows[] = {&law_constant, &law_uniform, &law_mixture};
static const struct mu_registry sample_laws = {.what = "law",
                                               .plural = "laws",
                                               .rows = sample_law_rows,
                                               .n = 3,
                                               .number_kind = "constant",
                                               .number_field = "value"};

/* Tools: one with a required option, one with state, one without options. */
struct tool_hammer {
    double mass;
    int grip;
};
static const char *const sample_grips[] = {"wood", "steel", "rubber", NULL};
static const struct mu_field tool_hammer_fields[] = {
    {.name = "mass",
     .type = MU_REAL,
     .offset = offsetof(struct tool_hammer, mass),
     .unit = "kg",
     .max = INFINITY,
     .open = true,
     .doc = "how heavy it is"},
    {.name = "grip",
     .type = MU_ENUM,
     .offset = offsetof(struct tool_hammer, grip),
     .def = "\"wood\"",
     .doc = "what the hand holds",
     .of = sample_grips},
    {0},
};
static const struct mu_kind tool_hammer = {.name = "hammer",
                                           .summary = "hits",
                                           .reference = "Stone Age",
                                           .group = {.fields = tool_hammer_fields, .size = sizeof(struct tool_hammer)}};

struct tool_saw {
    int64_t teeth, strokes;
    struct mu_choice pace;
};
static const struct mu_field tool_saw_fields[] = {
    {.name = "teeth",
     .type = MU_INT,
     .offset = offsetof(struct tool_saw, teeth),
     .min = 1,
     .max = 200,
     .def = "24",
     .doc = "teeth of the blade"},
    {.name = "pace",
     .type = MU_CHOICE,
     .offset = offsetof(struct tool_saw, pace),
     .def = "0.5",
     .doc = "time of a stroke",
     .of = &sample_laws},
    {.name = "strokes",
     .type = MU_INT,
     .role = MU_STATE,
     .offset = offsetof(struct tool_saw, strokes),
     .def = "7",
     .doc = "strokes so far"},
    {0},
};
static const struct mu_kind tool_saw = {.name = "saw",
                                        .summary = "cuts",
                                        .reference = "",
                                        .group = {.fields = tool_saw_fields, .size = sizeof(struct tool_saw)}};
static const struct mu_kind tool_none = {.name = "none", .summary = "bare hands", .reference = ""};

static const struct mu_kind *const sample_tool_rows[] = {&tool_hammer, &tool_saw, &tool_none};
static const struct mu_registry sample_tools = {.what = "tool", .plural = "tools", .rows = sample_tool_rows, .n = 3};

/* Sources: their options stand beside the tag. */
struct source_file {
    char *path;
    bool header;
};
static const struct mu_field source_file_fields[] = {
    {.name = "path", .type = MU_STRING, .offset = offsetof(struct source_file, path), .doc = "the file | its path"},
    {.name = "header",
     .type = MU_BOOL,
     .offset = offsetof(struct source_file, header),
     .def = "true",
     .doc = "whether the first line has names"},
    {0},
};
static const struct mu_kind source_file = {.name = "file",
                                           .summary = "read from a file",
                                           .reference = "",
                                           .group = {.fields = source_file_fields, .size = sizeof(struct source_file)}};

struct source_noise {
    double sigma;
    struct law_uniform band;
};
static const struct mu_group sample_band = {
    .fields = law_uniform_fields, .size = sizeof(struct law_uniform), .check = law_uniform_check};
static const struct mu_field source_noise_fields[] = {
    {.name = "sigma",
     .type = MU_REAL,
     .offset = offsetof(struct source_noise, sigma),
     .max = 10,
     .def = "1",
     .doc = "its scale"},
    {.name = "band",
     .type = MU_GROUP,
     .offset = offsetof(struct source_noise, band),
     .def = "{\"high\": 2}",
     .doc = "its frequencies",
     .of = &sample_band},
    {0},
};
static const struct mu_kind source_noise = {
    .name = "noise",
    .summary = "made up",
    .reference = "",
    .group = {.fields = source_noise_fields, .size = sizeof(struct source_noise)}};

static const struct mu_kind *const sample_source_rows[] = {&source_file, &source_noise};
static const struct mu_registry sample_sources = {
    .what = "source", .plural = "sources", .rows = sample_source_rows, .n = 2};

struct sample_data {
    struct mu_choice source;
    int64_t clients;
};
static const struct mu_field sample_data_fields[] = {
    {.name = "source",
     .type = MU_TAG,
     .offset = offsetof(struct sample_data, source),
     .def = "\"noise\"",
     .doc = "where the data come from",
     .of = &sample_sources},
    {.name = "clients",
     .type = MU_INT,
     .offset = offsetof(struct sample_data, clients),
     .unit = "clients",
     .min = 1,
     .max = 1000000,
     .def = "10",
     .doc = "how many share them"},
    {0},
};
static const struct mu_group sample_data = {.fields = sample_data_fields, .size = sizeof(struct sample_data)};

struct sample {
    char *name, *note;
    int64_t seed, batch_size, patience;
    double fraction, limit_s, offset;
    int mode, fallback;
    bool trace;
    struct mu_ints hidden, chosen;
    struct mu_reals weights, targets;
    struct mu_choice tool, delay_s, extra_s;
    struct sample_data data;
    int64_t gathered;
};
static const char *const sample_modes[] = {"uniform", "size", "replacement", NULL};
static const struct mu_word sample_batch_words[] = {{"full", 0}, {NULL, 0}};

#define SAMPLE_ROW(member, kind) .name = #member, .type = kind, .offset = offsetof(struct sample, member)
static const struct mu_field sample_fields[] = {
    {SAMPLE_ROW(name, MU_STRING), .def = "\"unnamed\"", .doc = "a title"},
    {SAMPLE_ROW(note, MU_STRING), .def = "null", .doc = "a remark"},
    {SAMPLE_ROW(seed, MU_INT), .max = INFINITY, .def = "1", .doc = "key of the random numbers"},
    {SAMPLE_ROW(batch_size, MU_INT), .unit = "samples", .min = 1, .max = 1000000, .def = "32", .doc = "a mini-batch",
     .of = sample_batch_words},
    {SAMPLE_ROW(patience, MU_INT), .unit = "steps", .min = 1, .max = 100, .def = "null", .doc = "steps to wait"},
    {SAMPLE_ROW(fraction, MU_REAL), .max = 1, .open = true, .def = "0.1", .doc = "share of the clients"},
    {SAMPLE_ROW(limit_s, MU_REAL), .unit = "seconds", .max = INFINITY, .def = "null", .doc = "when to stop"},
    {SAMPLE_ROW(offset, MU_REAL), .def = "-1.5", .doc = "any number"},
    {SAMPLE_ROW(mode, MU_ENUM), .def = "\"size\"", .doc = "how clients are drawn", .of = sample_modes},
    {SAMPLE_ROW(fallback, MU_ENUM), .def = "null", .doc = "the second way", .of = sample_modes},
    {SAMPLE_ROW(trace, MU_BOOL), .def = "false", .doc = "whether to write all"},
    {SAMPLE_ROW(hidden, MU_INTS), .min = 1, .max = 4096, .def = "[200, 100]", .doc = "widths"},
    {SAMPLE_ROW(chosen, MU_INTS), .def = "[]", .doc = "clients"},
    {SAMPLE_ROW(weights, MU_REALS), .max = INFINITY, .open = true, .def = "[1]", .doc = "weights"},
    {SAMPLE_ROW(targets, MU_REALS), .def = "null", .doc = "per client"},
    {SAMPLE_ROW(tool, MU_CHOICE), .doc = "what to work with", .of = &sample_tools},
    {SAMPLE_ROW(delay_s, MU_CHOICE), .unit = "seconds", .def = "0", .doc = "time of a job", .of = &sample_laws},
    {SAMPLE_ROW(extra_s, MU_CHOICE), .unit = "seconds", .def = "null", .doc = "time on top", .of = &sample_laws},
    {SAMPLE_ROW(data, MU_GROUP), .def = "{}", .doc = "the data", .of = &sample_data},
    {SAMPLE_ROW(gathered, MU_INT), .role = MU_STATE, .def = "3", .doc = "updates in the buffer"},
    {0},
};

static int sample_check(const void *values, const char *file, const char *pointer, struct mu_err *err) {
    const struct sample *s = values;
    char place[512];
    return s->patience == MU_UNSET || !isnan(s->limit_s)
               ? MU_OK
               : mu_fail(err, MU_BAD_CONFIG, mu_place(place, file, pointer, "patience"), "needs limit_s");
}
static const struct mu_group sample_group = {
    .fields = sample_fields, .size = sizeof(struct sample), .check = sample_check};

#endif
