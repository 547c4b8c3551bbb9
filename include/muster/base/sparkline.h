/* Sparklines: numbers as blocks of eight heights, for one line of a terminal. */
#ifndef MUSTER_BASE_SPARKLINE_H
#define MUSTER_BASE_SPARKLINE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the locale's character set has the blocks. */
bool mu_sparkline_shows(void);

/* Columns of the terminal on standard output. A rank of mpirun has no terminal of its own: 80 is what one has at least.
 */
size_t mu_terminal_width(void);

enum { MU_SPARKLINE_BYTES = 3 }; /* of a block */

/* The last `cells` of x[n], from the lowest to the highest of them; what is not finite is a blank. `text` has room for
 * MU_SPARKLINE_BYTES * cells + 1. Returns it. */
const char *mu_sparkline(size_t n, const double *x, size_t cells, char *text);

#endif
