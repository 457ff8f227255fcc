"""The processes behind `ratify up`: which programs run, who restarts and stops them, and the local mail catcher."""
