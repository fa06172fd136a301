"""What a person does in the app, topic by topic: each verb becomes calls and state. No widgets."""
