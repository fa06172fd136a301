"""The words of notifications, by language. Pure tables; `words` puts them together."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """One language. Titles have at most 50 characters, so that a phone shows them whole."""

    thousands: str
    decimal: str
    titles: dict[str, str]  # by kind
    facts: dict[str, str]  # by channel: what the meter's checks of its own sensors found, without a number
    whys: dict[str, str]  # by kind: what is said when there is no quantity
    quantities: dict[str, str]  # by channel, up to the figure
    usually: str
    ranges: dict[str, str]  # by channel, where "usually" is not the word
    test: str
    mail_since: str
    mail_until: str
    mail_stop: str
    invite_subject: str
    invite_who: str
    invite_how: str  # before the link
    invite_else: str


ENGLISH = Phrases(
    thousands=",",
    decimal=".",
    titles={
        "anomaly": "Unusual use of electricity",
        "overuse": "More electricity than expected",
        "hidden_load": "Something is drawing power unseen",
        "pv_low": "Solar power below expectation",
        "tamper": "The meter's sensors may have been changed",
        "sensor": "A sensor of the meter is not working",
        "sag": "Mains voltage is too low",
        "swell": "Mains voltage is too high",
        "interruption": "Mains power was interrupted",
        "health": "The meter needs attention",
        "silent": "The meter fell silent",
        "hub_silent": "The hub fell silent",
        "outage": "Power outage",
        "over_budget": "This month will exceed its budget",
        "calibration_due": "The meter should be calibrated",
    },
    facts={
        "v_flat": "the voltage input does not move",
        "v_frequency": "the mains has another frequency than configured",
        "grid_flat": "the clamp of the grid does not move",
        "grid_reversed": "the clamp of the grid sits the wrong way round",
        "pv_open": "the clamp of the panels hears nothing while they feed in",
        "pv_flat": "the clamp of the panels does not move",
        "pv_reversed": "the clamp of the panels sits the wrong way round",
        "clamps_swapped": "the two clamps sit in each other's place",
        "wrong_phase": "a clamp sits on another phase than the voltage input",
        "outage_suspected": "nothing is heard of the street. Probably the power is out, or the internet",
        "outage_refuted": "it was no power cut, as the meters show: they could not be reached",
    },
    whys={
        "tamper": "its readings do not fit how it was fitted. Look at the clamps.",
        "sensor": "a sensor repeats itself or hears nothing. Look at the clamps.",
        "interruption": "the mains was gone.",
        "health": "the meter reports a fault of its own.",
        "silent": "the meter cannot be heard. Check its power and Wi-Fi.",
        "hub_silent": "no sign of the hub. Check its power and internet; readings wait on the meter.",
        "outage": "the power is out in the street. It has been noticed.",
        "calibration_due": "a quarter of an hour with a kettle and a wattmeter keeps it right.",
    },
    quantities={
        "house_1m": "the house draws",
        "house_60m": "the house drew on average over an hour",
        "house_min_3h": "the house never drew less in three hours than",
        "house_min_24h": "the house never drew less in a day than",
        "house_mean_24h": "the house drew on average over a day",
        "excess_60m": "the house drew on average over an hour",
        "voltage_5m": "mains voltage",
        "voltage_10m": "mains voltage",
        "voltage_24h": "mains voltage over a day",
        "voltage_burst": "mains voltage",
        "voltage_wobble_10m": "mains voltage moves by",
        "power_factor_30m": "power factor",
        "reactive_60m": "reactive power",
        "switching_60m": "power changes from minute to minute by",
        "pv_of_envelope_3h": "solar power, of what this sun can give,",
        "house_below_zero": "the house seems to give power:",
        "pv_below_zero": "the panels seem to draw power:",
        "power_above_apparent": "more power than volts and amperes allow:",
        "day_energy": "used today so far",
        "day_pv": "solar energy of the day",
        "pv_trip": "the inverter switches off. Lost so far:",
        "pv_shading": "a new shade lies on the panels. Lost so far:",
        "pv_soiling": "the panels may be dirty. Lost so far:",
        "month_cost": "the month will probably cost",
    },
    usually="usually {lo} to {hi}",
    ranges={
        "day_energy": "expected {lo} to {hi}",
        "day_pv": "expected {lo} to {hi}",
        "month_cost": "planned {hi}",
        "pv_trip": "probably {lo} to {hi}",
        "pv_shading": "probably {lo} to {hi}",
        "pv_soiling": "probably {lo} to {hi}",
    },
    test="Notifications reach this device.",
    mail_since="Since {at}",
    mail_until="From {at} to {end}",
    mail_stop="You asked for mail about this kind of alert. Change that in the app, under Settings.",
    invite_subject="You are invited to {home}",
    invite_who="Somebody who lives in {home} invites you to follow its electricity with Sunmeter.",
    invite_how="Open this link within seven days, and sign in with this e-mail address:",
    invite_else="If you do not know who sent this, there is nothing to do: without you the link does nothing.",
)
FRENCH = Phrases(
    thousands="\u202f",
    decimal=",",
    titles={
        "anomaly": "Consommation inhabituelle",
        "overuse": "Consommation plus forte que prévu",
        "hidden_load": "Un appareil consomme sans se voir",
        "pv_low": "Production solaire plus faible que prévu",
        "tamper": "Les capteurs du compteur ont peut-être bougé",
        "sensor": "Un capteur du compteur ne marche pas",
        "sag": "Tension du réseau trop basse",
        "swell": "Tension du réseau trop haute",
        "interruption": "Coupure de courant",
        "health": "Le compteur demande votre attention",
        "silent": "Le compteur ne répond plus",
        "hub_silent": "Le hub ne répond plus",
        "outage": "Panne de courant",
        "over_budget": "Le budget du mois sera dépassé",
        "calibration_due": "Le compteur est à étalonner",
    },
    facts={
        "v_flat": "l'entrée de tension ne bouge plus",
        "v_frequency": "le réseau a une autre fréquence que celle réglée",
        "grid_flat": "la pince du réseau ne bouge plus",
        "grid_reversed": "la pince du réseau est posée à l'envers",
        "pv_open": "la pince des panneaux n'entend rien alors qu'ils injectent",
        "pv_flat": "la pince des panneaux ne bouge plus",
        "pv_reversed": "la pince des panneaux est posée à l'envers",
        "clamps_swapped": "les deux pinces sont échangées",
        "wrong_phase": "une pince est sur une autre phase que l'entrée de tension",
        "outage_suspected": "la rue ne répond plus. Sans doute une panne de courant, ou d'internet",
        "outage_refuted": "ce n'était pas une coupure, disent les compteurs : on ne pouvait pas les joindre",
    },
    whys={
        "tamper": "ses mesures ne vont plus avec sa pose. Vérifiez les pinces.",
        "sensor": "un capteur se répète ou n'entend rien. Vérifiez les pinces.",
        "interruption": "le courant a été coupé.",
        "health": "le compteur signale un défaut.",
        "silent": "le compteur ne s'entend plus. Vérifiez son alimentation et le Wi-Fi.",
        "hub_silent": "aucun signe du hub. Vérifiez son alimentation et internet ; le compteur garde ses mesures.",
        "outage": "le courant est coupé dans la rue. C'est signalé.",
        "calibration_due": "un quart d'heure avec une bouilloire et un wattmètre le garde juste.",
    },
    quantities={
        "house_1m": "la maison consomme",
        "house_60m": "la maison a consommé en moyenne sur une heure",
        "house_min_3h": "en trois heures, la maison n'est jamais descendue sous",
        "house_min_24h": "en un jour, la maison n'est jamais descendue sous",
        "house_mean_24h": "la maison a consommé en moyenne sur un jour",
        "excess_60m": "la maison a consommé en moyenne sur une heure",
        "voltage_5m": "tension du réseau",
        "voltage_10m": "tension du réseau",
        "voltage_24h": "tension du réseau sur un jour",
        "voltage_burst": "tension du réseau",
        "voltage_wobble_10m": "la tension du réseau varie de",
        "power_factor_30m": "facteur de puissance",
        "reactive_60m": "puissance réactive",
        "switching_60m": "d'une minute à l'autre, la puissance varie de",
        "pv_of_envelope_3h": "production solaire, de ce que ce soleil permet,",
        "house_below_zero": "la maison semble fournir du courant :",
        "pv_below_zero": "les panneaux semblent consommer :",
        "power_above_apparent": "plus de puissance que volts et ampères ne permettent :",
        "day_energy": "consommé aujourd'hui jusqu'ici",
        "day_pv": "énergie solaire du jour",
        "pv_trip": "l'onduleur se coupe. Perdu jusqu'ici :",
        "pv_shading": "ombre nouvelle sur les panneaux. Perdu :",
        "pv_soiling": "panneaux peut-être sales. Perdu :",
        "month_cost": "le mois coûtera sans doute",
    },
    usually="d'habitude de {lo} à {hi}",
    ranges={
        "day_energy": "attendu de {lo} à {hi}",
        "day_pv": "attendu de {lo} à {hi}",
        "month_cost": "prévu {hi}",
        "pv_trip": "sans doute de {lo} à {hi}",
        "pv_shading": "sans doute de {lo} à {hi}",
        "pv_soiling": "sans doute de {lo} à {hi}",
    },
    test="Les notifications arrivent sur cet appareil.",
    mail_since="Depuis le {at}",
    mail_until="Du {at} au {end}",
    mail_stop="Vous avez demandé un courriel pour ce type d'alerte. Cela se change dans l'application, sous Réglages.",
    invite_subject="Invitation : {home}",
    invite_who="Quelqu'un de {home} vous invite à en suivre l'électricité avec Sunmeter.",
    invite_how="Ouvrez ce lien dans les sept jours, et connectez-vous avec cette adresse :",
    invite_else="Si vous ne savez pas qui vous écrit, il n'y a rien à faire : sans vous, ce lien ne fait rien.",
)
BY_LANGUAGE = {"en": ENGLISH, "fr": FRENCH}
