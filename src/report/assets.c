/* template.html, style.css, core.js and app.js beside this file, and Chart.js (MIT licence) of the distribution. The
 * assembler includes them: C has no way to do so before C23. The paths come from MusterLayers.cmake. */
#include "assets.h"

#define ASSET(name, path)                                                                          \
    __asm__(".pushsection .rodata\n.global mu_asset_" name "\nmu_asset_" name ":\n.incbin \"" path \
            "\"\n.byte 0\n.popsection\n")

ASSET("template", MUSTER_REPORT_SOURCE "/template.html");
ASSET("style", MUSTER_REPORT_SOURCE "/style.css");
ASSET("core", MUSTER_REPORT_SOURCE "/core.js");
ASSET("app", MUSTER_REPORT_SOURCE "/app.js");
ASSET("chart", MUSTER_CHART_JS);
