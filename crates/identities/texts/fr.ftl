# Les pages.
identities = Identités
identities-new = Nouvelle personne
identities-edit = Modifier
identities-import = Importer un fichier
identities-imported = Import terminé
identities-back = Retour
identities-save = Enregistrer
identities-see = Les voir
identities-counts = Combien dans chaque état
identities-next-run = Prochaine synchronisation programmée :
identities-synchronise-all = { $n ->
    [one] Synchroniser { $n } identité
   *[other] Synchroniser { $n } identités
 }
identities-first = Pas encore d’identité
identities-first-text = Les identités sont importées d’un fichier, relues, mises à synchroniser, puis envoyées aux backends. Chacune montre ce que chaque backend a répondu.
identities-look = { $n ->
    [one] { $n } identité attend d’être relue
   *[other] { $n } identités attendent d’être relues
 }
identities-look-text = Elles sont nouvelles ou ont changé. Mises à synchroniser, elles partent quand on appuie sur « Synchroniser ».
identities-validate-all = { $n ->
    [one] Mettre { $n } identité à synchroniser
   *[other] Mettre { $n } identités à synchroniser
 }
identities-filter = Quelles identités
identities-any = tous
identities-text = Nom, compte ou identifiant
identities-apply = Chercher
identities-clear = Tout montrer
identities-export = Exporter
identities-none = Aucune identité ne correspond
identities-total = { $n ->
    [one] { $n } identité
   *[other] { $n } identités
 }
identities-select = Choisir toutes celles de la page
identities-select-one = Choisir { $name }
identities-pages = Pages de la liste
identities-first-page = Première page
identities-more = Suite
identities-do = Action sur les identités choisies
identities-all-that-fit = { $n ->
    [one] la seule qui correspond
   *[other] les { $n } qui correspondent, sur toutes les pages
 }
identities-chosen = choisies
identities-do-hint = Ce qui arrivera, et à combien, est montré avant que rien ne soit fait.
identities-nobody = Cela n’est possible pour aucune d’elles en ce moment.
identities-failsafe = Si elles sont nombreuses, le garde-fou les retient jusqu’à ce que quelqu’un approuve.
identities-would-leave = { $n ->
    [one] { $n } reste telle quelle : son état ne le permet pas.
   *[other] { $n } restent telles quelles : leur état ne le permet pas.
 }
identities-left = { $n ->
    [one] { $n } est restée telle quelle :
   *[other] { $n } sont restées telles quelles :
 }
identities-left-why = Pourquoi elles sont restées

# Les états, ce qu’ils signifient, et la suite.
state-to-complete = à compléter
state-to-complete-hint = il manque quelque chose
state-to-complete-next = Il manque quelque chose au document. Modifiez-le, ou importez les champs manquants.
state-to-validate = à valider
state-to-validate-hint = nouvelle ou modifiée
state-to-validate-next = Quelqu’un relit le document, puis le met à synchroniser.
state-to-synchronise = à synchroniser
state-to-synchronise-hint = part bientôt
state-to-synchronise-next = Elle part vers les backends à la prochaine synchronisation.
state-synchronising = en synchronisation
state-synchronising-hint = backends au travail
state-synchronising-next = Les backends travaillent. Cette page les suit.
state-synchronised = synchronisée
state-synchronised-hint = connue des backends
state-synchronised-next = Rien : les backends l’ont telle quelle.
state-in-error = en erreur
state-in-error-hint = refusée par un backend
state-in-error-next = Corrigez ce que dit le backend, dans le document ou sur le backend, puis synchronisez de nouveau.
state-not-to-synchronise = écartée
state-not-to-synchronise-hint = à ne pas synchroniser
state-not-to-synchronise-next = Rien, jusqu’à ce que quelqu’un la mette à synchroniser.
state-deleted = supprimée
state-deleted-hint = absente des backends
state-deleted-next = Rien. Une modification ou un import la fait revenir.

# Ce que l’on peut faire.
act-synchronise = Synchroniser
act-to-synchronise = Mettre à synchroniser
act-to-validate = Mettre à valider
act-not-to-synchronise = Écarter
act-enable = Activer
act-disable = Désactiver
act-delete = Supprimer des backends
would-synchronise = { $n ->
    [one] { $n } identité sera envoyée aux backends.
   *[other] { $n } identités seront envoyées aux backends.
 }
