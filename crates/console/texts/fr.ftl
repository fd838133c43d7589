# Les pages.
overview = Vue d’ensemble
jobs = Travaux
dead = Rebuts
submit = Soumettre
backends = Backends
sources = Sources
failsafe = Garde-fou
audit = Audit
settings = Réglages
about = À propos

# États.
job-damaged = Illisible :
job-queued = en file
job-running = en cours
job-retrying = à réessayer
job-succeeded = réussi
job-failed = échoué
job-cancelled = annulé
job-superseded = remplacé
step-pending = à venir
step-running = en cours
step-succeeded = réussie
step-failed = échouée
step-skipped = passée
attempt-done = réussi
attempt-soft = échec passager
attempt-hard = échec définitif
attempt-wait = pas maintenant
attempt-lost = fin non enregistrée
attempt-running = en cours
delivery-pending = à envoyer
delivery-delivered = remis
delivery-undeliverable = non remis
delivery-dropped = abandonné
backend-active = actif
backend-running = au travail
backend-paused = en pause
backend-left-alone = échoue, laissé en repos
backend-held = pas maintenant
backend-closed = hors de ses heures
backend-inactive = inactif
backend-broken = inutilisable
link-up = connectée
link-down = déconnectée
link-waits = chez le serveur qui dirige

# Colonnes.
col-state = État
col-action = Action
col-actions = Actions
col-subject = Sujet
col-message = Message
col-source = Source
col-accepted = Accepté
col-backend = Backend
col-running = En cours
col-do = Ce que l’on peut faire
col-at = Date
col-why = Raison
col-since = Depuis
and-more = et { $n } de plus
back = Retour
copy = Copier
since = depuis
yes = oui
no = non
unit-day = j
bytes = { $n ->
    [one] { $n } octet
   *[other] { $n } octets
 }
pager = Pages de la liste
pager-newest = ← Plus récents
pager-older = Plus anciens →
search-on = Chercher plus loin
search-goes-on = La recherche continue…

# Vue d’ensemble.
attention = À surveiller
attention-none = Rien ne demande votre attention.
attention-failed = { $n ->
    [one] { $n } travail a échoué et attend quelqu’un
   *[other] { $n } travaux ont échoué et attendent quelqu’un
 }
attention-failsafe = { $n ->
    [one] Le garde-fou retient { $n } travail sur { $backend } jusqu’à une décision
   *[other] Le garde-fou retient { $n } travaux sur { $backend } jusqu’à une décision
 }
attention-undeliverable = { $n ->
    [one] { $n } réponse ou notification n’a pas pu être remise
   *[other] { $n } réponses ou notifications n’ont pas pu être remises
 }
chart-jobs = Travaux
chart-jobs-done = Travaux terminés
chart-jobs-took = De l’acceptation à la fin
chart-attempts = Tentatives
chart-attempts-done = Tentatives terminées
chart-attempts-took = Du début à la fin d’une tentative
chart-all = Tous les backends
chart-range = Période
short-1h = 1 h
short-24h = 24 h
short-7d = 7 j
short-30d = 30 j
range-1h = La dernière heure
range-24h = Les dernières 24 heures
range-7d = Les 7 derniers jours
range-30d = Les 30 derniers jours
chart-none = Rien ne s’est terminé pendant cette période.
chart-now = maintenant
chart-hint = Survolez le graphique, ou parcourez-le avec les flèches du clavier, pour lire ses valeurs.
chart-succeeded = { $n ->
    [one] { $n } réussi
   *[other] { $n } réussis
  }
chart-failed = { $n ->
    [one] { $n } en échec
   *[other] { $n } en échec
  }
chart-soft = { $n } à réessayer
chart-within = la moitié en { $half }, 95 % en { $most }
chart-nothing = rien de terminé
chart-took = Durée
chart-half = la moitié en
chart-nearly-all = 95 % en
chart-figures = Les mêmes valeurs en chiffres
attention-idle = { $backend } ne fait rien et répond que tout est fait
attention-broken = { $backend } est inutilisable : chaque travail qui en a besoin échoue
attention-paused = { $backend } est en pause : ses travaux attendent
attention-held = { $backend } a dit « pas maintenant » : ses travaux attendent
attention-left-alone = { $backend } échoue sans cesse et est laissé en repos : ses travaux attendent
attention-link = { $name } est déconnectée
attention-shortage = Cette machine manque de ressources : des travaux attendent.
attention-long = { $backend } exécute le même travail depuis { $span }, sans limite de temps
attention-oldest = Un travail attend depuis { $span }
attention-damaged = { $n ->
    [one] Une ligne du journal est illisible : elle est laissée de côté
   *[other] { $n } lignes du journal sont illisibles : elles sont laissées de côté
 }
attention-look = Voir
attention-decide = Décider
attention-why = Pourquoi ?
overview-states = Travaux par état
overview-latest = Derniers travaux
overview-all = Tous les travaux

