/* Names that OpenChange's own library has from 2012 on: none of them may be taken. */
int mapistore_init(void);
int mapistore_release(void);
const char *mapistore_errstr(int code);
void mapistore_set_errno(int code);
int mapistore_backend_register(const void *backend);
int mapistore_mgmt_init(void);
int mapistore_mgmt_release(void);
int mapistore_mgmt_registered_backend(void);
int mapistore_mgmt_registered_users(void);
int mapistore_mgmt_generate_uri(void);

int mapistore_init(void) { return 0; }
int mapistore_release(void) { return 0; }
const char *mapistore_errstr(int code) { return code ? "error" : "Success"; }
void mapistore_set_errno(int code) { (void)code; }
int mapistore_backend_register(const void *backend) { return backend != 0; }
int mapistore_mgmt_init(void) { return 0; }
int mapistore_mgmt_release(void) { return 0; }
int mapistore_mgmt_registered_backend(void) { return 0; }
int mapistore_mgmt_registered_users(void) { return 0; }
int mapistore_mgmt_generate_uri(void) { return 0; }
