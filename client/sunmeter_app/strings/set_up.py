"""Setting up."""

EN = {
    "set_up.step_home": "Home",
    "set_up.step_hub": "Hub",
    "set_up.step_meter": "Meter",
    "set_up.progress": "Step {n} of 3",
    "set_up.home": "Where is the meter?",
    "set_up.home_under": "Days and months follow this home's time zone. It stays as it is once there is data.",
    "set_up.home_do": "Create the home",
    "set_up.hub": "Connect the hub",
    "set_up.hub_under": "The hub in {home} carries the readings to you.",
    "set_up.hub_run": "On the hub, a Raspberry Pi, run:",
    "set_up.hub_how": "It shows a code of eight characters that is good for 15 minutes.",
    "set_up.hub_do": "Connect the hub",
    "set_up.meter": "Claim the meter",
    "set_up.meter_under": "So that nobody but the members of {home} sees its readings.",
    "set_up.meter_how": "The label on the meter carries a code that begins with m-. The meter must be switched on "
    "within "
    "reach of the hub.",
    "set_up.meter_do": "Claim the meter",
    "set_up.later": "Later",
    "set_up.done": "All connected",
    "set_up.done_under": "{home} is measured from now on. The first live reading takes a few seconds.",
    "set_up.done_do": "See it live",
}

FR = {
    "set_up.step_home": "Logement",
    "set_up.step_hub": "Passerelle",
    "set_up.step_meter": "Compteur",
    "set_up.progress": "Étape {n} sur 3",
    "set_up.home": "Où se trouve le compteur ?",
    "set_up.home_under": "Les jours et les mois suivent le fuseau de ce logement. Il ne change plus dès qu'il y a "
    "des "
    "données.",
    "set_up.home_do": "Créer le logement",
    "set_up.hub": "Connecter la passerelle",
    "set_up.hub_under": "La passerelle de {home} vous apporte les mesures.",
    "set_up.hub_run": "Sur la passerelle, un Raspberry Pi, lancez :",
    "set_up.hub_how": "Elle affiche un code de huit caractères, valable 15 minutes.",
    "set_up.hub_do": "Connecter la passerelle",
    "set_up.meter": "Rattacher le compteur",
    "set_up.meter_under": "Pour que seuls les membres de {home} voient ses mesures.",
    "set_up.meter_how": "L'étiquette du compteur porte un code qui commence par m-. Le compteur doit être allumé, à "
    "portée de la passerelle.",
    "set_up.meter_do": "Rattacher le compteur",
    "set_up.later": "Plus tard",
    "set_up.done": "Tout est connecté",
    "set_up.done_under": "{home} est mesuré dès maintenant. La première mesure en direct arrive dans quelques "
    "secondes.",
    "set_up.done_do": "Voir en direct",
}
