"""What training makes for a home: an anomaly model for its meter, and a forecast.

Pure: numpy in, value objects out; no Firestore, no clock. Nothing here is imported by `main.py` at load.
"""
