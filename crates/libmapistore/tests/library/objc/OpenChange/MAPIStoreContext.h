/* As much of a SOGo context as opening and ending one needs. Written for this test. */
#import <Foundation/Foundation.h>

struct mapistore_connection_info;

@interface Authenticator : NSObject
{
  NSString *username;
}
- (id) initWithUsername: (NSString *) newUsername;
- (NSString *) username;
@end

@interface MAPIStoreContext : NSObject
{
  struct mapistore_connection_info *connectionInfo;
  Authenticator *authenticator;
  NSObject *baseFolder;
}
+ (int) openContext: (MAPIStoreContext **) contextPtr
            withURI: (NSString *) uri
     connectionInfo: (struct mapistore_connection_info *) newConnInfo;
- (id) initWithUsername: (NSString *) username
         connectionInfo: (struct mapistore_connection_info *) newConnInfo;
- (struct mapistore_connection_info *) connectionInfo;
- (Authenticator *) authenticator;
@end