# Travaux.
jobs-caption = Travaux, du plus récent au plus ancien
jobs-retry-these = Relancer les échoués…
jobs-export = Exporter
jobs-none = Aucun travail ne correspond
jobs-none-yet = Aucun jusqu’ici
jobs-no-more = Aucun autre travail ne correspond
jobs-no-more-yet = Aucun autre jusqu’ici
jobs-looked-at = { $n ->
    [one] Seul le travail le plus récent a été examiné.
   *[other] Les { $n } travaux les plus récents ont été examinés.
 }
jobs-none-hint = Les travaux terminés depuis longtemps sont supprimés : voir « retention » dans les réglages.
first-title = Aucun travail pour l’instant
first-text = Un travail commence quand une source reçoit une demande, ou quand vous en soumettez une : avec le formulaire, par l’API, ou dans un terminal de cette machine :
first-form = Soumettre une première demande
first-backends = Ce que fait un travail dépend des backends :
filter-any-state = Tous les états
filter-any-waiting = Attente ou non
filter-zone = Fuseau horaire
filter-wrong-range = La fin doit être postérieure au début.
choose-page = Sélectionner tous les travaux de cette page
choose-one = Sélectionner
choose-chosen = sélectionné(s)
choose-all = tous ceux du filtre
choose-retry = Relancer…
choose-aside = Classer…
choose-cancel = Annuler…
views = Vues enregistrées
view-save = Enregistrer cette vue…
view-name = Nom de la vue
view-save-do = Enregistrer
view-remove = Oublier la vue « { $name } »
done-view-saved = La vue est enregistrée.
done-view-removed = La vue est oubliée.
backend-concurrency = Tentatives simultanées, au plus
backend-concurrency-set = Fixer
backend-concurrency-back = Revenir à { $n }, comme configuré
backend-concurrency-free = Revenir à la configuration
done-concurrency = Le nombre de tentatives simultanées est fixé.
palette = Aller à
palette-find = Chercher
palette-pages = Pages
palette-search = Recherche
palette-all = Tous les travaux contenant « { $text } »
job-timeline = Les tentatives dans le temps
docs = L’API
docs-text = Toutes les routes de ce serveur, avec les droits nécessaires et des exemples de ce qui s’échange. Pour les programmes :
docs-parts = Parties de l’API
docs-find = Chercher une route
docs-token = Jeton
docs-token-text = Pour essayer les routes comme le ferait un programme. Sans jeton, vous les essayez en votre nom.
docs-open = Ouverte à tous.
docs-needs = Demande l’un de ces droits :
docs-required = obligatoire
docs-body = Corps
docs-example = Exemple
docs-try = Essayer
docs-answer = Réponse
filter-title = Filtre
filter-state = État
filter-more = Plus
filter-any = tous
filter-waiting = Attend
filter-text = Rechercher
waits-subject = un travail précédent
waits-failsafe = le garde-fou
waits-pause = un backend en pause
waits-breaker = un backend qui échoue sans cesse
waits-backend_wait = un backend qui a dit : pas maintenant
waits-window = les heures de son backend
waits-rate = le débit de son backend
waits-retry = son nouvel essai
waits-later = l’heure dite
waits-slot = une place libre
waits-nothing = rien
filter-action = Action
filter-subject = Sujet
filter-backend = Backend
filter-source = Source
filter-code = Code
filter-since = Reçu depuis
filter-until = Reçu avant
filter-apply = Filtrer
filter-clear = Effacer le filtre
filter-nobody = Aucun travail ne porte sur ce nom : indiquez genre:valeur, un nom complet ou un compte.
filter-several = Plusieurs portent ce nom : indiquez le compte, ou genre:valeur.
filter-wrong-subject = Un sujet s’écrit genre:valeur, par exemple identity:alice.
filter-wrong-time = Écrivez une date telle que 2026-11-30T18:00.
job-title = { $action }
job-took = a duré { $span }

# Un travail.
job-next = La suite
jobs-dry-run = simulation
job-dry-run = Simulation : rien n’est modifié.
job-before = Voir ce travail
job-see-backend = Voir le backend
job-see-failsafe = Décider
job-cancel-asked = { $by } a demandé l’annulation ; l’étape en cours est interrompue.
job-stale = Depuis, un travail plus récent du même sujet et de la même action a réussi : rejouer celui-ci peut défaire ce que l’autre a fait.
job-later = Voir le travail plus récent
dead-moved = Déplacé vers { $to } par { $by } le { $at }.
job-hurry = Réessayer maintenant
job-retry = Relancer
job-edit = Modifier et relancer…
job-cancel = Annuler ce travail
job-steps = Étapes
job-no-steps = Aucune étape pour l’instant. Le plan est établi au départ du travail : une étape par backend qui prend en charge son action.
job-sent = Réponses et notifications
job-nothing-sent = Rien n’a été envoyé.
job-facts = Informations
job-request = Demande
job-masked = Les secrets sont masqués ; seuls les backends les voient.
job-result = Résultat
step-attempts = { $n ->
    [one] { $n } tentative
   *[other] { $n } tentatives
 }
