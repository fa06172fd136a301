"""What is learnt of a home, what it makes of alerts, and why it was not learnt."""

EN = {
    "learning.days": "Learning what is usual here: {n} more days until unusual use is noticed. Faults of sensors and "
    "of the voltage are noticed already.",
    "learning.begins": "What is usual here is not learnt yet: {reason}",
    "learning.failed": "Last night brought no new model: {reason}",
    "learning.ready": "Learnt from {n} days, the last of them {date}.",
    "learning.why_no_meter": "the home has no meter.",
    "learning.why_nothing_measured": "nothing of the house was measured in the last 45 days. Look whether its "
    "meter is on.",
    "learning.why_nothing_varies": "the power of the house never changes. Look whether the clamps sit on their cables.",
    "learning.why_would_alarm_too_often": "it would have told too much in the last week, as when a household has just "
    "changed. The model of before goes on; it is tried again tonight.",
    "learning.why_would_miss_what_was_real": "it would have missed what you rated real. The model of before goes on.",
    "learning.why_internal": "training broke off. It is tried again tonight; the model of before goes on.",
    "learning.why_other": "it did not fit the meter. It is tried again tonight; the model of before goes on.",
    "learning.title": "How closely this home is watched",
    "learning.accept": "False alerts that you accept",
    "learning.accept_3": "At most 1 in three months",
    "learning.accept_12": "At most 1 a month",
    "learning.accept_48": "At most 4 a month",
    "learning.accept_why": "Fewer false alerts, and smaller excesses go untold. It holds from the next night on.",
    "learning.aims_lower": "Most of what was told was rated not real, so fewer are aimed at for now: {n} a year.",
    "learning.detects": "The smallest excess that an alert tells of here",
    "learning.detects_night_w": "For an hour at night",
    "learning.detects_day_w": "For an hour by day",
    "learning.detects_base_w": "Lasting, all around the clock",
    "learning.detects_none": "Told once a model is learnt.",
    "learning.above": "{power} above the usual",
    "learning.rated": "{real} of {n} alerts rated in the last {days} days were real.",
    "learning.unrated": "No alert was rated lately. Your ratings make the alerts better.",
    "learning.changed": "The household changed in the week up to {date}: {changes}. {outcome}",
    "learning.changed_learnt": "This is learnt.",
    "learning.changed_open": "This is not learnt yet.",
    "learning.change_high": "{channel} higher than usual",
    "learning.change_low": "{channel} lower than usual",
    "learning.went_back": "The meter was given the model of before the last one, since it tells less that is false.",
}

FR = {
    "learning.days": "Apprentissage des habitudes : encore {n} jours avant que l'inhabituel soit remarqué. Les défauts "
    "des capteurs et de la tension sont déjà remarqués.",
    "learning.begins": "Les habitudes ne sont pas encore apprises : {reason}",
    "learning.failed": "La nuit dernière n'a pas donné de nouveau modèle : {reason}",
    "learning.ready": "Appris sur {n} jours, le dernier étant le {date}.",
    "learning.why_no_meter": "le logement n'a pas de compteur.",
    "learning.why_nothing_measured": "rien de la maison n'a été mesuré ces 45 derniers jours. Vérifiez que le compteur "
    "est allumé.",
    "learning.why_nothing_varies": "la puissance de la maison ne change jamais. Vérifiez que les pinces sont sur leurs "
    "câbles.",
    "learning.why_would_alarm_too_often": "il aurait trop annoncé la semaine dernière, comme lorsqu'un foyer vient de "
    "changer. Le modèle d'avant continue ; nouvel essai cette nuit.",
    "learning.why_would_miss_what_was_real": "il aurait manqué ce que vous avez jugé réel. Le modèle d'avant continue.",
    "learning.why_internal": "l'apprentissage s'est interrompu. Nouvel essai cette nuit ; le modèle d'avant continue.",
    "learning.why_other": "il ne convenait pas au compteur. Nouvel essai cette nuit ; le modèle d'avant continue.",
    "learning.title": "Finesse de la surveillance du logement",
    "learning.accept": "Fausses alertes que vous acceptez",
    "learning.accept_3": "Au plus 1 en trois mois",
    "learning.accept_12": "Au plus 1 par mois",
    "learning.accept_48": "Au plus 4 par mois",
    "learning.accept_why": "Moins de fausses alertes, et de plus petits excès passent inaperçus. Valable dès la nuit "
    "prochaine.",
    "learning.aims_lower": "La plupart des alertes ont été jugées pas réelles : on en vise moins pour l'instant, {n} "
    "par an.",
    "learning.detects": "Le plus petit excès qu'une alerte annonce ici",
    "learning.detects_night_w": "Pendant une heure, la nuit",
    "learning.detects_day_w": "Pendant une heure, le jour",
    "learning.detects_base_w": "Durable, à toute heure",
    "learning.detects_none": "Annoncé une fois un modèle appris.",
    "learning.above": "{power} de plus que d'habitude",
    "learning.rated": "{real} des {n} alertes jugées ces {days} derniers jours étaient réelles.",
    "learning.unrated": "Aucune alerte n'a été jugée récemment. Vos avis améliorent les alertes.",
    "learning.changed": "Le foyer a changé la semaine jusqu'au {date} : {changes}. {outcome}",
    "learning.changed_learnt": "C'est appris.",
    "learning.changed_open": "Ce n'est pas encore appris.",
    "learning.change_high": "{channel} (plus haut que d'habitude)",
    "learning.change_low": "{channel} (plus bas que d'habitude)",
    "learning.went_back": "Le compteur a reçu le modèle d'avant le dernier, qui annonce moins de faux.",
}
