/* The two methods that the patch changes, as the patch expects them, and what they need. Written for this test. */
#import "MAPIStoreContext.h"

#include <mapistore/mapistore.h>
#include <mapistore/mapistore_errors.h>

@implementation Authenticator

- (id) initWithUsername: (NSString *) newUsername
{
  if ((self = [super init]))
    username = [newUsername copy];
  return self;
}

- (void) dealloc
{
  [username release];
  [super dealloc];
}

- (NSString *) username
{
  return username;
}

@end

@implementation MAPIStoreContext

+ (int) openContext: (MAPIStoreContext **) contextPtr
            withURI: (NSString *) uri
     connectionInfo: (struct mapistore_connection_info *) newConnInfo
{
  MAPIStoreContext *context;
  NSString *module;
  NSURL *url;
  int rc = MAPISTORE_ERR_NOT_FOUND;

  url = [NSURL URLWithString: uri];
  module = [url host];
  if ([module isEqualToString: @"mail"])
    {
      context = [[[self alloc] initWithUsername: [url user]
                                 connectionInfo: newConnInfo] autorelease];
      if (context)
        {
          *contextPtr = context;
          rc = MAPISTORE_SUCCESS;
        }
    }
  else
    NSLog (@"ERROR: unrecognized module name '%@'", module);

  return rc;
}

- (id) initWithUsername: (NSString *) username
         connectionInfo: (struct mapistore_connection_info *) newConnInfo
{
  if ((self = [super init]))
    {
      if (username == nil)
        {
          /* Released before anything of it is there. */
          [self release];
          return nil;
        }
      connectionInfo = newConnInfo;
      authenticator = [[Authenticator alloc] initWithUsername: username];
      baseFolder = [NSObject new];
    }
  return self;
}

- (void) dealloc
{
  [baseFolder release];
  [authenticator release];
  [super dealloc];
}

- (struct mapistore_connection_info *) connectionInfo
{
  return connectionInfo;
}

- (Authenticator *) authenticator
{
  return authenticator;
}

@end