step-waits = { $n ->
    [one] reporté une fois
   *[other] reporté { $n } fois
 }
step-stops = Si elle échoue, les étapes suivantes ne s’exécutent pas.
attempt-number = Tentative { $n }
attempt-status = statut { $n }
attempt-log = Le reste de sa sortie
attempt-answer = Sa réponse
attempt-notice = Ce qu’il a signalé
attempt-silent = Il n’a rien dit.
delivery-due = pas avant
delivery-body = Ce qui est envoyé
delivery-tries = { $n ->
    [one] { $n } essai
   *[other] { $n } essais
 }
fact-id = Travail
fact-source = Source
fact-external = Identifiant de l’appelant
fact-trace = Trace
fact-replay-of = Relance de
fact-class = Classe
class-interactive = interactif : quelqu’un attend
class-bulk = en lot
fact-accepted = Accepté
fact-started = Commencé
fact-waited = après { $span }
fact-ended = Terminé
fact-took = en { $span }
fact-deadline = Échéance
fact-not-before = Pas avant
fact-status = Statut

# La suite.
next-ended-succeeded = Il a réussi ; plus rien ne se passe.
next-ended-failed = Il a échoué et reste parmi les rebuts jusqu’à ce que quelqu’un le relance. Les travaux suivants du même sujet continuent.
next-ended-cancelled = Il a été annulé ; plus rien ne se passe.
next-ended-superseded = Un travail plus récent a pris sa place ; plus rien ne se passe.
next-ended-queued = Il est terminé.
next-ended-running = Il est terminé.
next-ended-retrying = Il est terminé.
next-running-on = Il s’exécute sur { $backend }.
next-running = Il s’exécute.
next-subject = Il attend la fin du travail qui le précède sur { $subject }.
next-failsafe = Le garde-fou le retient dans { $failsafe } jusqu’à une approbation.
next-pause = Il attend la reprise de { $backend }.
next-breaker = { $backend } échoue sans cesse. Nouvel essai le :
next-backend-wait = { $backend } demande à tous les travaux d’attendre jusqu’au :
next-wait-on = { $backend } demande à ce travail d’attendre jusqu’au :
next-wait = Son backend lui demande d’attendre jusqu’au :
next-not-before = Il commence, comme le dit sa demande, le :
next-window = { $backend } travaille à certaines heures. La suite le :
next-window-never = Plus aucune plage horaire de { $backend } ne s’ouvrira : corrigez son config.yml.
next-rate = Il attend son tour sur { $backend }, dont le débit est borné :
next-retry = Nouvel essai le :
next-slot = Il commence quand un des travaux en cours sur { $backend } se termine.
next-slot-hub = Il commence quand un des travaux en cours se termine.
next-nothing = Il commence dans un instant.
ahead = Avancement
ahead-of = { $done } sur { $of }
ahead-done = { $done } faits
ahead-in-all = { $of } en tout
ahead-left = encore { $span } environ

# Relance.
replay = Modifier et relancer
replay-text = Un nouveau travail avec ce document est mis à la fin de la file de son sujet. L’ancien reste tel quel ; le journal d’audit garde ce qui a été modifié.
replay-document = Document
replay-document-help = Laissez •••••• en place : le secret correspondant y est remis, tant qu’il est conservé.
replay-secrets = Secrets
replay-secrets-help = Nécessaires seulement s’ils ne sont plus conservés, ou s’ils doivent changer.
replay-secrets-needed = Les secrets de ce travail ne sont plus conservés : donnez chacun d’eux à nouveau.
replay-stale = Relancer malgré tout
replay-do = Relancer avec ce document
json-wrong = Ce n’est pas du JSON valide : { $why }
retry-many = Relancer des travaux échoués
retry-none = Aucun travail échoué ne correspond.
retry-too-many = Plus de { $n } travaux correspondent : resserrez le filtre, par exemple par date.
retry-count = { $n ->
    [one] { $n } travail sera relancé comme nouveau travail.
   *[other] { $n } travaux seront relancés comme nouveaux travaux.
 }
retry-what = Ils sont mis à la fin des files de leurs sujets, dans leur ordre d’origine. Les anciens restent tels quels.
retry-stale = Aussi ceux dont un travail plus récent du même sujet et de la même action a réussi depuis. Les relancer peut défaire ce que ces derniers ont fait.
retry-do = { $n ->
    [one] Relancer { $n } travail
   *[other] Relancer { $n } travaux
 }
retry-done = { $n ->
    [one] { $n } travail est relancé.
   *[other] { $n } travaux sont relancés.
 }
retried-refused = { $n ->
    [one] { $n } travail ne l’est pas.
   *[other] { $n } travaux ne le sont pas.
 }
