/* The strategies there are. Each is one file of src/strategy and one row of its registry. */
#ifndef MUSTER_STRATEGY_STRATEGIES_H
#define MUSTER_STRATEGY_STRATEGIES_H

#include "muster/sim/strategy.h"

extern const struct mu_registry mu_strategies;

#endif
