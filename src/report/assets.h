/* The page's parts, put into the program when it is built. Each is text with a zero byte behind it. */
#ifndef MUSTER_REPORT_ASSETS_H
#define MUSTER_REPORT_ASSETS_H

extern const char mu_asset_template[], mu_asset_style[], mu_asset_app[], mu_asset_chart[];

#endif
