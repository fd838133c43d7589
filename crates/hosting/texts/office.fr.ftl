# === les pages de ceux qui s’occupent des établissements ===

hosting = Hébergement
hosting-lead = Les serveurs documentaires des établissements, tels que leurs hébergeurs les décrivent.
hosting-new = Suivre un établissement
hosting-counts = Établissements par état
hosting-none = Aucun établissement n’est suivi
hosting-none-text = Suivez-en un : il est cherché chez son hébergeur, et commandé si celui-ci ne le connaît pas. Plusieurs à la fois se lisent dans un fichier :
hosting-none-fits = Aucun établissement ne correspond
hosting-filter = Filtre
hosting-text = Numéro ou griffe
hosting-any = Tous
hosting-host = Hébergeur
hosting-here = Ce serveur
hosting-search-on = Chercher plus loin
hosting-none-yet = Aucun ne correspond jusqu’ici
hosting-attention = À regarder
hosting-apply = Filtrer
hosting-clear = Tout afficher
hosting-pages = Pages de la liste
hosting-first-page = Première page
hosting-more = Suite
hosting-damaged = Ceux-ci ne peuvent pas être lus
hosting-damaged-text = Ils restent dans le journal, et rien ne leur arrive. « intendant doctor » en dit plus.

hosting-state = État
hosting-school = Établissement
hosting-age = Dans cet état depuis
hosting-age-now = moins d’une heure
hosting-age-hours = { $n ->
    [one] { $n } heure
   *[other] { $n } heures
 }
hosting-age-days = { $n ->
    [one] { $n } jour
   *[other] { $n } jours
 }
hosting-told = Qui est prévenu
hosting-untold = Ne peut pas être prévenu
hosting-untold-hint = sans adresse
hosting-untold-text = Aucune adresse électronique n’est connue : personne dans l’établissement n’est prévenu quand une étape est atteinte.
hosting-stopped = Messages arrêtés
hosting-stopped-text = Les messages de cet établissement ont été arrêtés.
hosting-trouble = L’hébergeur ne répond pas
hosting-trouble-since = { $host } ne répond pas depuis
hosting-trouble-now = { $host } ne répond pas en ce moment : voici ce qui a été vu en dernier.
hosting-trouble-of = { $n ->
    [one] { $n } établissement y est suivi.
   *[other] { $n } établissements y sont suivis.
 }
hosting-asked = Dernière réponse
hosting-never = jamais

hosting-state-start = En création
hosting-state-bcdidbwait = Attend les bases
hosting-state-bcdidbuploaded = Montage en cours
hosting-state-bcdidbuploadedright = Ouverture en cours
hosting-state-bcdiready = Opérationnel
hosting-state-bcdialter = Modification
hosting-state-bcdidelete = Suppression
hosting-state-bcdideleted = Supprimé
hosting-state-starterror = Création échouée
hosting-state-bcdiuploadederror = Bases en échec
hosting-state-unknown = { $code }
hosting-state-unseen = Pas encore vu

hosting-what-start = L’hébergeur installe le serveur documentaire. La suite se fait d’elle-même.
hosting-what-bcdidbwait = L’établissement doit déposer ses bases sur sa page. S’il ne se passe rien pendant des jours, envoyez-lui de nouveau le lien.
hosting-what-bcdidbuploaded = L’hébergeur vérifie et monte les bases. La suite se fait d’elle-même.
hosting-what-bcdidbuploadedright = L’hébergeur ouvre le serveur. La suite se fait d’elle-même.
hosting-what-bcdiready = L’établissement peut utiliser son serveur. Les informations de connexion sont sur sa page.
hosting-what-bcdialter = L’hébergeur prend en compte la modification. La suite se fait d’elle-même.
hosting-what-bcdidelete = L’hébergeur exporte les bases, puis supprime le serveur. La suite se fait d’elle-même, sauf si la dernière opération a échoué : l’hébergeur doit alors réessayer.
hosting-what-bcdideleted = Le serveur n’existe plus. L’établissement trouve ses bases sur sa page, tant que l’hébergeur les conserve.
hosting-what-starterror = L’hébergeur n’a pas pu installer le serveur. Quand la cause a disparu, commandez-le de nouveau avec les mêmes valeurs ; ou supprimez-le, ce qui efface ce qui a été commencé.
hosting-what-bcdiuploadederror = Les bases n’ont pas pu être vérifiées, montées ou ouvertes. L’établissement peut en déposer d’autres sur sa page ; si la faute en est à l’hébergeur, c’est lui qui réessaie.
hosting-what-unknown = L’hébergeur nomme cette étape « { $code } », qui n’est pas connue ici. Elle est affichée telle quelle.
hosting-what-unseen = L’hébergeur n’a pas encore dit où il en est : il est interrogé de nouveau tout seul.

