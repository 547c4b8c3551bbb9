/* What the files of laws share. */
#ifndef MUSTER_SRC_WORLD_DISTRIBUTION_ROW_H
#define MUSTER_SRC_WORLD_DISTRIBUTION_ROW_H

#include <math.h>

#include "muster/world/distribution.h"

#endif