would-to-synchronise = { $n ->
    [one] { $n } identité partira à la prochaine synchronisation.
   *[other] { $n } identités partiront à la prochaine synchronisation.
 }
would-to-validate = { $n ->
    [one] { $n } identité attendra d’être validée.
   *[other] { $n } identités attendront d’être validées.
 }
would-not-to-synchronise = { $n ->
    [one] { $n } identité sera laissée hors des synchronisations.
   *[other] { $n } identités seront laissées hors des synchronisations.
 }
would-enable = { $n ->
    [one] { $n } identité retrouvera son accès sur les backends.
   *[other] { $n } identités retrouveront leur accès sur les backends.
 }
would-disable = { $n ->
    [one] { $n } identité perdra son accès sur les backends.
   *[other] { $n } identités perdront leur accès sur les backends.
 }
would-delete = { $n ->
    [one] { $n } identité sera supprimée des backends.
   *[other] { $n } identités seront supprimées des backends.
 }
done-identities-synchronise = { $n ->
    [one] { $n } identité est en cours de synchronisation.
   *[other] { $n } identités sont en cours de synchronisation.
 }
done-identities-to-synchronise = { $n ->
    [one] { $n } identité est à synchroniser.
   *[other] { $n } identités sont à synchroniser.
 }
done-identities-to-validate = { $n ->
    [one] { $n } identité est à valider.
   *[other] { $n } identités sont à valider.
 }
done-identities-not-to-synchronise = { $n ->
    [one] { $n } identité est écartée.
   *[other] { $n } identités sont écartées.
 }
done-identities-enable = { $n ->
    [one] { $n } identité est en cours d’activation.
   *[other] { $n } identités sont en cours d’activation.
 }
done-identities-disable = { $n ->
    [one] { $n } identité est en cours de désactivation.
   *[other] { $n } identités sont en cours de désactivation.
 }
done-identities-delete = { $n ->
    [one] { $n } identité est en cours de suppression.
   *[other] { $n } identités sont en cours de suppression.
 }
done-identities-saved = Le document est enregistré.
done-identities-password = Le mot de passe est changé.
done-identities-password-failed = Le mot de passe n’est pas changé. Voici le travail qui devait le faire.

# Une identité.
identity-id = Identifiant
identity-state = État
identity-name = Nom
identity-uid = Compte
identity-message = Message
identity-why = Raison
identity-action = Action
identity-accepted = Reçu
identity-synchronised = Synchronisée
identity-never = jamais
identity-created = Ajoutée
identity-updated = Dernière modification
identity-fingerprint = Empreinte
identity-disabled = désactivée
identity-next = La suite
identity-waits-running = { $name } s’en occupe.
identity-waits-nothing = Cela commence dans un instant.
identity-waits-subject = Elle attend la fin du travail précédent.
identity-waits-failsafe = Le garde-fou la retient dans { $name } : rien ne se passe avant une décision.
identity-waits-pause = Le backend { $name } est en pause : rien ne se passe avant sa reprise.
identity-waits-breaker = { $name } échoue sans cesse et n’est plus sollicité. Nouvel essai le :
identity-waits-backend = { $name } demande d’attendre jusqu’au :
identity-waits-window = { $name } travaille à certaines heures. La suite le :
identity-waits-window-never = Plus aucune des heures de { $name } ne revient : son config.yml est à changer.
identity-waits-rate = Elle attend son tour sur { $name }, dont le débit est borné :
identity-waits-retry = Un essai a échoué. Le prochain a lieu le :
identity-waits-later = La suite le :
identity-waits-slot = Cela commence quand un des travaux en cours se termine.
identity-help-failsafe = Décider
identity-help-resume = Reprendre { $name }
identity-help-see = Voir { $name }
identity-help-job = Voir ce travail
identity-help-now = Réessayer maintenant
identity-missing = Il manque :
identity-answers = Dernières réponses des backends
identity-no-answer = Aucun backend n’a encore répondu.
identity-no-job = Rien n’a encore été demandé aux backends à son sujet.
identity-history = Historique
identity-facts = Informations
identity-document = Document
identity-document-help = JSON. Le registre ajoute lui-même identifiant, état, dates et empreinte, et ne garde aucun mot de passe.
identity-reset = Nouveau mot de passe
identity-new-password = Nouveau mot de passe
identity-again = Confirmation
identity-reset-do = Réinitialiser le mot de passe
identity-reset-hint = Il va aux backends et n’est gardé nulle part.
identity-job-queued = en attente
identity-job-running = en cours
identity-job-retrying = à réessayer
identity-job-succeeded = réussi
identity-job-failed = échoué
identity-job-cancelled = annulé
identity-job-superseded = remplacé

