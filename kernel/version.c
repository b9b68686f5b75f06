/* SPDX-License-Identifier: MIT */
#include <fulcra/version.h>

#include "config.h"

const char *
fulcra_version(void)
{
    return PACKAGE_VERSION;
}
