"""Notifications of the browser one is using."""

EN = {
    "push.ask": "Notify me here",
    "push.ask_why": "This browser is told of alerts, even when Sunmeter is closed. It asks you first.",
    "push.on": "This browser is told of alerts.",
    "push.off": "Stop here",
    "push.blocked": "Notifications are blocked here. Allow them in the browser's settings for this site, then reload.",
    "push.unsupported": "This browser cannot show notifications. On an iPhone, add Sunmeter to the home screen first.",
    "problem.push_service": "The browser could not reach its notification service. Try again later.",
    "problem.push_project": "Notifications are not set up for this service. Write to whoever runs it.",
}

FR = {
    "push.ask": "M'avertir ici",
    "push.ask_why": "Ce navigateur est averti des alertes, même quand Sunmeter est fermé. Il vous demande d'abord.",
    "push.on": "Ce navigateur est averti des alertes.",
    "push.off": "Arrêter ici",
    "push.blocked": "Les notifications sont bloquées ici. Autorisez-les dans les réglages du navigateur pour ce site, "
    "puis rechargez.",
    "push.unsupported": "Ce navigateur ne peut pas afficher de notifications. Sur un iPhone, ajoutez d'abord "
    "Sunmeter à l'écran d'accueil.",
    "problem.push_service": "Le navigateur n'a pas pu joindre son service de notifications. Réessayez plus tard.",
    "problem.push_project": "Les notifications ne sont pas installées pour ce service. Écrivez à qui le gère.",
}
