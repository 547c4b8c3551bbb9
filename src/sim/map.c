#include "map.h"

#include <assert.h>

#include "muster/base/mem.h"

/* Fibonacci hashing spreads ids that count up. */
static size_t home_of(const struct mu_map *map, uint64_t key) {
    return (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (map->capacity - 1);
}

void mu_map_clear(struct mu_map *map) {
    mu_free(map->entry);
    *map = (struct mu_map){0};
}

static size_t find(const struct mu_map *map, uint64_t key) {
    size_t at = home_of(map, key);
    while (map->entry[at].key != 0 && map->entry[at].key != key) {
        at = (at + 1) & (map->capacity - 1);
    }
    return at;
}

static int widen(struct mu_map *map, struct mu_err *err) {
    struct mu_map wide = {.n = map->n, .capacity = map->capacity > 0 ? 2 * map->capacity : 16};
    wide.entry = mu_alloc(wide.capacity, sizeof *wide.entry, err);
    if (wide.entry == NULL) {
        return err->code;
    }
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->entry[i].key != 0) {
            wide.entry[find(&wide, map->entry[i].key)] = map->entry[i];
        }
    }
    mu_free(map->entry);
    *map = wide;
    return MU_OK;
}

int mu_map_put(struct mu_map *map, uint64_t key, void *value, struct mu_err *err) {
    assert(key != 0);
    if (2 * (map->n + 1) > map->capacity) {
        MU_TRY(widen(map, err));
    }
    const size_t at = find(map, key);
    assert(map->entry[at].key == 0);
    map->entry[at] = (struct mu_map_entry){.key = key, .value = value};
    map->n++;
    return MU_OK;
}

void *mu_map_get(const struct mu_map *map, uint64_t key) {
    return map->capacity > 0 ? map->entry[find(map, key)].value : NULL;
}

void *mu_map_take(struct mu_map *map, uint64_t key) {
    if (map->capacity == 0) {
        return NULL;
    }
    size_t hole = find(map, key);
    void *value = map->entry[hole].value;
    if (map->entry[hole].key == 0) {
        return NULL;
    }
    map->n--;
    const size_t mask = map->capacity - 1;
    for (size_t at = (hole + 1) & mask; map->entry[at].key != 0; at = (at + 1) & mask) {
        /* An entry may move back into the hole unless its home lies after the hole. */
        if (((at - home_of(map, map->entry[at].key)) & mask) >= ((at - hole) & mask)) {
            map->entry[hole] = map->entry[at];
            hole = at;
        }
    }
    map->entry[hole] = (struct mu_map_entry){0};
    return value;
}
