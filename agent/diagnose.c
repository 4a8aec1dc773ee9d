/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/diagnose.h"
#include "agent/diagnose_parts.h"

#define AREA "configuration"

static const char check_again[] = "mend that line; hvagentx --check-config says more";

void diagnose_complain(const char *line)
{
    struct report report = { .stream = stdout };

    report_failure(&report, AREA, line, check_again);
}

/* What needs a configuration that is good. */
static bool diagnose_configured(struct diagnosis *diagnosis)
{
    diagnose_files(diagnosis);
    diagnose_state(diagnosis);
    diagnose_master(diagnosis);
    diagnose_snmpd(diagnosis);
    diagnose_modules(diagnosis);
    return diagnose_hypervisors(diagnosis);
}

/* What can be told without: net-snmp's defaults, or -x, name the master. */
static void diagnose_unconfigured(struct diagnosis *diagnosis)
{
    report_good(&diagnosis->report, REPORT_NOTE, AREA,
                "state folder, modules and hypervisors are not looked at before it is "
                "good; the rest is, with the defaults");
    diagnosis->report.to_mend++;
    diagnosis->config = config_new();
    if (diagnosis->config != NULL) {
        diagnose_master(diagnosis);
        diagnose_snmpd(diagnosis);
        config_free(diagnosis->config);
    }
}

bool diagnose(const char *file, struct config *config, bool *ret_alone)
{
    struct diagnosis diagnosis = {
        .report = { .stream = stdout },
        .file = file,
        .config = config,
    };

    *ret_alone = true;
    if (config == NULL) {
        diagnose_unconfigured(&diagnosis);
    } else {
        *ret_alone = diagnose_configured(&diagnosis);
    }
    if (diagnosis.report.to_mend == 0) {
        puts("nothing to mend");
        return true;
    }
    puts("something to mend: see the lines FAIL and warn");
    return false;
}
