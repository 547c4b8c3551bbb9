/* template.html, style.css and the scripts beside this file, and Chart.js (MIT licence) of the distribution. The
 * assembler includes them: C has no way to do so before C23. The paths come from MusterLayers.cmake. */
#include "assets.h"

#define FILE_TEXT(path) ".incbin \"" path "\"\n"
#define SCRIPT(name) FILE_TEXT(MUSTER_REPORT_SOURCE "/" name ".js")

#define ASSET(name, text)                                                                            \
    __asm__(".pushsection .rodata\n.global mu_asset_" name "\nmu_asset_" name ":\n" text ".byte 0\n" \
            ".popsection\n")

ASSET("template", FILE_TEXT(MUSTER_REPORT_SOURCE "/template.html"));
ASSET("style", FILE_TEXT(MUSTER_REPORT_SOURCE "/style.css"));
ASSET("chart", FILE_TEXT(MUSTER_CHART_JS));
/* One program: page.js starts what the others define. */
ASSET("app", SCRIPT("core") SCRIPT("draw") SCRIPT("curves") SCRIPT("configurations") SCRIPT("comparison") SCRIPT("run")
                 SCRIPT("timeline") SCRIPT("points") SCRIPT("page"));
