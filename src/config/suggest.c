/* The nearest known word to one that a user mistyped. */
#include "text.h"

#include <ctype.h>
#include <string.h>

enum { LONGEST = 64 }; /* longer words are no slip of one of our names */

static int fold(char c) {
    return c == '-' ? '_' : tolower((unsigned char)c);
}

static size_t min2(size_t a, size_t b) {
    return a < b ? a : b;
}

/* Optimal string alignment: Damerau-Levenshtein where no substring is edited twice. Both are at most LONGEST long. */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m) {
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= m; j++) {
        above[j] = before[j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            const int x = fold(a[i - 1]);
            const int y = fold(b[j - 1]);
            row[j] = min2(above[j - 1] + (x != y), min2(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && x == fold(b[j - 2]) && fold(a[i - 2]) == y) {
                row[j] = min2(row[j], before[j - 2] + 1);
            }
        }
        size_t *const free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[m];
}

void mu_suggest(struct mu_suggestion *suggestion, const char *word) {
    const size_t n = strlen(suggestion->typed);
    const size_t m = strlen(word);
    if (n == 0 || n > LONGEST || m > LONGEST) {
        return;
    }
    const size_t allowed = min2((n > m ? n : m) / 3, 3);
    const size_t distance = edit_distance(suggestion->typed, n, word, m);
    if (distance <= allowed && (suggestion->best == NULL || distance < suggestion->distance)) {
        suggestion->best = word;
        suggestion->distance = distance;
    }
}
