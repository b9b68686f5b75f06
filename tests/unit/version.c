/* SPDX-License-Identifier: MIT */
#include <fulcra/version.h>

#include "config.h"

static void
test_version(void)
{
    g_assert_cmpstr(fulcra_version(), ==, PACKAGE_VERSION);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/version/matches", test_version);
    return g_test_run();
}
