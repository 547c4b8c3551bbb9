/* docs/config.md: every option once, every link to an anchor that exists. */
#include "harness.h"
#include "muster/config/doc.h"

static char *markdown_of(const struct mu_group *group) {
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    mu_group_markdown(group, f);
    fclose(f);
    return text;
}

static size_t count(const char *text, const char *part) {
    size_t n = 0;
    for (const char *p = text; (p = strstr(p, part)) != NULL; p += strlen(part)) {
        n++;
    }
    return n;
}

static void rows_become_table_lines(void **state) {
    (void)state;
    char *text = markdown_of(&sample_group);
    static const char *const lines[] = {
        "| `batch_size` | an integer in 1..1000000 or \"full\" | samples | `32` | a mini-batch |\n",
        "| `fraction` | a number greater than 0 and at most 1 |  | `0.1` | share of the clients |\n",
        "| `limit_s` | a number of at least 0 | seconds | absent | when to stop |\n",
        "| `tool` | a [tool](#tool) |  | required | what to work with |\n",
        "| `delay_s` | a number or a [law](#law) | seconds | `0` | time of a job |\n",
        "| `data` | [an object](#data) |  |  | the data |\n",
        "| `source` | the name of a [source](#source) |  | `\"noise\"` | where the data come from |\n",
        "| `path` | a string |  | required | the file \\| its path |\n",
        "\n<a id=\"tool.hammer\"></a>\n### `hammer`\n\nhits (Stone Age).\n",
        "\n<a id=\"source.noise.band\"></a>\n#### `source.noise.band`: its frequencies\n",
        "A bare number `x` means `{\"kind\": \"constant\", \"value\": x}`.",
        "### `none`\n\nbare hands.\n\nNo options.\n",
        "- [`uniform`](#law.uniform): between low and high\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (count(text, lines[i]) != 1) {
            fail_msg("%zu times: %s", count(text, lines[i]), lines[i]);
        }
    }
    assert_null(strstr(text, "gathered")); /* state is no option */
    assert_null(strstr(text, "strokes"));
    free(text);
}

static void every_registry_and_anchor_appears_once(void **state) {
    (void)state;
    char *text = markdown_of(&sample_group);
    assert_int_equal(count(text, "## Laws\n"), 1);
    assert_int_equal(count(text, "## Tools\n"), 1);
    assert_int_equal(count(text, "## Sources\n"), 1);
    size_t links = 0;
    for (const char *p = text; (p = strstr(p, "](#")) != NULL; links++) {
        p += 3;
        char anchor[128];
        snprintf(anchor, sizeof anchor, "<a id=\"%.*s\"></a>", (int)strcspn(p, ")"), p);
        if (count(text, anchor) != 1) {
            fail_msg("%zu anchors %s", count(text, anchor), anchor);
        }
    }
    assert_true(links > 10);
    free(text);
}

static void a_section_has_a_heading_and_anchors_of_its_own(void **state) {
    (void)state;
    static const struct mu_field inner[] = {{"depth", MU_REAL, MU_OPTION, 0, "m", 0, 9, "1", "how deep"}, {0}};
    static const struct mu_group inner_group = {inner, sizeof(double), NULL};
    static const struct mu_field outer[] = {{"well", MU_GROUP, MU_OPTION, 0, "", 0, 0, "{}", "a well", &inner_group},
                                            {0}};
    static const struct mu_group group = {outer, sizeof(double), NULL};
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    mu_group_section(&group, "yard", "what is behind the house", f);
    fclose(f);
    assert_int_equal(count(text, "<a id=\"yard\"></a>\n## `yard`: what is behind the house\n"), 1);
    assert_int_equal(count(text, "| `well` | [an object](#yard.well) |"), 1);
    assert_int_equal(count(text, "<a id=\"yard.well\"></a>\n### `yard.well`: a well\n"), 1);
    assert_int_equal(count(text, "| `depth` | a number in 0..9 | m | `1` | how deep |"), 1);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_table_lines),
        cmocka_unit_test(a_section_has_a_heading_and_anchors_of_its_own),
        cmocka_unit_test(every_registry_and_anchor_appears_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
