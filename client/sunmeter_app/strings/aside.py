"""Pages beside the app: no place at the moment, a tab at rest."""

EN = {
    "aside.full_title": "Full at the moment",
    "aside.full_why": "More people are looking than this server takes. Your home is measured all the same.",
    "aside.full_do": "Try again",
    "aside.rest_title": "This tab rests",
    "aside.rest_why": "Nobody used it for a while, so it made room for others. You are still signed in if you were.",
    "aside.rest_do": "Go on",
}

FR = {
    "aside.full_title": "Complet pour l'instant",
    "aside.full_why": "Ce serveur n'accueille pas plus de visites à la fois. Votre logement est mesuré malgré tout.",
    "aside.full_do": "Réessayer",
    "aside.rest_title": "Cet onglet se repose",
    "aside.rest_why": "Personne ne l'utilisait, il a laissé sa place. Si vous étiez connecté, vous l'êtes toujours.",
    "aside.rest_do": "Continuer",
}
