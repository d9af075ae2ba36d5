"""Facts and answers by day, made of current state and of the exports' partitions."""
