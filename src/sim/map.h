/* A hash map from 64-bit ids (not 0) to pointers: open addressing, linear probing, deletion by shifting back. */
#ifndef MUSTER_SIM_MAP_H
#define MUSTER_SIM_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "muster/base/err.h"

/* Zero-initialised it is empty. */
struct mu_map {
    struct mu_map_entry {
        uint64_t key; /* 0: free */
        void *value;
    } * entry;
    size_t n, capacity; /* capacity is 0 or a power of two */
};

void mu_map_clear(struct mu_map *map);

/* Adds a key that is not there. */
int mu_map_put(struct mu_map *map, uint64_t key, void *value, struct mu_err *err);

/* The value, or NULL. */
void *mu_map_get(const struct mu_map *map, uint64_t key);

/* Removes the key if it is there and returns its value, or NULL. */
void *mu_map_take(struct mu_map *map, uint64_t key);

#endif
