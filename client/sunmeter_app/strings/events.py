"""What meter and hub told."""

EN = {
    "events.title": "Events",
    "events.none": "Nothing has happened so far.",
    "events.earlier": "Earlier events",
    "events.reach": "Restarts and losses of data are listed for the last seven days recorded; History names those of "
    "any day.",
    "events.between": "Between {begin} and {end}",
    "events.connected": "The meter came to this home",
    "events.calibrated": "The meter was calibrated",
    "events.updated": "The meter took firmware {told}",
    "events.refused": "The meter refused what it was sent",
    "events.refused_why": "It goes on as before.",
    "events.refused_bad_mac": "It was not signed for this meter. The meter goes on as before.",
    "events.refused_stale": "It was older than what the meter runs, and changes nothing.",
    "events.refused_too_large": "The firmware has no room on it. The meter goes on with the one it has.",
    "events.refused_damaged": "The firmware arrived damaged. The meter goes on with the one it has.",
    "events.refused_fell_back": "The new firmware did not prove itself; the meter went back to the one before.",
    "events.clock_ahead": "The meter's clock was {by} ahead",
    "events.clock_behind": "The meter's clock was {by} behind",
    "events.clock_why": "What it measured stands where the hub's clock has it; no energy is lost by it.",
    "events.damaged": "The hub's database was damaged",
    "events.damaged_why": "It was set aside; what could be read of it was kept.",
}

FR = {
    "events.title": "Événements",
    "events.none": "Il ne s'est rien passé jusqu'ici.",
    "events.earlier": "Événements précédents",
    "events.reach": "Redémarrages et pertes de données sont listés pour les sept derniers jours enregistrés ; "
    "l'historique nomme ceux de tout autre jour.",
    "events.between": "Entre {begin} et {end}",
    "events.connected": "Le compteur est arrivé dans ce logement",
    "events.calibrated": "Le compteur a été étalonné",
    "events.updated": "Le compteur a pris le micrologiciel {told}",
    "events.refused": "Le compteur a refusé ce qu'on lui a envoyé",
    "events.refused_why": "Il continue comme avant.",
    "events.refused_bad_mac": "Ce n'était pas signé pour ce compteur. Il continue comme avant.",
    "events.refused_stale": "C'était plus ancien que ce qu'il exécute, et ne change rien.",
    "events.refused_too_large": "Le micrologiciel n'y tient pas. Le compteur continue avec le sien.",
    "events.refused_damaged": "Le micrologiciel est arrivé endommagé. Le compteur continue avec le sien.",
    "events.refused_fell_back": "Le nouveau micrologiciel n'a pas fait ses preuves ; le compteur a repris l'ancien.",
    "events.clock_ahead": "L'horloge du compteur avançait de {by}",
    "events.clock_behind": "L'horloge du compteur retardait de {by}",
    "events.clock_why": "Ce qu'il a mesuré est placé selon l'horloge de la passerelle ; aucune énergie n'y est perdue.",
    "events.damaged": "La base de la passerelle a été endommagée",
    "events.damaged_why": "Elle a été mise de côté ; ce qui était lisible est gardé.",
}
