"""What a developer runs: set-up, the local stack, the demo, and the checks. Nothing here is deployed."""
