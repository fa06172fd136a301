"""What is seen: components that take state and speak to a visit. They know no HTTP and decide nothing about energy."""
