# === the states of a library server, for the school: on its page and in its mails ===

school-state-start = Your library server is being created
school-state-start-text = It is being installed. You need not do anything yet.
school-state-start-next = You can see at any time how far it is, and you are told as soon as your databases can be uploaded.
school-state-bcdidbwait = Your databases are awaited
school-state-bcdidbwait-text = Your library server is installed. Now it needs the databases of your library.
school-state-bcdidbwait-next = Upload them: several files can be sent at once, and the first one is the main database.
school-state-bcdidbuploaded = Your databases are being mounted
school-state-bcdidbuploaded-text = Your files have arrived. They are being checked and mounted.
school-state-bcdidbuploaded-next = You need not do anything: you are told when your library server is open.
school-state-bcdidbuploadedright = Your library server is being opened
school-state-bcdidbuploadedright-text = Your databases are mounted. The last preparations are being made.
school-state-bcdidbuploadedright-next = You need not do anything: you are told when your library server is open.
school-state-bcdiready = Your library server is open
school-state-bcdiready-text = It works with your databases.
school-state-bcdiready-next = Find out how to connect to it, and install the client.
school-state-bcdialter = Your library server is being changed
school-state-bcdialter-text = What was changed about your school is being taken over.
school-state-bcdialter-next = You need not do anything: it is open again in a short while.
school-state-bcdidelete = Your library server is being removed
school-state-bcdidelete-text = Its removal was asked for. Your databases are being exported first.
school-state-bcdidelete-next = You need not do anything: you are told when your databases can be downloaded.
school-state-bcdideleted = Your library server has been removed
school-state-bcdideleted-text = It does not exist any more. Your databases were exported before.
school-state-bcdideleted-next = Download them soon: they are kept for a limited time only.
school-state-starterror = Your library server could not be created
school-state-starterror-text = Something went wrong while it was being installed. You did nothing wrong, and nothing of yours is lost.
school-state-starterror-next = Those who look after it see this, and try again. If nothing happens for a day, ask where you ordered it.
school-state-bcdiuploadederror = Your databases could not be used
school-state-bcdiuploadederror-text = Something went wrong while they were being checked, mounted or opened.
school-state-bcdiuploadederror-next = Read below what was found, export your databases again and upload them. If it happens again, ask where you ordered the server.
school-state-unseen = Your library server was ordered
school-state-unseen-text = Whoever runs it has not said yet how it stands.
school-state-unseen-next = You need not do anything: this page shows it as soon as it is known.
school-state-unknown = Step { $code }
school-state-unknown-text = Whoever runs your library server calls this step “{ $code }”. This page does not know it yet.
school-state-unknown-next = If you wonder what it means, ask where you ordered the server.

# === the school's page ===

school-title = Your library server
school-of = School { $school }
school-since = Since
school-left-label = Time left
school-left = { $n ->
    [0] less than a minute
    [one] about one minute
   *[other] about { $n } minutes
 }
school-left-hours = { $n ->
    [one] about one hour
   *[other] about { $n } hours
 }
school-left-over = a little longer than usual
school-said = What was found
school-last = Last operation
school-work-create = Creation
school-work-mount = Mounting of the databases
school-work-open = Opening
school-work-alter = Change
school-work-delete = Removal
school-operation-running = under way
school-operation-done = done
school-operation-failed = failed
school-operation-cancelled = cancelled
school-alter-failed = The last change could not be carried out: everything is as it was before.
school-history = What has happened
school-upload = Upload your databases
school-upload-frame = Upload of the databases
school-upload-open = Upload in a window of its own
school-connect = How to connect
school-connect-site = Address
school-connect-host = Server
school-connect-port = Port
school-connect-open = Open the library server
school-connect-none = Nothing was said of how to connect: ask where you ordered the server.
school-secret = hidden
school-reveal = Show what is hidden
school-reveal-hint = Nobody should look over your shoulder.
school-hide = Hide it again
school-client = The client
school-client-text = Install it on the computers that work with the library server.
school-client-get = Download for { $system }
school-client-none = There is nothing to download here: ask where you ordered the server for the client.
school-sum = SHA-256 { $sum }
school-downloads = Your databases
school-downloads-until = They can be downloaded until
school-downloads-none = There is nothing to download: nothing was exported, or it was kept for long enough. Ask where you ordered the server.
school-away = Whoever runs your library server does not answer at the moment. What you see is what was known last; this page tries again by itself.
school-away-act = This can be shown as soon as it answers again.
school-asked = As of
school-lost = No connection. What you see may be old; it is tried again by itself.
school-gone = This link is no longer valid
school-gone-text = It is too old, has been replaced by another one, or was not copied whole. The newest message that you were sent has the right one; otherwise ask where you ordered the library server.
school-later = This page cannot be shown just now. Try again in a few minutes.

school-stop = No more mails
school-stop-text = Mails tell the school { $school } whenever its library server comes to a new step. Shall they end?
school-stop-do = Send no more mails
school-stopped = No more mails are sent about the library server of { $school }. Whoever you ordered it from can have them sent again.
