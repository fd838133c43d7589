# === les courriels sur ce qui demande une intervention ===

alert-subject-new = { $n ->
    [one] Intendant : un point demande votre attention
   *[other] Intendant : { $n } points demandent votre attention
 }
alert-subject-still = { $n ->
    [one] Intendant : un incident est clos, un point demande encore votre attention
   *[other] Intendant : un incident est clos, { $n } points demandent encore votre attention
 }
alert-subject-over = Intendant : tout est rentré dans l’ordre
alert-subject-digest = { $n ->
    [0] Intendant : rien à signaler
    [one] Intendant : un point demande votre attention
   *[other] Intendant : { $n } points demandent votre attention
 }
alert-subject-unwritable = Intendant : impossible d’écrire dans le journal
alert-subject-writable = Intendant : le journal est de nouveau accessible en écriture
alert-subject-test = Intendant : essai

alert-part-new = Nouveau
alert-part-still = Toujours en cours
alert-part-over = Terminé
alert-part-all = À surveiller

alert-nothing = Rien ne demande votre attention.
alert-unwritable = Impossible d’écrire dans le journal : plus rien n’est accepté, et rien de ce qui l’a été n’avance tant que ce n’est pas réparé. Message du système : { $why }
alert-writable = Le journal est de nouveau accessible en écriture. Ce qui attendait repart tout seul.
alert-test = Ceci est un essai : les courriels d’alerte arrivent bien à cette adresse.
alert-open = Ouvrir la console
alert-why = Vous recevez ce courriel parce que votre adresse figure sous « alerts.to » dans la configuration de ce serveur.
alert-said = { $line } – « { $words } »
alert-minutes = { $n ->
    [one] { $n } minute
   *[other] { $n } minutes
 }

alert-held = { $n ->
    [one] Le garde-fou retient { $n } travail sur { $name } jusqu’à une décision
   *[other] Le garde-fou retient { $n } travaux sur { $name } jusqu’à une décision
 }
alert-failed = { $n ->
    [one] { $n } travail a échoué et attend une décision
   *[other] { $n } travaux ont échoué et attendent une décision
 }
alert-given-up = { $n ->
    [one] { $n } réponse ou notification n’a pas pu être remise
   *[other] { $n } réponses ou notifications n’ont pas pu être remises
 }
alert-broken = { $name } est inutilisable : chaque travail qui en a besoin échoue
alert-left-alone = { $name } échoue sans cesse et est laissé en repos : ses travaux attendent
alert-paused = { $name } est en pause : ses travaux attendent
alert-not-now = { $name } a répondu « pas maintenant » : ses travaux attendent
alert-idle = { $name } ne fait rien et répond que tout est fait
alert-source = { $name } est déconnectée
alert-chore = Une tâche périodique échoue : { $name }
alert-differs = Le serveur sur { $name } n’a pas les mêmes backends ou réglages que celui qui dirige
alert-damaged = { $n ->
    [one] Une ligne du journal est illisible : elle est laissée de côté
   *[other] { $n } lignes du journal sont illisibles : elles sont laissées de côté
 }
alert-shortage = Cette machine manque de processus, de mémoire ou de fichiers ouverts : les travaux attendent qu’il y ait de la place
alert-long = { $name } s’occupe d’un seul travail depuis { $span }, et rien d’autre ne l’arrêtera
alert-waiting = Un travail attend depuis { $span }

# === leur page ===

alerts = Alertes
alerts-text = Les courriels envoyés aux responsables de ce serveur quand quelque chose demande une intervention.
alerts-none-text = Personne n’est prévenu : indiquez « alerts.to » dans la configuration, et un relais sous « mail ».
alerts-to = Destinataires
alerts-after = Délai avant l’envoi
alerts-quiet = Heures de silence
alerts-digest = Récapitulatif
alerts-dead-letters = Échecs tolérés sans alerte
alerts-never = aucun
alerts-now = Ce qui serait signalé maintenant
alerts-send = Envoyer un essai
alerts-sent = Le relais a accepté l’essai pour chaque destinataire.
