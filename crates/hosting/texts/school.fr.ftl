# === les états d’un serveur documentaire, pour l’établissement : sur sa page et dans ses messages ===

school-state-start = Votre serveur documentaire est en cours de création
school-state-start-text = Son installation est en cours. Vous n’avez rien à faire pour l’instant.
school-state-start-next = Vous pouvez suivre l’avancement à tout moment, et vous serez prévenu dès que vos bases pourront être déposées.
school-state-bcdidbwait = Vos bases sont attendues
school-state-bcdidbwait-text = Votre serveur documentaire est installé. Il lui faut maintenant les bases de votre CDI.
school-state-bcdidbwait-next = Déposez-les : plusieurs fichiers peuvent être envoyés à la fois, et le premier est la base principale.
school-state-bcdidbuploaded = Le montage de vos bases est en cours
school-state-bcdidbuploaded-text = Vos fichiers sont arrivés. Ils sont en cours de vérification et de montage.
school-state-bcdidbuploaded-next = Vous n’avez rien à faire : vous serez prévenu quand votre serveur documentaire sera ouvert.
school-state-bcdidbuploadedright = L’ouverture de votre serveur documentaire est en cours
school-state-bcdidbuploadedright-text = Vos bases sont montées. Les derniers préparatifs sont en cours.
school-state-bcdidbuploadedright-next = Vous n’avez rien à faire : vous serez prévenu quand votre serveur documentaire sera ouvert.
school-state-bcdiready = Votre serveur documentaire est opérationnel
school-state-bcdiready-text = Il fonctionne avec vos bases.
school-state-bcdiready-next = Consultez les informations de connexion et installez le client.
school-state-bcdialter = Votre serveur documentaire est en cours de modification
school-state-bcdialter-text = Les informations modifiées de votre établissement sont en cours de prise en compte.
school-state-bcdialter-next = Vous n’avez rien à faire : il sera de nouveau ouvert dans un court instant.
school-state-bcdidelete = Votre serveur documentaire est en cours de suppression
school-state-bcdidelete-text = Sa suppression a été demandée. Vos bases sont d’abord exportées.
school-state-bcdidelete-next = Vous n’avez rien à faire : vous serez prévenu quand vos bases pourront être téléchargées.
school-state-bcdideleted = Votre serveur documentaire a été supprimé
school-state-bcdideleted-text = Il n’existe plus. Vos bases ont été exportées auparavant.
school-state-bcdideleted-next = Téléchargez-les sans tarder : elles ne sont conservées que pour un temps.
school-state-starterror = Votre serveur documentaire n’a pas pu être créé
school-state-starterror-text = Un problème est survenu pendant son installation. Vous n’y êtes pour rien, et rien de ce qui vous appartient n’est perdu.
school-state-starterror-next = L’équipe qui s’en occupe le voit et va réessayer. S’il ne se passe rien pendant une journée, adressez-vous à votre fournisseur.
school-state-bcdiuploadederror = Vos bases n’ont pas pu être utilisées
school-state-bcdiuploadederror-text = Un problème est survenu pendant leur vérification, leur montage ou l’ouverture du serveur.
school-state-bcdiuploadederror-next = Lisez ci-dessous ce qui a été constaté, exportez de nouveau vos bases et déposez-les. Si cela se reproduit, adressez-vous à votre fournisseur.
school-state-unseen = Votre serveur documentaire est commandé
school-state-unseen-text = L’hébergeur n’a pas encore dit où il en est.
school-state-unseen-next = Vous n’avez rien à faire : cette page l’affichera dès que ce sera connu.
school-state-unknown = Étape { $code }
school-state-unknown-text = L’hébergeur de votre serveur documentaire nomme cette étape « { $code } ». Cette page ne la connaît pas encore.
school-state-unknown-next = Si vous voulez savoir ce qu’elle signifie, adressez-vous à votre fournisseur.

# === la page de l’établissement ===

school-title = Votre serveur documentaire
school-of = Établissement { $school }
school-since = Depuis
school-left-label = Temps avant mise à disposition
school-left = { $n ->
    [0] moins d’une minute
    [one] environ { $n } minute
   *[other] environ { $n } minutes
 }
school-left-hours = { $n ->
    [one] environ { $n } heure
   *[other] environ { $n } heures
 }
school-left-over = un peu plus que d’habitude
school-said = Ce qui a été constaté
school-last = Dernière opération
school-work-create = Création
school-work-mount = Montage des bases
school-work-open = Ouverture
school-work-alter = Modification
school-work-delete = Suppression
school-operation-running = en cours
school-operation-done = terminée
school-operation-failed = en échec
school-operation-cancelled = annulée
school-alter-failed = La dernière modification n’a pas pu être faite : tout est resté comme avant.
school-history = Ce qui s’est passé
school-upload = Déposez vos bases
school-upload-frame = Dépôt des bases
school-upload-open = Déposer dans une fenêtre à part
school-connect = Informations de connexion
school-connect-site = Adresse
school-connect-host = Serveur
school-connect-port = Port
school-connect-open = Ouvrir le serveur documentaire
school-connect-none = Aucune information de connexion n’a été donnée : adressez-vous à votre fournisseur.
school-secret = masqué
school-reveal = Afficher ce qui est masqué
school-reveal-hint = Assurez-vous que personne ne regarde votre écran.
school-hide = Masquer de nouveau
school-client = Le client
school-client-text = Installez-le sur les postes qui utilisent le serveur documentaire.
school-client-get = Télécharger pour { $system }
school-client-none = Il n’y a rien à télécharger ici : demandez le client à votre fournisseur.
school-sum = SHA-256 { $sum }
school-downloads = Vos bases
school-downloads-until = Elles peuvent être téléchargées jusqu’au
school-downloads-none = Il n’y a rien à télécharger : rien n’a été exporté, ou le temps de conservation est passé. Adressez-vous à votre fournisseur.
school-away = L’hébergeur de votre serveur documentaire ne répond pas en ce moment. Vous voyez ce qui était connu en dernier ; cette page réessaie toute seule.
school-away-act = Ceci s’affichera dès qu’il répondra de nouveau.
school-asked = État au
school-lost = Pas de connexion. Ce que vous voyez peut être ancien ; un nouvel essai se fait tout seul.
school-gone = Ce lien n’est plus valable
school-gone-text = Il est trop ancien, a été remplacé par un autre, ou n’a pas été copié en entier. Le bon se trouve dans le message le plus récent que vous avez reçu ; sinon, adressez-vous à votre fournisseur.
school-later = Cette page ne peut pas être affichée pour l’instant. Réessayez dans quelques minutes.

school-stop = Plus de messages
school-stop-text = Des messages préviennent l’établissement { $school } à chaque nouvelle étape de son serveur documentaire. Faut-il les arrêter ?
school-stop-do = Ne plus envoyer de messages
school-stopped = Plus aucun message n’est envoyé au sujet du serveur documentaire de { $school }. Votre fournisseur peut les faire reprendre.
