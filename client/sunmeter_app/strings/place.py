"""The home itself."""

EN = {
    "place.title": "This home",
    "place.under": "Its name, its zone, its neighbourhood",
    "place.area": "Neighbourhood",
    "place.area_why": "Small letters, digits and hyphens, as its operator calls it. Its operators see whether "
    "your meter "
    "has power, and nothing of what it measures.",
    "place.no_area": "none",
    "place.save": "Save",
    "place.saved": "Saved.",
}

FR = {
    "place.title": "Ce logement",
    "place.under": "Son nom, son fuseau, son quartier",
    "place.area": "Quartier",
    "place.area_why": "Minuscules, chiffres et traits d'union, comme son exploitant l'appelle. Ses exploitants "
    "voient si "
    "votre compteur a du courant, et rien de ce qu'il mesure.",
    "place.no_area": "aucun",
    "place.save": "Enregistrer",
    "place.saved": "Enregistré.",
}
