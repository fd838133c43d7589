registrations = Enregistrements
registrations-text = Utilisateurs pour lesquels un processus d’OpenChange tient quelque chose ouvert sur un backend, en ce moment.
registrations-off = Le registre n’est pas activé
registrations-off-text = Indiquez registry.socket dans la configuration et redémarrez : les processus d’OpenChange diront alors ici qui ils servent.
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
    [one] laissé de côté : il n’y a plus de place
   *[other] laissés de côté : il n’y a plus de place
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
