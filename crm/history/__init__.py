"""What happened with contacts and what is to be done about them: interactions, tasks, logging from anywhere."""