# L’import.
identities-import-text = Chaque enregistrement inutilisable est montré avec sa ligne ; tous les autres sont importés. Le même fichier une seconde fois ne change rien.
import-file = Fichier
import-format = Format
import-by-name = d’après son nom
import-mapping = Les colonnes ont d’autres noms : donner une correspondance
import-mapping-label = Correspondance (YAML)
import-mapping-help = À gauche le champ du document, à droite la colonne. Sans correspondance, les colonnes sont prises par leur nom.
import-example = Un exemple de correspondance
import-validated = Déjà relu : mettre à synchroniser ce qui est nouveau ou modifié
import-do = { $n ->
    [one] Importer { $n } identité
   *[other] Importer { $n } identités
 }
import-file-help = CSV, JSON, NDJSON ou LDIF, jusqu’à 64 Mio. Rien n’est écrit avant que vous ayez vu ce qui se passerait.
import-encoding = Encodage
import-by-mark = celui qu’indique le fichier, sinon UTF-8
import-encoding-help = LATIN-1 est ce qu’écrivent les tableurs anciens (aussi appelé Windows-1252 ou ANSI).
import-look = Voir ce qui se passerait
import-preview = Ce que ferait l’import
import-preview-text = Rien n’est encore écrit
import-nothing = Rien à importer : tout le monde est déjà là, tel que le dit le fichier.
import-other-file = Choisir un autre fichier
import-how = Lire ce fichier autrement
import-gone = Le fichier n’est plus gardé ici : choisissez-le de nouveau.
import-too-large = Le fichier est trop volumineux pour vous attendre là où plusieurs serveurs travaillent : importez-le avec « intendant identities import », qui dit avec --dry-run ce qu’il ferait, ou en plusieurs morceaux.
import-changes = Qui est modifié
import-members = Champs modifiés, et pour combien d’identités :
import-what = Modifications
import-back = Était supprimée, et revient.
import-none = rien
import-people = Qui est nouveau
import-lacks = Il manque
imported-aside = { $n ->
    [one] { $n } d’entre elles est écartée, et le reste.
   *[other] { $n } d’entre elles sont écartées, et le restent.
 }
imported-same = { $n ->
    [one] De même à { $n } autre ligne :
   *[other] De même à { $n } autres lignes :
 }
imported-new = nouvelles
imported-changed = modifiées
imported-unchanged = inchangées
imported-bad = inutilisables
imported-bad-title = Enregistrements inutilisables
imported-line = Ligne
imported-more = { $n ->
    [one] et { $n } autre
   *[other] et { $n } autres
 }
imported-incomplete = { $n ->
    [one] Il manque quelque chose à { $n } d’entre elles.
   *[other] Il manque quelque chose à { $n } d’entre elles.
 }
imported-unused = Colonnes inutilisées : { $columns }. Une correspondance dit ce qui devient quoi.
imported-passwords = { $n ->
    [one] { $n } mot de passe a été laissé de côté : le registre n’en garde aucun.
   *[other] { $n } mots de passe ont été laissés de côté : le registre n’en garde aucun.
 }
