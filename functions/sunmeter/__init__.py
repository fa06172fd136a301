"""Sunmeter's cloud: judges and stores what hubs send, derives months and alerts, trains, and answers the app.

`domain/` decides and touches nothing outside itself; the modules beside it carry its decisions to Firestore,
Authentication, Cloud Tasks and FCM. `learning/` makes models and forecasts; `contract/` is copied from the root.
"""