retried-left = { $n ->
    [one] { $n } travail n’a pas été tenté, car le serveur n’a pas pu continuer : réessayez.
   *[other] { $n } travaux n’ont pas été tentés, car le serveur n’a pas pu continuer : réessayez.
 }
retried-caption = Travaux qui ne sont pas relancés, et pourquoi

# Rebuts.
dead-text = Ce qui a échoué et attend une décision.
dead-retry-all = Tout relancer…
dead-jobs = Travaux échoués
dead-refusals = Messages refusés
dead-deliveries = Envois non remis
dead-no-deliveries = Tout a été remis
dead-no-deliveries-text = Une réponse ou une notification que son destinataire n’accepte pas est abandonnée au bout d’un certain temps, et reste ici.
delivery-to = Vers
delivery-again = Renvoyer
delivery-drop = Abandonner
dead-no-jobs = Aucun travail échoué
dead-no-jobs-text = Un travail échoue quand un backend le dit définitivement, ou quand ses essais sont épuisés. Il reste ici et peut être relancé, tel quel ou modifié.
dead-no-refusals = Aucun message refusé
dead-no-refusals-text = Ce qu’une source a reçu sans pouvoir l’accepter est gardé ici, pour être soumis à nouveau quand la cause a disparu.
refusal = Message refusé
refusal-again = Il a été refusé une fois de plus :
refusal-size = Taille
refusal-sealed = Le message lui-même n’est pas affiché : nul ne sait où sont les secrets dans ce qui n’a pas pu être lu.
refusal-resubmit = Le soumettre à nouveau
refusal-hint = Il est relu comme sa source lit maintenant.

# Backends.
backends-caption = Backends, dans l’ordre de leur exécution
backends-order = Les backends s’exécutent dans cet ordre.
backend-native = natif
backend-kind = Nature
backend-native-text = natif : une partie du programme, sans dossier
check-native = { $n ->
    [one] { $n } backend natif
   *[other] { $n } backends natifs
 }
backends-none = Aucun backend
backends-none-text = Un backend est un dossier avec un script qui fait le travail d’une action. Créez-en un, puis rechargez :
backend-trouble = Il est inutilisable
backend-idle = Il ne fait rien
backend-trouble-hint = Corrigez-le, puis rechargez. Pour l’examiner dans le terminal :
backend-standing = Situation
backend-at-most = { $n } au plus
backend-attempts = Tentatives depuis le démarrage
attempts-done = { $n ->
    [one] { $n } réussie
   *[other] { $n } réussies
 }
attempts-soft = { $n ->
    [one] { $n } échec passager
   *[other] { $n } échecs passagers
 }
attempts-hard = { $n ->
    [one] { $n } échec définitif
   *[other] { $n } échecs définitifs
 }
attempts-wait = { $n ->
    [one] { $n } reportée par le backend
   *[other] { $n } reportées par le backend
 }
backend-takes = Durée médiane
backend-takes-most = 95 % en { $span } au plus
backend-last-success = Dernière réussite
backend-last-failure = Dernier échec
backend-jobs = Travaux
backend-see-jobs = Travaux dont une étape passe par lui
backend-actions = Actions
backend-no-actions = Il ne prend en charge aucune action.
backend-failures = Derniers échecs
backend-no-failures = Aucun.
backend-pause-hint = La pause laisse finir les étapes en cours et n’en commence aucune. Les travaux attendent, dans l’ordre ; rien n’est perdu.
backend-left-alone-hint = Il échouait sans cesse. Le travail y retourne dès qu’il répond ; « Reprendre » l’y envoie tout de suite.
backend-left-alone-until = Laissé en repos jusqu’au
backend-held-until = Demande d’attendre jusqu’au
backend-held-hint = Il a dit « pas maintenant ». Ensuite un travail l’interroge à nouveau ; « Reprendre » l’interroge tout de suite.
backend-rate = Débit
backend-windows = Travaille
backend-opens = ouvre le
backend-dry-run = Simulations
backend-can = possibles
backend-paused-hint = Les travaux attendent, dans l’ordre. La reprise les fait continuer.
pause = Mettre en pause
pause-of = Mettre { $backend } en pause
resume = Reprendre
resume-of = Reprendre { $backend }
ping = Tester
ping-good = Il répond.
ping-bad = Il ne répond pas comme il le devrait.
check = Vérifier
check-hint = Lit les backends sur le disque et dit ce qu’un rechargement trouverait ; rien ne change
check-backends = { $n ->
    [one] { $n } backend dans
   *[other] { $n } backends dans
}
check-fine = Aucun problème trouvé.
check-errors = { $n ->
    [one] { $n } erreur.
   *[other] { $n } erreurs.
}
check-warnings = { $n ->
    [one] { $n } avertissement.
   *[other] { $n } avertissements.
}
check-error = Erreur
check-warning = Avertissement
check-dependencies = Ce qu’ils interrogent en HTTP
check-reachable = Répond
check-unreachable = Ne répond pas
check-text = Les backends tels qu’ils sont sur le disque. Ce qui est en service ne change qu’au rechargement.
reload = Recharger
reload-hint = Relit la configuration et les backends
reload-done = { $n ->
    [one] La configuration et { $n } backend ont été relus.
   *[other] La configuration et { $n } backends ont été relus.
 }
