# Les pages.
identities = Identités
identities-new = Nouvelle identité
identities-edit = Modifier le document
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
import-dry-run = Seulement montrer ce qui se passerait
import-validated = Déjà relu : mettre à synchroniser ce qui est nouveau ou modifié
import-do = Importer
imported-dry = Ce que ferait l’import
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
imported-dry-next = Rien n’a été écrit. Importez de nouveau le fichier sans « seulement montrer » pour le faire.
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
