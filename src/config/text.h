/* Pieces of messages: bounded text, JSON pointers, values as a message shows them, and the nearest known word. */
#ifndef MUSTER_SRC_CONFIG_TEXT_H
#define MUSTER_SRC_CONFIG_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "muster/base/err.h"
#include "muster/config/field.h"

/* Size of a place and of a line of text or help in struct mu_err. */
#define MU_TEXT 512

/* Appends to the string in out[size]. What does not fit is cut before a whole UTF-8 character; false then. */
bool mu_append(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The pointer of a member: "pointer/key", with ~ and / of the key escaped (RFC 6901). Returns out. */
const char *mu_pointer_join(char out[static MU_TEXT], const char *pointer, const char *key);

/* The shortest decimal number that strtod reads back to the same bits; `value` must be finite. Returns out. */
const char *mu_number_text(char out[static 32], double value);

/* A value as a message shows it: scalars as JSON, shortened if long; "an array", "an object". Returns out. */
const char *mu_value_text(char out[static MU_TEXT], const struct cJSON *value);

/* What a row accepts, in words: "an integer in 1..1000000", "a number greater than 0". Returns out. */
const char *mu_expected_text(char out[static MU_TEXT], const struct mu_field *field);

/* "a" or "an". */
const char *mu_article(const char *noun);

/* Searches the known word nearest to the typed one. Initialise with {.typed = word}. */
struct mu_suggestion {
    const char *typed;
    const char *best; /* the nearest so far, borrowed; NULL if none is near enough to be meant */
    size_t distance;
};

/* Considers one known word. Distance is Damerau-Levenshtein's (insertion, deletion, substitution and transposition of
 * neighbours cost 1), letter case and '-' against '_' aside; one slip per three letters, at most three, is near enough.
 */
void mu_suggest(struct mu_suggestion *suggestion, const char *word);

#endif
