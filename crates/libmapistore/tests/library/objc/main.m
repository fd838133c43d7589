/* Opens contexts inside pools and ends them in talloc destructors, as SOGo's backend does. Written for this test. */
#import "OpenChange/MAPIStoreContext.h"

#include <talloc.h>

#include "../c/test.h"

struct wrapper {
  MAPIStoreContext *context;
};

static int destructor (struct wrapper *wrapper)
{
  NSAutoreleasePool *pool = [NSAutoreleasePool new];
  [wrapper->context release];
  [pool release];
  return 0;
}

/* What create_context does. */
static int create_context (TALLOC_CTX *mem_ctx, struct mapistore_connection_info *info, const char *uri)
{
  NSAutoreleasePool *pool = [NSAutoreleasePool new];
  MAPIStoreContext *context = nil;
  int rc = [MAPIStoreContext openContext: &context
                                 withURI: [NSString stringWithUTF8String: uri]
                          connectionInfo: info];
  if (rc == MAPISTORE_SUCCESS)
    {
      struct wrapper *wrapper = talloc (mem_ctx, struct wrapper);
      wrapper->context = [context retain];
      talloc_set_destructor (wrapper, destructor);
    }
  [pool release];
  return rc;
}

int main (void)
{
  struct mapistore_connection_info alice = info_of ("alice"), jerome = info_of ("jérôme");
  TALLOC_CTX *first = talloc_new (NULL), *second = talloc_new (NULL);

  CHECK (create_context (first, &alice, "sogo://sogo1:secret@mail/folderINBOX/") == MAPISTORE_SUCCESS);
  CHECK (create_context (second, &alice, "sogo://sogo1:secret@mail/folderSent/") == MAPISTORE_SUCCESS);
  CHECK (create_context (second, &jerome, "sogo://j%C3%A9r%C3%B4me:secret@mail/folderINBOX/") == MAPISTORE_SUCCESS);
  /* Half a context, and a module that there is not. */
  CHECK (create_context (second, &alice, "sogo://mail/folderINBOX/") != MAPISTORE_SUCCESS);
  CHECK (create_context (second, &alice, "sogo://sogo1:secret@tasks/personal/") != MAPISTORE_SUCCESS);
  /* Without a connection: registers nobody, and breaks nothing. */
  CHECK (create_context (second, NULL, "sogo://sogo2:secret@mail/folderINBOX/") == MAPISTORE_SUCCESS);
  meet ("opened");
  talloc_free (second);
  meet ("half ended");
  talloc_free (first);
  meet ("ended");
  return 0;
}
