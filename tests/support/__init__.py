"""What tests share: the services that stand in for others, databases, pictures, processes."""
