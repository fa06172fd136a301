"""`make deploy`: looks whether a Firebase project has what the cloud part needs, then deploys it, Firestore first."""
