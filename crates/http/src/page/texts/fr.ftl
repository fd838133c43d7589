# Le cadre de toutes les pages.
frame-skip = Aller au contenu
frame-menu = Menu
frame-nav = Pages
frame-goto = Aller à…
frame-goto-what = Une personne, un travail, un backend, une page
frame-zone = Heures affichées :
frame-language = Langue
frame-theme = Thème
frame-sign-out = Se déconnecter
theme-auto = Auto
theme-light = Clair
theme-dark = Sombre
nav-work = Activité
nav-system = Système
nav-administration = Administration
role-viewer = lecteur
role-operator = opérateur
role-admin = administrateur
live-on = En direct
live-off = Reconnexion…

# Ce qui n’a pas marché.
problem-words = Le serveur précise :
problem-start = Retour à la vue d’ensemble
problem-forbidden = Vous n’y êtes pas autorisé
problem-forbidden-hint = Votre compte n’a pas le droit nécessaire. Demandez-le à un administrateur de ce serveur.
problem-missing = Il n’y a rien ici
problem-missing-hint = L’élément a peut-être été supprimé, comme le sont les travaux terminés au bout d’un certain temps, ou l’adresse est mal saisie.
problem-conflict = Quelque chose a changé entre-temps
problem-conflict-hint = Rien n’a été fait. Revenez en arrière, regardez l’état actuel, puis réessayez.
problem-large = C’est trop long
problem-large-hint = Rien n’a été accepté. Passez par l’API, en plus petits morceaux.
problem-often = Trop de tentatives
problem-often-hint = Attendez une minute, puis réessayez.
problem-later = Le serveur ne peut pas le faire maintenant
problem-later-hint = Rien n’a été accepté ni modifié. Réessayez dans un instant.
problem-bug = Une erreur s’est produite dans le serveur
problem-bug-hint = Elle est notée dans les logs du serveur. « intendant doctor » recherche les dégâts.
problem-refused = C’est impossible
problem-refused-hint = Rien n’a été modifié. Revenez en arrière et corrigez la demande.

# Confirmer ce qui est irréversible.
agree-type = Tapez { $n } pour confirmer
agree-wrong = Ce n’est pas ce nombre.
agree-meanwhile = Ce nombre a changé entre-temps : vérifiez de nouveau.

# Ce qui va être perdu.
lost-and = et { $n } de plus
lost-types = Par type
lost-types-among = Types parmi les { $n } premiers
lost-sample = Le document de { $name }