reload-warnings = Utilisés, mais en difficulté
reload-restart = Modifiés, effectifs après un redémarrage
reload-refused = Tout reste comme avant :

# Sources.
sources-text = D’où viennent les demandes, et si le serveur les entend.
source-what = Ce qu’il faut savoir
source-open = ouverte
source-http = L’API, cette console et les commandes. Chaque jeton et chaque personne est une source à part, comme http/token:crm.
link-last-error = Dernière difficulté :
link-quiet = Rien à signaler.
unclaimed = Événements sans preneur
unclaimed-text = Les événements purement informatifs ne font pas de travail quand aucun backend ne les prend en charge. Depuis le démarrage :
unclaimed-times = Fois

# Garde-fou.
failsafe-text = Plafonds des travaux qui suppriment ou désactivent. Ce qui les dépasse est retenu jusqu’à ce que quelqu’un ait regardé.
failsafe-sets = Travaux retenus
failsafe-none = Rien n’est retenu.
failsafe-set = Lot
failsafe-jobs = Travaux
failsafe-reason = Raison
failsafe-kind = Genre
failsafe-waits = attend une décision
failsafe-approved = approuvé
failsafe-rejected = rejeté
destroys-delete = suppression
destroys-disable = désactivation
failsafe-why = { $kind ->
    [delete] Travaux de suppression permis sur { $backend } en { $window } : { $cap } ; déjà commencés : { $n }.
   *[other] Travaux de désactivation permis sur { $backend } en { $window } : { $cap } ; déjà commencés : { $n }.
 }
failsafe-cap = { $kind ->
    [delete] { $n ->
        [one] { $n } travail de suppression peut commencer par backend en { $window }.
       *[other] { $n } travaux de suppression peuvent commencer par backend en { $window }.
     }
   *[other] { $n ->
        [one] { $n } travail de désactivation peut commencer par backend en { $window }.
       *[other] { $n } travaux de désactivation peuvent commencer par backend en { $window }.
     }
 }
failsafe-caps = Plafonds
failsafe-off = Le garde-fou est désactivé : aucune source n’est surveillée. Voir « failsafe » dans les réglages.
failsafe-sources = Sources surveillées : { $sources }
failsafe-unused = Rien n’en est utilisé.
failsafe-used = Commencés dans la période
failsafe-holds = { $n ->
    [one] { $n } travail est retenu
   *[other] { $n } travaux sont retenus
 }
failsafe-by = par { $by },
failsafe-decide-text = La décision porte exactement sur les travaux ci-dessous, et se prend une fois. Ce qui vient ensuite forme un nouveau lot. Les travaux retenus gardent leur ordre ; les autres actions continuent.
failsafe-lost = { $kind ->
    [delete] { $what ->
        [people] { $n ->
            [one] { $n } personne sera supprimée par { $backend }
           *[other] { $n } personnes seront supprimées par { $backend }
         }
       *[other] { $n ->
            [one] { $n } entrée sera supprimée par { $backend }
           *[other] { $n } entrées seront supprimées par { $backend }
         }
     }
   *[other] { $what ->
        [people] { $n ->
            [one] { $n } personne sera désactivée par { $backend }
           *[other] { $n } personnes seront désactivées par { $backend }
         }
       *[other] { $n ->
            [one] { $n } entrée sera désactivée par { $backend }
           *[other] { $n } entrées seront désactivées par { $backend }
         }
     }
 }
failsafe-approve = { $kind ->
    [delete] { $what ->
        [people] { $n ->
            [one] Supprimer { $n } personne
           *[other] Supprimer { $n } personnes
         }
       *[other] { $n ->
            [one] Supprimer { $n } entrée
           *[other] Supprimer { $n } entrées
         }
     }
   *[other] { $what ->
        [people] { $n ->
            [one] Désactiver { $n } personne
           *[other] Désactiver { $n } personnes
         }
       *[other] { $n ->
            [one] Désactiver { $n } entrée
           *[other] Désactiver { $n } entrées
         }
     }
 }
failsafe-reject = { $what ->
    [people] { $n ->
        [one] Garder cette personne
       *[other] Garder ces { $n } personnes
     }
   *[other] { $n ->
        [one] Garder cette entrée
       *[other] Garder ces { $n } entrées
     }
 }
failsafe-kept-text = Les garder annule leurs travaux.
failsafe-since = Retenu depuis :
failsafe-caption = Les travaux de ce lot

