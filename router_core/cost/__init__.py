"""What requests cost: the price book, and the guard that holds money before it is spent."""
