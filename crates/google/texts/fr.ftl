# Les comptes chez Google, sur la page d'un travail et sur une page à eux.
google-accounts = Les deux comptes
google-job = Travail
google-field = Champ
google-gram = Dans GrAM
google-google = Chez Google
google-stored = Tels qu’ils étaient quand le travail a échoué
google-live = Tels qu’ils sont maintenant
google-look = Les regarder maintenant
google-remedies = Ce que l’on peut faire
google-registered = GrAM connaît un compte Google de cette personne. Si c’est bien le sien, donnez-lui les alias qu’il doit avoir ; sinon, faites-le oublier à GrAM et relancez le travail.
google-exists = L’adresse appartient à un autre compte : elle a été donnée deux fois. Enlevez-la à l’un des deux, puis relancez le travail.
google-save = Le compte Google a été créé, et GrAM refuse son identifiant. Corrigez le compte dans GrAM, puis relancez le travail, ou liez-le à la main.
google-id = Identifiant Google
google-uuid = UUID
google-number = Numéro
google-address = Adresse principale
google-first = Prénom
google-last = Nom
google-suspended = Suspendu
google-last-login = Dernière connexion
google-aliases = Alias
google-type = Tapez { $uuid } pour continuer
google-do-aliases = Donner ces alias
google-do-link = Lier
google-do-unlink = Le faire oublier à GrAM
google-then = Chacun est un travail à part, dans l’ordre de ce compte ; relancez ensuite sur sa page celui qui a échoué.
google-typed-wrong = Ce n’est pas l’UUID du compte : rien n’a été fait.
google-away = { $who } ne peut pas être interrogé : { $why }
google-commands = La même chose dans un terminal
google-again = Relancer le travail
google-diff = Comptes Google
google-diff-text = GrAM face à Google Workspace, compte par compte. La comparaison ne change rien.
google-diff-begin = Comparer maintenant
google-diff-none = Rien n’a encore été comparé
google-diff-none-text = Une comparaison lit tous les comptes de GrAM et de Google, et dit où en est chacun.
google-diff-off = Rien ne peut être comparé : google et google.gram ne sont pas configurés.
google-diff-when = Début
google-diff-standing = État
google-diff-result = Résultat
google-diff-over = terminée
google-diff-under-way = en cours
google-diff-broken-off = interrompue
google-diff-counts = Combien de comptes dans quelle situation
google-diff-situation = Situation
google-diff-differs = Ce qui diffère
google-diff-nobody = Aucun compte n’est listé ici
google-diff-pages = Pages
google-diff-back = Retour
google-diff-on = Suite
google-diff-short-google = { $n ->
    [one] Un compte existe qui manquait dans la liste de Google : il a été regardé à part.
   *[other] { $n } comptes existent qui manquaient dans la liste de Google : ils ont été regardés un à un.
 }
google-diff-short-referential = { $n ->
    [one] Un compte existe qui manquait dans la liste de GrAM : il a été cherché à part.
   *[other] { $n } comptes existent qui manquaient dans la liste de GrAM : ils ont été cherchés un à un.
 }
google-diff-not-listed = { $n ->
    [one] Un compte de plus est compté sans être listé : `intendant google diff --situation …` en liste certains.
   *[other] { $n } comptes de plus sont comptés sans être listés : `intendant google diff --situation …` en liste certains.
 }
google-is-same = Identiques
google-is-same-hint = les deux côtés disent la même chose
google-is-differs = Différents
google-is-differs-hint = les deux côtés ne disent pas la même chose
google-is-missing = Manquants
google-is-missing-hint = GrAM connaît un compte que Google n’a pas
google-is-extra = En trop
google-is-extra-hint = Google a le compte de quelqu’un que GrAM ne connaît pas
google-is-moved = Déplacés
google-is-moved-hint = GrAM a un autre compte pour cette personne, ou aucun
google-is-disputed = Contestés
google-is-disputed-hint = deux personnes revendiquent un même compte
google-is-unreadable = Illisibles
google-is-unreadable-hint = impossible à lire
google-field-first_name = Prénom
google-field-last_name = Nom
google-field-primary_email = Adresse principale
google-field-aliases = Alias
google-field-external_ids = Identifiants externes
google-field-suspended = Suspendu
google-why-changed_at_google = changé à la main
google-why-not_delivered = non transmis
google-why-both = changé à la main, et non transmis
google-why-unknown = nul ne sait pourquoi
google-which = Choisissez l’un des remèdes : rien n’a été fait.