# Audit.
audit-who = Qui
audit-what = Quoi
audit-change = Changement
audit-none = Aucun changement ne correspond
audit-none-yet = Rien pour l’instant parmi les entrées les plus récentes
audit-none-text = Tout ce que les personnes et les programmes changent est gardé ici.
audit-one = Changement
audit-before = Avant
audit-after = Après
audit-nothing = N’existait pas.

# Réglages.
settings-text = La configuration en vigueur. Elle se change dans son fichier ou par des variables d’environnement ; l’essentiel prend effet après un rechargement.
settings-general = Général
settings-parts = Parties de la configuration
settings-find = Chercher un réglage
settings-only-set = Seulement ce qui est réglé ici
settings-count = { $n ->
    [one] { $n } réglage
   *[other] { $n } réglages
 }
settings-set = { $n ->
    [one] { $n } réglé ici
   *[other] { $n } réglés ici
 }
find-none = rien de trouvé
settings-caption = Réglages
setting-key = Clé
setting-value = Valeur
setting-meaning = Sens
setting-origin = Origine
setting-default = par défaut
setting-restart = demande un redémarrage

# À propos.
about-text = Intendant reçoit des demandes, les enregistre durablement, les exécute dans l’ordre sur les backends qui les réalisent, et dit à qui les a faites comment cela s’est passé.
about-version = Version
about-journal = Journal
about-licence = Licence
about-licences = Logiciels tiers
nodes = Serveurs Intendant
nodes-unseen = Vus en dernier :
col-host = Machine
node-process = processus
node-own = celui-ci
node-differs = autres backends ou réglages
node-at-work = au travail
node-leads = dirige
node-stands-by = en veille
node-hands-over = passe la main
node-drained = mis à l’écart
node-silent = { $n ->
    [one] sans nouvelles depuis { $n } s
   *[other] sans nouvelles depuis { $n } s
 }
chores = Tâches périodiques
col-chore = Tâche
col-times = Horaires
col-last = Dernière fois
col-next = Prochaine fois
chore-running = en cours
chore-failing = { $n ->
    [one] un échec
   *[other] { $n } échecs
 }
attention-chore = Une tâche périodique échoue : { $name }.
attention-differs = Le serveur sur { $host } n’a pas les mêmes backends ou réglages que celui qui dirige.
about-count = { $n ->
    [one] { $n } logiciel, sous licence
   *[other] { $n } logiciels, par licence
 }

# Soumettre.
submit-title = Soumettre une demande
submit-text = La demande devient un travail dès qu’elle est sur le disque. Ce qui ne convient pas à l’action est dit ici, et rien n’en est gardé.
submit-action = Action
submit-choose = Choisir
submit-form = Formulaire
submit-required = obligatoire
submit-document = Document
submit-document-help = « concernedTo » dit de qui il s’agit ; « payload » et « options » vont tels quels aux backends.
submit-do = Soumettre
submit-destroys = Cette action supprime ou désactive sur les backends.
submit-unclaimed = Rien n’a commencé : aucun backend actif ne prend en charge cette action, qui est purement informative.

# Ce qui a été fait.
done-submitted = La demande a été acceptée.
done-known = Cette demande avait déjà été acceptée : voici son travail.
done-replayed = Il est relancé comme ce nouveau travail.
done-retry-many = { $n ->
    [one] { $n } travail est relancé.
   *[other] { $n } travaux sont relancés.
 }
done-replayed-before = Ce travail a déjà été relancé : voici la relance.
done-hurried = Le nouvel essai a lieu maintenant.
done-cancelled = Le travail a été annulé.
done-cancelling = L’étape en cours est interrompue ; le travail se termine avec elle.
done-resubmitted = Le message a été accepté.
done-resubmitted-unclaimed = Le message a été compris, et n’intéresse personne : il n’y a pas de travail.
done-sent-again = { $n ->
    [one] { $n } envoi est relancé.
   *[other] { $n } envois sont relancés.
 }
done-dropped = { $n ->
    [one] { $n } envoi est abandonné.
   *[other] { $n } envois sont abandonnés.
 }
done-paused = Le backend est en pause. Ses étapes en cours se terminent, aucune ne commence.
done-resumed = Le backend a repris.
done-approved = { $n ->
    [one] { $n } travail peut s’exécuter.
   *[other] { $n } travaux peuvent s’exécuter.
 }
done-rejected = { $n ->
    [one] { $n } travail est annulé.
   *[other] { $n } travaux sont annulés.
 }

