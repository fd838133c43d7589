# === les courriels aux établissements ===

mail-hello = Bonjour,
mail-open = Ouvrir la page de votre établissement
mail-hint = Ce lien est réservé à votre établissement : ne le transmettez pas. Il est valable jusqu’au { $until } ; chaque courriel en apporte un nouveau.
mail-why = Vous recevez ce courriel parce que cette adresse a été indiquée pour le serveur documentaire de l’établissement { $rne }.
mail-stop = Ne plus recevoir de courriels au sujet de cet établissement

mail-START-subject = { $school } : votre serveur documentaire est en cours de création
mail-START-text = Votre serveur documentaire a été commandé et sa création est en cours. Vous pouvez à tout moment consulter l’état d’avancement.
mail-START-next = Vous n’avez rien à faire : nous vous écrirons dès que vous pourrez envoyer vos bases.

mail-BCDIDBWAIT-subject = { $school } : vous pouvez envoyer les bases de votre CDI
mail-BCDIDBWAIT-text = Votre serveur documentaire est installé et attend les bases de votre CDI.
mail-BCDIDBWAIT-next = Ouvrez la page de votre établissement et déposez-les, en commençant par la base principale. Vous pouvez vous arrêter et reprendre plus tard : rien de ce qui a été envoyé n’est perdu.

mail-BCDIDBUPLOADED-subject = { $school } : vos bases sont arrivées
mail-BCDIDBUPLOADED-text = Vos bases ont été remises. Elles sont en cours de vérification et de montage ; la page de votre établissement indique le temps restant.
mail-BCDIDBUPLOADED-next = Vous n’avez rien à faire : nous vous écrirons quand votre serveur sera ouvert.

mail-BCDIDBUPLOADEDRIGHT-subject = { $school } : vos bases sont montées
mail-BCDIDBUPLOADEDRIGHT-text = Vos bases ont été vérifiées et montées sans difficulté. Votre serveur est en cours d’ouverture.
mail-BCDIDBUPLOADEDRIGHT-next = Vous n’avez rien à faire : nous vous écrirons quand il sera ouvert.

mail-BCDIREADY-subject = { $school } : votre serveur documentaire est ouvert
mail-BCDIREADY-text = Votre serveur documentaire est opérationnel.
mail-BCDIREADY-next = La page de votre établissement donne les informations de connexion et le logiciel à installer. Les mots de passe ne figurent que là, jamais dans un courriel.

mail-altered-subject = { $school } : votre serveur documentaire a été modifié
mail-altered-text = La modification demandée est faite, et votre serveur documentaire est de nouveau ouvert.
mail-altered-next = Consultez la page de votre établissement : les informations de connexion ont pu changer aussi.

mail-alter-failed-subject = { $school } : votre serveur documentaire n’a pas pu être modifié
mail-alter-failed-text = La modification demandée n’a pas pu être faite. Votre serveur documentaire est ouvert, tel qu’il était auparavant.
mail-alter-failed-next = Vous n’avez rien à faire : la personne qui a demandé la modification peut en voir la raison.

mail-BCDIALTER-subject = { $school } : votre serveur documentaire est en cours de modification
mail-BCDIALTER-text = Une modification de votre serveur documentaire a été demandée ; elle est en cours.
mail-BCDIALTER-next = Vous n’avez rien à faire : nous vous écrirons quand il sera de nouveau ouvert.

mail-BCDIDELETE-subject = { $school } : votre serveur documentaire va être supprimé
mail-BCDIDELETE-text = La suppression de votre serveur documentaire a été demandée. Vos bases sont d’abord exportées.
mail-BCDIDELETE-next = Nous vous écrirons quand vous pourrez les télécharger. Si personne dans votre établissement n’est au courant, appelez tout de suite votre librairie.

mail-BCDIDELETED-subject = { $school } : votre serveur documentaire a été supprimé
mail-BCDIDELETED-text = Votre serveur documentaire a été supprimé. Vos bases ont été exportées auparavant.
mail-BCDIDELETED-next = Téléchargez-les depuis la page de votre établissement : elles sont conservées pendant une durée limitée, qui y est indiquée.

mail-STARTERROR-subject = { $school } : la création de votre serveur documentaire prend du retard
mail-STARTERROR-text = Votre serveur documentaire n’a pas pu être créé du premier coup.
mail-STARTERROR-next = Vous n’avez rien à faire : l’hébergeur s’en occupe, et nous vous écrirons dès que la création reprendra.

mail-BCDIUPLOADEDERROR-subject = { $school } : vos bases n’ont pas pu être utilisées
mail-BCDIUPLOADEDERROR-text = Vos bases sont arrivées, mais n’ont pas pu être vérifiées, montées ou ouvertes.
mail-BCDIUPLOADEDERROR-next = Ouvrez la page de votre établissement : elle indique ce qui s’est passé. Vous pouvez y déposer les bases une nouvelle fois.

mail-other-subject = { $school } : du nouveau pour votre serveur documentaire ({ $code })
mail-other-text = Votre serveur documentaire est passé à l’étape { $code }.
mail-other-next = La page de votre établissement en dit davantage.
