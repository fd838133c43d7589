registrations = Enregistrements
registrations-text = Utilisateurs pour lesquels un processus d’OpenChange tient quelque chose ouvert sur un backend, en ce moment.
registrations-off = Le registre n’est pas activé
registrations-off-text = Indiquez registry.socket dans la configuration et redémarrez : les processus d’OpenChange diront alors ici qui ils servent.
registrations-none = Personne n’est enregistré
registrations-none-text = Dès que quelqu’un ouvre une boîte aux lettres, un agenda ou des contacts à travers OpenChange, il apparaît ici de lui-même.
registrations-unfit = Personne ne correspond
registrations-registered = { $n ->
    [one] enregistré
   *[other] enregistrés
 }
registrations-processes = { $n ->
    [one] processus connecté
   *[other] processus connectés
 }
registrations-below-zero = { $n ->
    [one] départ annoncé de quelqu’un qui n’était pas là
   *[other] départs annoncés de quelqu’un qui n’était pas là
 }
registrations-no-room = { $n ->
    [one] laissé de côté : il n’y a plus de place
   *[other] laissés de côté : il n’y a plus de place
 }
registrations-search = Recherche
registrations-search-text = Nom contenant
registration-backend = Backend
registration-user = Utilisateur du système
registration-vuser = Utilisateur du backend
registration-count = Références
registration-since = Depuis
registration-holders = Tenu par
registration-process = processus { $pid }
registration-queue = file { $queue }
registration-away = sans nouvelles
registration-no-manager = interface de gestion absente
registrations-apply = Rechercher
registrations-clear = Tout afficher
registrations-counts = Combien
registrations-pages = Pages
registrations-more = Suite
registration-remove = Retirer
registration-remove-what = { $n ->
    [one] 1 référence venue par une file de 2011 est retirée.
   *[other] { $n } références venues par des files de 2011 sont retirées.
 }
registration-remove-left = { $n ->
    [one] 1 référence reste : un processus la tient, et l’emporte quand il se termine.
   *[other] { $n } références restent : des processus les tiennent, et les emportent quand ils se terminent.
 }
registration-remove-gone = Personne d’autre ne le tient : les backends apprennent qu’il est parti.
registration-remove-when = C’est pour un programme mort sans l’avoir désenregistré. Si le programme vit encore et le désenregistre plus tard, ce départ de trop est compté et ne change rien.
registration-remove-do = Retirer
done-registration-removed = Ce qui était venu de lui par les files est retiré.
registrations-back = Retour
