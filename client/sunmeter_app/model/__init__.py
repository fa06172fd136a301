"""What the app knows, as frozen values read from Firestore documents. Pure: no I/O, no clock, no widgets."""