hosting-now = Où il en est, et ce que l’on peut faire
hosting-left = Ouvert dans environ
hosting-said = Ce que l’hébergeur a constaté
hosting-timeline = Étapes
hosting-timeline-none = Aucune étape n’est encore connue.
hosting-reached = atteinte
hosting-seen = vue ici
hosting-notice-written = message écrit
hosting-notice-passed = annoncée avec l’étape suivante
hosting-notice-before = avant le suivi
hosting-notice-no-contact = personne à prévenir
hosting-notice-stopped = messages arrêtés
hosting-facts = L’établissement
hosting-version = Serveur
hosting-contact = Contact

hosting-last = Dernière opération
hosting-page = La page de l’établissement
hosting-page-text = Celui qui a ce lien suit l’établissement, dépose ses bases et voit comment se connecter. Ne l’envoyez à personne d’autre.
hosting-page-open = Ouvrir la page de l’établissement
hosting-link = Lien
hosting-link-until = Valable jusqu’au
hosting-rotate = Remplacer le lien
hosting-look = Interroger l’hébergeur
hosting-alter = Modifier…
hosting-delete = Supprimer…
hosting-again = Commander de nouveau
hosting-stop = Arrêter ses messages
hosting-resume = Reprendre les messages
hosting-forget = Ne plus suivre…

hosting-create-title = Suivre un établissement
hosting-create-text = L’hébergeur est d’abord interrogé. S’il ne connaît pas l’établissement, son serveur documentaire est commandé ; s’il le connaît, il est suivi désormais : toutes les valeurs doivent alors être celles de l’hébergeur.
hosting-rne = Numéro de l’établissement (RNE)
hosting-rne-hint = Sept chiffres et une lettre, comme 0750655E.
hosting-griffe = Griffe
hosting-griffe-hint = Telle que le serveur documentaire l’imprime.
hosting-code = Code de licence
hosting-code-hint = Il est envoyé à l’hébergeur, et jamais affiché.
hosting-code-keep = Laissez vide pour garder l’actuel.
hosting-mail = Adresse électronique de l’établissement
hosting-mail-hint = Prévenue quand une étape est atteinte. Sans adresse, personne ne l’est.
hosting-language-fr = français
hosting-language-en = anglais
hosting-language = Langue de ses messages et pages
hosting-create-do = Interroger l’hébergeur
hosting-back = Retour

hosting-alter-title = Modifier
hosting-alter-text = La griffe, le code et la version sont modifiés chez l’hébergeur, quand le serveur est opérationnel. L’adresse et la langue sont gardées ici.
hosting-alter-do = Modifier
hosting-alter-not-now = Dans cet état, l’hébergeur ne modifie rien : seules l’adresse et la langue peuvent changer.

hosting-delete-title = Supprimer le serveur documentaire
hosting-delete-what = Le serveur documentaire de { $school } est supprimé, avec tout ce qui y a été saisi. Ses bases sont exportées auparavant ; l’établissement peut les télécharger pendant un temps.
hosting-delete-typed = Pour confirmer, saisissez le numéro de l’établissement : { $rne }
hosting-delete-do = Supprimer définitivement
hosting-delete-wrong = Ce n’est pas le numéro de cet établissement : rien n’a été supprimé.

hosting-forget-title = Ne plus suivre
hosting-forget-what = { $school } n’est plus suivi, sa clé est oubliée ici, et les liens vers sa page cessent de fonctionner. Chez l’hébergeur rien ne change. Pour le suivre de nouveau, il faut les mêmes valeurs.
hosting-forget-do = Ne plus suivre

hosting-rotate-title = Remplacer le lien
hosting-rotate-what = Le lien vers la page de { $school } est remplacé. Celui de tous les messages déjà envoyés cesse aussitôt de fonctionner ; envoyez le nouveau à l’établissement.
hosting-rotate-do = Remplacer le lien

done-hosting-made = L’établissement est commandé chez son hébergeur.
done-hosting-adopted = L’hébergeur connaissait déjà l’établissement : il est suivi désormais.
done-hosting-altered = La modification est envoyée à l’hébergeur.
done-hosting-contact = Le contact est modifié.
done-hosting-deleted = L’hébergeur supprime le serveur documentaire.
done-hosting-stopped = Plus aucun message n’est envoyé au sujet de cet établissement.
done-hosting-resumed = Les messages sont de nouveau envoyés.
done-hosting-rotated = Le lien est remplacé : l’ancien ne vaut plus.
done-hosting-looked = L’hébergeur a été interrogé.
done-hosting-forgotten = L’établissement n’est plus suivi.
