"""What is kept so that it need not be asked for again: answers, and views of the configuration."""
