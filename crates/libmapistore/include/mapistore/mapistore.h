/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What a backend needs of OpenChange's own <mapistore/mapistore.h> to register its users, for builds without OpenChange.
 * It lies in a folder of its own: where the real header is in use, include that one and <intendant_mapistore.h>.
 */
#ifndef INTENDANT_MAPISTORE_MAPISTORE_H
#define INTENDANT_MAPISTORE_MAPISTORE_H

#include <stdint.h>

#include <mapistore/mapistore_errors.h>

/* Samba's own definition, where its headers came first. */
#ifndef _HEADER_misc
struct GUID {
	uint32_t time_low;
	uint16_t time_mid;
	uint16_t time_hi_and_version;
	uint8_t clock_seq[2];
	uint8_t node[6];
};
#endif

struct mapistore_context;

/* As it was from August to November 2011. Later revisions have more members at the end; the library reads `username` and
 * `mstore_ctx`, which have the same places in all of them since June 2011, and nothing else. */
struct mapistore_connection_info {
	char *username;
	struct GUID replica_guid;
	uint16_t repl_id;
	struct mapistore_context *mstore_ctx;
	void *oc_ctx;
};

#include <intendant_mapistore.h>

#endif
