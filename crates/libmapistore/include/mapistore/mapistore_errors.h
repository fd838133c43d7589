/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * What the functions return. The numbers are those of October 2011; later revisions of OpenChange moved some of them,
 * never MAPISTORE_SUCCESS. Compare by name.
 */
#ifndef INTENDANT_MAPISTORE_ERRORS_H
#define INTENDANT_MAPISTORE_ERRORS_H

#define MAPISTORE_SUCCESS                 0
#define MAPISTORE_ERROR                   1
#define MAPISTORE_ERR_NO_MEMORY           2
#define MAPISTORE_ERR_ALREADY_INITIALIZED 3
#define MAPISTORE_ERR_NOT_INITIALIZED     4
#define MAPISTORE_ERR_CORRUPTED           5
#define MAPISTORE_ERR_INVALID_PARAMETER   6
#define MAPISTORE_ERR_NO_DIRECTORY        7
#define MAPISTORE_ERR_DATABASE_INIT       8
#define MAPISTORE_ERR_DATABASE_OPS        9
#define MAPISTORE_ERR_BACKEND_REGISTER    10
#define MAPISTORE_ERR_BACKEND_INIT        11
#define MAPISTORE_ERR_CONTEXT_FAILED      12
#define MAPISTORE_ERR_INVALID_NAMESPACE   13
#define MAPISTORE_ERR_NOT_FOUND           14
#define MAPISTORE_ERR_REF_COUNT           15
#define MAPISTORE_ERR_EXIST               16
#define MAPISTORE_ERR_INVALID_DATA        17
#define MAPISTORE_ERR_MSG_SEND            18
#define MAPISTORE_ERR_MSG_RCV             19
#define MAPISTORE_ERR_DENIED              20
#define MAPISTORE_ERR_NOT_IMPLEMENTED     21

#endif