# Connexion.
sign-in = Se connecter
sign-in-wrong = Le nom ou le mot de passe est faux.
oidc-sign-in = Se connecter avec { $label }
oidc-welcome = Vous êtes connecté en tant que { $name }
oidc-onward = Continuer
oidc-unreachable = { $label } est injoignable ou ne répond pas comme il le devrait. Réessayez dans un instant, ou connectez-vous avec un compte de ce serveur. Les logs du serveur disent ce qui s’est passé.
oidc-lost = Cette connexion n’est pas connue ici : elle a duré plus de dix minutes, a déjà servi, ou a commencé dans un autre navigateur. Recommencez.
oidc-denied = { $label } ne vous a pas laissé vous connecter.
oidc-unbelieved = La réponse de { $label } n’a pas pu être vérifiée : la connexion est refusée. Les logs du serveur disent pourquoi ; prévenez la personne qui l’administre.
oidc-nameless = { $label } ne donne aucun nom qu’un compte puisse avoir ici. Prévenez la personne qui administre le serveur.
oidc-no-role = { $label } vous connaît sous le nom { $name }, mais rien de ce qu’il dit de vous ne vous donne un rôle ici. Demandez un accès à la personne qui administre le serveur.
oidc-taken = { $label } vous connaît sous le nom { $name }, mais ce nom est celui d’un autre compte ici. Prévenez la personne qui administre le serveur.
oidc-kept-out = Le compte { $name } est exclu. Adressez-vous à la personne qui administre le serveur.
sign-in-first = Personne n’a encore de compte. Obtenez un lien de connexion dans un terminal de la machine du serveur :
welcome = Bienvenue
welcome-new = Choisissez un nom et un mot de passe. Ce compte a tous les droits.
welcome-account = Choisissez un mot de passe pour votre compte.
welcome-do = Définir le mot de passe et se connecter
password = Mot de passe
password-old = Mot de passe actuel
password-new = Nouveau mot de passe
password-again = Confirmation du mot de passe
password-rule = Au moins dix caractères.
password-differs = Les deux mots de passe ne sont pas identiques.
password-change = Changer le mot de passe
password-ends = Vos sessions dans d’autres navigateurs prennent fin.

# Comptes.
account = Votre compte
account-name = Nom
account-role = Rôle
account-active = actif
account-disabled = exclu
account-invited = sans mot de passe
account-elsewhere = connexion externe
account-provider = Se connecte sur
account-provider-role = Son rôle y est repris à chaque connexion.
account-no-password = Vous vous connectez sur { $provider } : il n’y a pas de mot de passe ici.
account-disable = Exclure cette personne
account-disable-hint = Ses sessions ouvertes prennent fin aussitôt.
account-remove = Supprimer le compte
account-remove-text = La personne ne peut plus se connecter. Ce que le compte a fait reste dans le journal d’audit.
account-remove-own = C’est votre propre compte.
account-remove-sure = Oui, supprimer { $name }
accounts = Comptes
accounts-text = Les personnes qui peuvent se connecter ici.
accounts-none = Aucun compte
accounts-new = Nouveau compte
accounts-make = Créer le compte
accounts-make-hint = Vous obtenez un lien avec lequel la personne définit son mot de passe.
role-viewer-may = voit les travaux, les backends et les sources
role-operator-may = en plus, soumet, relance, annule, met en pause et approuve
role-admin-may = peut tout faire, y compris gérer les comptes, les jetons, les réglages et l’audit
invite = Lien de connexion
invite-text = Avec lui, la personne définit un nouveau mot de passe et se trouve connectée.
invite-make = Créer un lien
invite-made = Transmettez ce lien à { $name } :
invite-once = Il sert une fois, pendant 15 minutes.
col-made = Créé
col-used = Dernier usage
never = jamais
save = Enregistrer

# Jetons.
tokens = Jetons
tokens-text = Les clés avec lesquelles les programmes utilisent l’API.
tokens-none = Aucun jeton
tokens-none-text = Les programmes de cette machine peuvent utiliser la socket du serveur sans jeton.
tokens-new = Nouveau jeton
tokens-make = Créer le jeton
token-name = Nom
token-scopes = Droits
token-expires = Expire
token-expired = expiré
token-days = { $n ->
    [one] dans { $n } jour
   *[other] dans { $n } jours
 }
token-made = Le jeton est créé
token-made-text = Voici le jeton { $name }. Il est montré maintenant et plus jamais :
token-use = Les programmes l’envoient ainsi :
scope-submit = soumettre des demandes et voir ce qu’elles deviennent
scope-read = voir les travaux, les backends et les événements
scope-operate = relancer, annuler, mettre en pause, reprendre et approuver ; comprend read
scope-admin = tout
revoke = Révoquer le jeton
revoke-ask = Révoquer…
revoke-of = Révoquer { $name }…
revoke-text = { $name } cessera de fonctionner aussitôt et pour toujours.
revoke-used = Dernier usage :
revoke-unused = Il n’a jamais servi.
done-password = Le mot de passe a été changé.
done-changed = Le changement est enregistré.
done-account-removed = Le compte a été supprimé.
done-revoked = Le jeton a été révoqué.
job-grave = grave
dead-grave-title = Échecs graves
dead-grave = { $n ->
    [one] Un échec grave : quelqu’un doit décider
   *[other] { $n } échecs graves : quelqu’un doit décider
 }