imported-next = La suite : les relire, et les mettre à synchroniser.
imported-next-validated = La suite : appuyer sur « Synchroniser ».
imported-go = Vers les identités
identities-damaged = Illisibles
identities-damaged-text = Ce que le journal garde de ces identités est endommagé ; les autres ne sont pas concernées. Effacez-les ici, puis importez-les à nouveau ; une sauvegarde les contient telles qu’elles étaient.
identity-erase = Effacer définitivement
identity-erase-what = Tout ce que le registre garde de { $name } sera effacé : document, états et dernières réponses. C’est irrévocable.
identity-erase-left = Ses travaux, et ce que l’audit dit des modifications passées, restent jusqu’à leur terme (retention.jobs et retention.records dans la configuration). L’audit dira qui l’a effacée, et rien de ce qu’elle était.
identity-erase-again = Rien n’est demandé aux backends : ils l’ont déjà supprimée. L’import d’un fichier où elle figure la ferait revenir comme nouvelle.
identity-erase-do = Effacer ses données
done-identities-erased = Les données de l’identité sont effacées.

scope-identities-read = voir les identités

# Les boutons qui retirent quelque chose à plusieurs personnes.
do-delete = { $n ->
    [one] Supprimer { $n } personne
   *[other] Supprimer { $n } personnes
 }
do-disable = { $n ->
    [one] Désactiver { $n } personne
   *[other] Désactiver { $n } personnes
 }

# Le formulaire d’une personne.
edit-form = Formulaire
edit-tabs = Comment modifier
edit-required = obligatoire
edit-lines = Une valeur par ligne.
edit-class = Cette personne a ces champs
edit-rest = Ce qu’aucun champ ne montre reste tel quel ; l’onglet JSON montre tout.
identities-cancel = Annuler
members-name = Nom et compte
members-reach = Coordonnées
members-work = Fonction
member-uid = Compte
member-uid-help = L’identifiant dans les annuaires : unique, sans distinction de majuscules.
member-cn = Nom complet
member-cn-help = Tel que le montrent les listes, souvent le nom de famille d’abord.
member-sn = Nom de famille
member-givenName = Prénom
member-displayName = Nom affiché
member-displayName-help = Dans les courriels et à l’écran, s’il diffère du nom complet.
member-initials = Initiales
member-mail = Adresse électronique
member-telephoneNumber = Téléphone
member-mobile = Mobile
member-facsimileTelephoneNumber = Télécopie
member-postalAddress = Adresse postale
member-postalAddress-help = Sur une ligne ; les annuaires séparent les lignes par $.
member-labeledURI = Page web
member-labeledURI-help = Une adresse, suivie d’une espace et de son libellé.
member-preferredLanguage = Langue
member-preferredLanguage-help = Par exemple fr ou en-GB.
member-title = Fonction
member-employeeNumber = Matricule
member-employeeNumber-help = Numéro d’agent ou d’étudiant dans l’application source.
member-employeeType = Type
member-employeeType-help = Agent, étudiant, invité…, dans les termes de la source.
member-departmentNumber = Service
member-yes = oui
member-no = non
fault-empty = Ce champ est obligatoire.
fault-mail = Saisissez une adresse de la forme nom@exemple.org.
fault-phone = Saisissez un numéro de téléphone.
fault-number = Saisissez un nombre entier.
fault-choice = Choisissez l’une des valeurs proposées.
fault-long = C’est trop long.
fault-control = Ce champ contient des caractères invisibles : saisissez-le de nouveau.
fault-taken = Ce compte est déjà celui de quelqu’un.
edit-wrong = { $n ->
    [one] { $n } champ à corriger :
   *[other] { $n } champs à corriger :
 }

# L’historique des synchronisations.
runs = Synchronisations
runs-text = Ce qui a été demandé aux backends pour plusieurs identités à la fois, et le résultat.
runs-none = Rien n’a encore été demandé pour plusieurs identités.
runs-begun = Début
runs-by = Par
runs-what = Opération
runs-of = Demandées
runs-good = Réussies
runs-bad = En échec
runs-open = En cours
runs-left = Laissées telles quelles
runs-gone = Annulées
runs-stage = État
runs-under-way = en cours
runs-ended = terminée
runs-interrupted = interrompue
runs-interrupted-text = Le serveur a été arrêté au milieu : demandez de nouveau pour celles qui restent.
runs-causes = Causes des échecs
runs-jobs = Ses travaux
runs-failed-jobs = Ceux qui ont échoué
runs-progress = Avancement
runs-example = un exemple
runs-number = Nombre
