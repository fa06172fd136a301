"""The app's outside: accounts, callables and documents, each behind a small interface. No admin credential anywhere."""