dead-grave-text = Seule une personne qui regarde peut y remédier. La page de chaque travail dit ce que l’on peut faire.
dead-no-others = Aucun autre travail n’a échoué.
attention-grave = { $n ->
    [one] Un échec est grave : quelqu’un doit décider
   *[other] { $n } échecs sont graves : quelqu’un doit décider
 }

# Ce qui est fait à plusieurs travaux, et ce qui met fin aux rebuts.
many-sample = Les plus récents d’entre eux
cancel-many = Annuler des travaux
cancel-none = Aucun ne peut être annulé : ils sont terminés.
cancel-count = { $n ->
    [one] { $n } travail sera annulé.
   *[other] { $n } travaux seront annulés.
 }
cancel-what = Les étapes en cours sont arrêtées de force. Ce qu’elles ont fait reste fait.
cancel-do = { $n ->
    [one] Annuler { $n } travail
   *[other] Annuler { $n } travaux
 }
cancel-done = { $n ->
    [one] { $n } travail est annulé.
   *[other] { $n } travaux sont annulés.
 }
done-cancel-many = { $n ->
    [one] { $n } travail est annulé.
   *[other] { $n } travaux sont annulés.
 }
aside-many = Classer des rebuts
aside-none = Aucun n’est au rebut.
aside-count = { $n ->
    [one] { $n } rebut sera classé.
   *[other] { $n } rebuts seront classés.
 }
aside-what = Ils ne comptent plus et quittent cette liste. Ils restent dans le journal ; chacun peut encore être relancé depuis sa page.
aside-reason = Motif
aside-reason-help = Pourquoi il n’y a plus rien à faire. Le journal d’audit le garde.
aside-reason-wrong = Indiquez un motif, en 1 000 caractères au plus.
aside-do = { $n ->
    [one] Classer { $n } rebut
   *[other] Classer { $n } rebuts
 }
aside-done = { $n ->
    [one] { $n } rebut est classé.
   *[other] { $n } rebuts sont classés.
 }
done-aside-many = { $n ->
    [one] { $n } rebut est classé.
   *[other] { $n } rebuts sont classés.
 }
dead-retry = Relancer…
dead-aside = Classer…
dead-retry-these = Relancer ceux-ci…
dead-aside-these = Classer ceux-ci…
dead-aside-all = Tout classer…
dead-retry-n = { $n ->
    [one] Relancer { $n } travail…
   *[other] Relancer les { $n } travaux…
 }
dead-all-of-them = Les voir tous
dead-failed-on = Échecs de { $backend }
dead-causes = Par cause
col-jobs = Travaux
col-cause = Cause
col-first = Premier
cause-silent = sans message
cause-jobs = { $n ->
    [one] { $n } travail
   *[other] { $n } travaux
 }
cause-first = premier
cause-last = dernier
cause-sample = Le dernier dit :
cause-elsewhere = { $n ->
    [one] { $n } autre a une autre cause.
   *[other] { $n } autres ont d’autres causes.
 }
filter-dead = Rebuts seulement
filter-failed_on = Échoué sur
filter-cause = Cause
filter-wrong-cause = Une cause s’écrit en 16 chiffres hexadécimaux.
backend-retrying = Nouvel essai prévu
next-settled-replayed = Il a échoué, puis une relance a réussi.
next-settled-followed = Il a échoué, et sa relance aussi : c’est elle qui est au rebut.
next-settled-aside = Il a échoué, puis a été classé.
settled-why = Par qui et pourquoi
filter-ended_since = Terminé depuis
filter-ended_until = Terminé avant
col-number = Nombre
col-courier = Coursier
letters-number = { $n ->
    [one] { $n } message
   *[other] { $n } messages
 }
letters-looked-at = { $n ->
    [one] Seul le plus récent a été examiné.
   *[other] Seuls les { $n } plus récents ont été examinés.
 }
letters-aside = Classer
cause-none = il n’en reste aucun de cette cause
done-resubmitted-many = { $n ->
    [one] { $n } message est accepté.
   *[other] { $n } messages sont acceptés.
 }
done-resubmitted-some = { $n ->
    [one] { $n } message est accepté. Les autres, refusés de nouveau, restent ici.
   *[other] { $n } messages sont acceptés. Les autres, refusés de nouveau, restent ici.
 }
done-resubmitted-none = { $n ->
    [one] { $n } message est refusé de nouveau et reste ici.
   *[other] { $n } messages sont refusés de nouveau et restent ici.
 }
jobs-total = { $n ->
    [one] { $n } travail
   *[other] { $n } travaux
 }
jobs-at-least = au moins { $n } travaux
jobs-newest-first = du plus récent au plus ancien
jobs-oldest-first = du plus ancien au plus récent
jobs-turn = Inverser l’ordre
jobs-looked-at-oldest = { $n ->
    [one] Seul le travail le plus ancien a été examiné.
   *[other] Les { $n } travaux les plus anciens ont été examinés.
 }
search-on-newer = Chercher plus loin
pager-oldest = ← Plus anciens
pager-newer = Plus récents →
