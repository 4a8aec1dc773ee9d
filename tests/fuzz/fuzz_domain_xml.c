/* SPDX-License-Identifier: BSD-2-Clause */
/* fuzz_domain_xml.c - the description of one domain. */
#include <stdlib.h>
#include <string.h>

#include "backends/domain_xml.h"
#include "model/domain.h"
#include "model/record.h"
#include "model/text.h"
#include "tests/fuzz/fuzz.h"

#define SOURCE "fuzz.xml"

static void check_config(const struct domain_xml *domain)
{
    const struct uuid uuid = { { 1 } };
    struct domain_config *config = domain_xml_config(domain, &uuid);

    FUZZ_PROMISE(config != NULL);
    FUZZ_PROMISE(uuid_compare(&config->uuid, &uuid) == 0);
    FUZZ_PROMISE(config->vcpus == domain->vcpus);
    FUZZ_PROMISE(config->vcpus_max == domain->vcpus_max);
    FUZZ_PROMISE(config->memory_max_bytes == domain->memory_max_bytes);
    FUZZ_PROMISE(config->memory_bytes == domain->memory_bytes);
    FUZZ_PROMISE(config->cpu_weight == domain->cpu_weight);
    FUZZ_PROMISE(config->cpu_cap == domain->cpu_cap);
    FUZZ_PROMISE((config->os_type == NULL) == (domain->os_type == NULL));
    fuzz_check_clean(config->os_type, TEXT_MAX);
    record_unref(config);
}

static void check_domain(const struct domain_xml *domain)
{
    FUZZ_PROMISE(domain->name != NULL && domain->name[0] != '\0');
    FUZZ_PROMISE(domain->title == NULL || domain->title[0] != '\0');
    FUZZ_PROMISE(domain->os_type == NULL || domain->os_type[0] != '\0');
    FUZZ_PROMISE(domain->vcpus >= 1 && domain->vcpus <= domain->vcpus_max);
    FUZZ_PROMISE(domain->vcpus_max <= DOMAIN_XML_VCPUS_MAX);
    if (domain->memory_max_bytes != DOMAIN_NO_LIMIT) {
        FUZZ_PROMISE(domain->memory_max_bytes > 0);
        FUZZ_PROMISE(domain->memory_max_bytes % 1024 == 0);
        FUZZ_PROMISE(domain->memory_bytes <= domain->memory_max_bytes);
        FUZZ_PROMISE(domain->memory_bytes != DOMAIN_NO_LIMIT);
    }
    if (domain->memory_bytes != DOMAIN_NO_LIMIT) {
        FUZZ_PROMISE(domain->memory_bytes > 0);
        FUZZ_PROMISE(domain->memory_bytes % 1024 == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    struct domain_xml *domain = NULL;
    struct error error = ERROR_NONE;
    enum status status =
        domain_xml_from_text(SOURCE, (const char *)octets, size, &domain, &error);

    if (status == STATUS_OK) {
        FUZZ_PROMISE(domain != NULL);
        check_domain(domain);
        check_config(domain);
        domain_xml_free(domain);
    } else {
        FUZZ_PROMISE(status == STATUS_INVALID && domain == NULL);
        fuzz_check_error(&error, status, SOURCE ":");
    }
    return 0;
}
