"""Sharing a hub between neighbours."""

EN = {
    "neighbours.title": "Neighbours",
    "neighbours.host_why": "Your hub may carry a neighbour's meter too. It never shows you what that meter measures.",
    "neighbours.guest_why": "A neighbour's hub may carry your meter. It never shows them what it measures.",
    "neighbours.host_show": "Offer this hub",
    "neighbours.guest_show": "Ask for a hub",
    "neighbours.code": "The code, for your neighbour to type within a day:",
    "neighbours.typed": "Your neighbour's code",
    "neighbours.accept": "Agree",
    "neighbours.end": "Stop serving {name}",
    "neighbours.end_soon": "{name} is no longer served in a moment. Its meter waits for another hub.",
}

FR = {
    "neighbours.title": "Voisins",
    "neighbours.host_why": "Votre passerelle peut aussi porter le compteur d'un voisin. Elle ne vous montre "
    "jamais ses "
    "mesures.",
    "neighbours.guest_why": "La passerelle d'un voisin peut porter votre compteur. Elle ne lui montre jamais vos "
    "mesures.",
    "neighbours.host_show": "Proposer cette passerelle",
    "neighbours.guest_show": "Demander une passerelle",
    "neighbours.code": "Le code, que votre voisin saisit dans la journée :",
    "neighbours.typed": "Le code de votre voisin",
    "neighbours.accept": "Accepter",
    "neighbours.end": "Ne plus servir {name}",
    "neighbours.end_soon": "{name} n'est plus servi dans un instant. Son compteur attend une autre passerelle.",
}
