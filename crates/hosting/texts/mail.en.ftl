# === mails to schools ===

mail-hello = Hello,
mail-open = Open the page of your school
mail-hint = This link is for your school alone: please do not pass it on. It is good until { $until }; every mail brings a new one.
mail-why = You get this mail because this address was given for the library server of the school { $rne }.
mail-stop = No more mails about this school

mail-START-subject = { $school }: your library server is being set up
mail-START-text = Your library server was ordered and is now being set up. You can look at any time how far it is.
mail-START-next = There is nothing for you to do: we will write to you as soon as you can send your databases.

mail-BCDIDBWAIT-subject = { $school }: please send your library’s databases
mail-BCDIDBWAIT-text = Your library server is there and waits for the databases of your library.
mail-BCDIDBWAIT-next = Please open the page of your school and send them there, the main database first. You can stop and go on later: nothing that was sent is lost.

mail-BCDIDBUPLOADED-subject = { $school }: your databases have arrived
mail-BCDIDBUPLOADED-text = Your databases have been handed over. They are now being checked and mounted; the page of your school says how long that still takes.
mail-BCDIDBUPLOADED-next = There is nothing for you to do: we will write to you when your server is open.

mail-BCDIDBUPLOADEDRIGHT-subject = { $school }: your databases are mounted
mail-BCDIDBUPLOADEDRIGHT-text = Your databases were checked and mounted without trouble. Your server is now being opened.
mail-BCDIDBUPLOADEDRIGHT-next = There is nothing for you to do: we will write to you when it is open.

mail-BCDIREADY-subject = { $school }: your library server is open
mail-BCDIREADY-text = Your library server is open to readers.
mail-BCDIREADY-next = On the page of your school you find how to connect, and the program to install. Passwords stand there only, never in a mail.

mail-altered-subject = { $school }: your library server has been changed
mail-altered-text = The change that was asked for is done, and your library server is open again.
mail-altered-next = Please look at the page of your school: how to connect may have changed too.

mail-alter-failed-subject = { $school }: your library server could not be changed
mail-alter-failed-text = The change that was asked for could not be made. Your library server is open as it was before.
mail-alter-failed-next = There is nothing for you to do: whoever asked for the change can see why.

mail-BCDIALTER-subject = { $school }: your library server is being changed
mail-BCDIALTER-text = Somebody asked for a change of your library server, and it is being made.
mail-BCDIALTER-next = There is nothing for you to do: we will write to you when it is open again.

mail-BCDIDELETE-subject = { $school }: your library server is being removed
mail-BCDIDELETE-text = Somebody asked for the removal of your library server. Your databases are exported first.
mail-BCDIDELETE-next = We will write to you when you can download them. If nobody at your school knows of this, please call your library shop at once.

mail-BCDIDELETED-subject = { $school }: your library server has been removed
mail-BCDIDELETED-text = Your library server has been removed. Your databases were exported before.
mail-BCDIDELETED-next = Please download them from the page of your school: they are kept for a limited time, which is said there.

mail-STARTERROR-subject = { $school }: setting up your library server takes longer
mail-STARTERROR-text = Your library server could not be set up at the first try.
mail-STARTERROR-next = There is nothing for you to do: those who run it are looking into it, and we will write to you as soon as it goes on.

mail-BCDIUPLOADEDERROR-subject = { $school }: your databases could not be used
mail-BCDIUPLOADEDERROR-text = Your databases arrived, but could not be checked, mounted or opened.
mail-BCDIUPLOADEDERROR-next = Please open the page of your school: it says what went wrong. You can send the databases there once more.

mail-other-subject = { $school }: news of your library server ({ $code })
mail-other-text = Your library server has come to the step { $code }.
mail-other-next = The page of your school says more.
