"""What went wrong, and what to do."""

EN = {
    "problem.unknown": "That did not work ({code}). Try again; if it stays, tell us the word in brackets.",
    "problem.unreachable": "The service is out of reach. Check your internet connection and try again.",
    "problem.busy": "The service is busy. Try again in a few seconds.",
    "problem.signed_out": "Your sign-in has ended. Sign in again.",
    "problem.missing_email": "Type your e-mail address.",
    "problem.invalid_email": "This is not an e-mail address. Check it for typing errors.",
    "problem.missing_password": "Type a password.",
    "problem.weak_password": "This password is too short. Use at least 6 characters.",
    "problem.password_does_not_meet_requirements": "This password is too simple. Use a longer one.",
    "problem.email_exists": "This address has an account already. Sign in instead, or reset its password.",
    "problem.email_not_found": "Address and password do not match. Check both, or reset your password.",
    "problem.invalid_password": "Address and password do not match. Check both, or reset your password.",
    "problem.invalid_login_credentials": "Address and password do not match. Check both, or reset your password.",
    "problem.user_disabled": "This account is blocked. Write to whoever runs this service.",
    "problem.too_many_attempts_try_later": "Too many tries. Wait a few minutes, or reset your password.",
    "problem.operation_not_allowed": "Accounts with a password are switched off in this project. Its operator can "
    "switch them on.",
    "problem.not_verified": "The address is not verified yet. Open the link in the mail, then try again.",
    "problem.home_name": "Give the home a name.",
    "problem.no_home": "No home is open. Open or create one first.",
    "problem.hub_code": "A hub's code has eight letters and digits, for example K7QM-2XRD. Compare it with the hub.",
    "problem.meter_label": "A label's code looks like m-0123456789-ABCDEFGH. Compare it with the meter's label.",
    "problem.wrong_code": "This code is not known. Compare it with what the hub shows, or start again on the hub.",
    "problem.expired": "This code has expired. Start again on the hub and type the new one.",
    "problem.wrong_label": "This is not the code of a meter. Compare it with the label, letter by letter.",
    "problem.not_sighted": "Your hub has not heard this meter lately. Switch the meter on near the hub and try again.",
    "problem.claimed": "This meter belongs to another home. Its owner must release it first.",
    "problem.owners_only": "Only an owner of the home can do this. Ask one of its owners.",
    "problem.members_only": "Viewers can look but not change. Ask an owner to make you a member.",
    "problem.quota": "You have reached the limit of what one account may hold.",
    "problem.try_later": "Too many tries. Wait a while before you try again.",
    "problem.live_used_up": "Today's live time is used up. It is available again tomorrow; the figures below go on.",
}

FR = {
    "problem.unknown": "Cela n'a pas marché ({code}). Réessayez ; si cela persiste, dites-nous le mot entre "
    "parenthèses.",
    "problem.unreachable": "Le service est hors d'atteinte. Vérifiez votre connexion internet et réessayez.",
    "problem.busy": "Le service est occupé. Réessayez dans quelques secondes.",
    "problem.signed_out": "Votre connexion a pris fin. Reconnectez-vous.",
    "problem.missing_email": "Saisissez votre adresse e-mail.",
    "problem.invalid_email": "Ce n'est pas une adresse e-mail. Vérifiez la saisie.",
    "problem.missing_password": "Saisissez un mot de passe.",
    "problem.weak_password": "Ce mot de passe est trop court. Utilisez au moins 6 caractères.",
    "problem.password_does_not_meet_requirements": "Ce mot de passe est trop simple. Utilisez-en un plus long.",
    "problem.email_exists": "Cette adresse a déjà un compte. Connectez-vous, ou réinitialisez le mot de passe.",
    "problem.email_not_found": "Adresse et mot de passe ne vont pas ensemble. Vérifiez les deux, ou réinitialisez.",
    "problem.invalid_password": "Adresse et mot de passe ne vont pas ensemble. Vérifiez les deux, ou réinitialisez.",
    "problem.invalid_login_credentials": "Adresse et mot de passe ne vont pas ensemble. Vérifiez les deux, ou "
    "réinitialisez.",
    "problem.user_disabled": "Ce compte est bloqué. Écrivez à l'exploitant du service.",
    "problem.too_many_attempts_try_later": "Trop d'essais. Attendez quelques minutes, ou réinitialisez le mot de "
    "passe.",
    "problem.operation_not_allowed": "Les comptes avec mot de passe sont désactivés dans ce projet. Son "
    "exploitant peut "
    "les activer.",
    "problem.not_verified": "L'adresse n'est pas encore vérifiée. Ouvrez le lien du courriel, puis réessayez.",
    "problem.home_name": "Donnez un nom au logement.",
    "problem.no_home": "Aucun logement n'est ouvert. Ouvrez-en un ou créez-en un d'abord.",
    "problem.hub_code": "Le code d'une passerelle a huit lettres et chiffres, par exemple K7QM-2XRD. Comparez "
    "avec elle.",
    "problem.meter_label": "Le code d'une étiquette ressemble à m-0123456789-ABCDEFGH. Comparez avec l'étiquette.",
    "problem.wrong_code": "Ce code est inconnu. Comparez avec la passerelle, ou recommencez sur elle.",
    "problem.expired": "Ce code a expiré. Recommencez sur la passerelle et saisissez le nouveau.",
    "problem.wrong_label": "Ce n'est pas le code d'un compteur. Comparez avec l'étiquette, lettre par lettre.",
    "problem.not_sighted": "Votre passerelle n'a pas entendu ce compteur récemment. Allumez-le près d'elle et "
    "réessayez.",
    "problem.claimed": "Ce compteur appartient à un autre logement. Son propriétaire doit d'abord le libérer.",
    "problem.owners_only": "Seul un propriétaire du logement peut le faire. Demandez à l'un d'eux.",
    "problem.members_only": "Un observateur peut regarder, pas modifier. Demandez à un propriétaire de devenir membre.",
    "problem.quota": "Vous avez atteint la limite de ce qu'un compte peut contenir.",
    "problem.try_later": "Trop d'essais. Attendez un moment avant de réessayer.",
    "problem.live_used_up": "Le temps en direct du jour est épuisé. Il revient demain ; les chiffres ci-dessous "
    "continuent.",
}
