"""The account."""

EN = {
    "account.under": "You, your homes, and how the app looks",
    "account.signed_in": "Signed in",
    "account.sign_out": "Sign out",
    "account.homes": "Homes",
    "account.open": "Open",
    "account.set_up": "Finish set-up",
    "account.no_meter": "no meter yet",
    "account.hub_yes": "hub connected",
    "account.no_hub": "no hub yet",
    "account.looks": "Appearance",
    "account.theme_system": "Auto",
    "account.theme_light": "Light",
    "account.theme_dark": "Dark",
    "role.owner": "owner",
    "role.member": "member",
    "role.viewer": "viewer",
}

FR = {
    "account.under": "Vous, vos logements et l'apparence de l'application",
    "account.signed_in": "Connecté",
    "account.sign_out": "Se déconnecter",
    "account.homes": "Logements",
    "account.open": "Ouvrir",
    "account.set_up": "Terminer l'installation",
    "account.no_meter": "pas encore de compteur",
    "account.hub_yes": "passerelle connectée",
    "account.no_hub": "pas encore de passerelle",
    "account.looks": "Apparence",
    "account.theme_system": "Auto",
    "account.theme_light": "Clair",
    "account.theme_dark": "Sombre",
    "role.owner": "propriétaire",
    "role.member": "membre",
    "role.viewer": "observateur",
}
